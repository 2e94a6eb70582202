"""Start PostgreSQL and Valkey before Django reads its settings, and stop them after the last test.

Named with -p in pyproject.toml, because pytest-django reads the settings before any conftest.py.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

_stack = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    var = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="countersign-", ignore_cleanup_errors=True)))
    os.environ["VAR_DIR"] = str(var)
    (var / "static").mkdir()  # WhiteNoise warns where it is missing
    if not _only_hands_out(early_config):
        _share_the_cores()
        _start(var)


def _only_hands_out(config: pytest.Config) -> bool:
    """Whether this process (pytest -n) runs no test itself: each that does has servers of its own."""
    return bool(getattr(config.known_args_namespace, "numprocesses", None)) and "PYTEST_XDIST_WORKER" not in os.environ


def _share_the_cores() -> None:
    """Let the libraries of models take no more threads than are left for each process of tests."""
    if beside := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) - 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // (beside + 1))))


def _start(var: Path) -> None:
    from config.embedded import servers

    bundled = "DATABASE_URL" not in os.environ
    os.environ.update(_stack.enter_context(servers(var)))
    if bundled:
        _without_waiting_for_the_disk(os.environ["DATABASE_URL"])
    # Tests make tables, so they connect as the owner; what the web's role may do has tests of its own.
    os.environ["APP_DATABASE_URL"] = os.environ["DATABASE_URL"]
    os.environ["DATABASE_URL"] = os.environ.get("OWNER_DATABASE_URL", os.environ["DATABASE_URL"])


def _without_waiting_for_the_disk(url: str) -> None:
    """These data need not outlive a machine that loses its power; what is committed outlives a killed process still."""
    import psycopg

    with psycopg.connect(url, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Stop them before a process of pytest -n says that it is done: it is given ten seconds then."""
    _stack.close()


def pytest_unconfigure() -> None:
    _stack.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say plainly at the end which browser tests were left out, and what would bring them in."""
    left_out = [r.nodeid for r in terminalreporter.stats.get("skipped", []) if "browser" in str(r.longrepr)]
    if left_out:
        terminalreporter.write_sep("=", f"{len(left_out)} browser tests were left out: no Chromium was found", red=True)
        for name in left_out:
            terminalreporter.write_line(f"  {name}")
        terminalreporter.write_line("Install it (Debian: apt-get install chromium) and run the tests again.")
