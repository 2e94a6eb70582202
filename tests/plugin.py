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
def pytest_load_initial_conftests() -> None:
    var = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="countersign-", ignore_cleanup_errors=True)))
    os.environ["VAR_DIR"] = str(var)
    (var / "static").mkdir()  # WhiteNoise warns where it is missing
    from config.embedded import servers

    os.environ.update(_stack.enter_context(servers(var)))
    # Tests make tables, so they connect as the owner; what the web's role may do has tests of its own.
    os.environ["APP_DATABASE_URL"] = os.environ["DATABASE_URL"]
    os.environ["DATABASE_URL"] = os.environ.get("OWNER_DATABASE_URL", os.environ["DATABASE_URL"])


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
