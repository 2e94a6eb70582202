"""The bundled servers: one set for a folder, whoever asks first, and none left behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.stack import wait_until

pytestmark = pytest.mark.slow  # servers are started, and killed

ASK = "import os, redis; r = redis.Redis.from_url(os.environ['REDIS_URL']); print(r.info('server')['run_id'])"
SLEEP = ["sleep", "600"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment that names no server, with a folder of its own."""
    ours = {"DATABASE_URL", "OWNER_DATABASE_URL", "SEQUENCER_DATABASE_URL", "REDIS_URL", "SECRET_KEY"}
    return {key: value for key, value in os.environ.items() if key not in ours} | {"VAR_DIR": str(tmp_path / "var")}


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "config.embedded", *SLEEP], env=environment, start_new_session=True, text=True
    ) as command:
        file = Path(environment["VAR_DIR"]) / "servers.env"
        until = time.monotonic() + 60
        while not file.exists():
            assert command.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        yield command
        command.terminate()


def ask(environment: dict[str, str]) -> str:
    command = [sys.executable, "-m", "config.embedded", sys.executable, "-c", ASK]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def servers_of(environment: dict[str, str]) -> list[str]:
    """What runs with this folder: PostgreSQL names it, Valkey runs in it."""
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if environment["VAR_DIR"] in line:
            found.append(line)
    return found


def test_a_second_command_uses_the_servers_that_run(environment) -> None:
    with serving(environment):
        first, second = ask(environment), ask(environment)
    assert first == second
    assert not servers_of(environment)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGHUP], ids=["terminated", "terminal closed"])
def test_a_stop_reaches_the_command_and_then_the_servers(environment, stop) -> None:
    with serving(environment) as command:
        child = psutil.Process(command.pid).children(recursive=True)
        command.send_signal(stop)
        assert command.wait(60) == 128 + signal.SIGTERM
    assert not [process for process in child if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert not servers_of(environment)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells children of their parent's death")
def test_after_a_kill_the_next_command_finds_its_way(environment) -> None:
    with serving(environment) as command:
        command.kill()
    first = ask(environment)
    assert first
    assert not servers_of(environment)
    assert ask(environment) != first


def _catches(pid: int, number: signal.Signals) -> bool:
    caught = re.search(r"SigCgt:\s*([0-9a-f]+)", Path(f"/proc/{pid}/status").read_text())
    return bool(caught and int(caught[1], 16) >> (number - 1) & 1)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells which signals a process catches")
def test_a_stop_during_the_start_waits_until_the_servers_can_be_stopped(environment) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "config.embedded", *SLEEP], env=environment, start_new_session=True
    ) as command:
        wait_until(lambda: _catches(command.pid, signal.SIGTERM), seconds=60, what="the start has begun")
        command.terminate()
        assert command.wait(60) == 128 + signal.SIGTERM
    assert not servers_of(environment)
    assert ask(environment)
