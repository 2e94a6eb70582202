"""The web server, the workers, the scheduler and the sequencer as processes of their own, watched over by one.

When one of them ends, so do all; when the watching process ends, however that happens, so do they.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from config.parent import die_with_parent

STOP_WITHIN_SECONDS = 15


class ProcessEnded(Exception):
    """A process that should go on has ended."""


@dataclass(frozen=True)
class Watched:
    """One running process and where it writes what it says."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise ProcessEnded, with the last words, when it has ended."""
        status = self.process.poll()
        if status is None:
            return
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        last_words = "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])
        raise ProcessEnded(f"The {self.name} has ended ({how}). Its last lines, from {self.log}:\n{last_words}")

    def stop(self) -> None:
        """Ask it to end, and end it when it doesn't."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True)
class Processes:
    """All of them."""

    watched: tuple[Watched, ...]

    def check(self) -> None:
        """Raise ProcessEnded when one has ended."""
        for watched in self.watched:
            watched.check()

    def watch(self) -> None:
        """Wait until one has ended, and raise ProcessEnded."""
        while True:
            self.check()
            time.sleep(0.5)

    def wait_for_web(self, address: str, *, seconds: float = 180) -> None:
        """Wait until the web server answers; ProcessEnded when it doesn't in time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check()
            try:
                urlopen(address, timeout=2).close()  # noqa: S310  (an address of ours)
            except HTTPError:
                return
            except (URLError, OSError):
                time.sleep(0.1)
            else:
                return
        raise ProcessEnded(f"The web server doesn't answer at {address}.")


def commands(port: int, *, concurrency: int) -> dict[str, list[str]]:
    """Return what runs, by name."""
    celery = [sys.executable, "-m", "celery", "--app", "config.celery"]
    return {
        "web server": [
            sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2",
            "--threads", "4", "--timeout", "60", "--access-logfile", "-", "--no-control-socket",
        ],
        "worker": [*celery, "worker", "--concurrency", str(concurrency), "--loglevel", "INFO", "--without-gossip"],
        "exporter": [
            *celery, "worker", "--queues", "exports", "--concurrency", "1", "--hostname", "exports@%h",
            "--loglevel", "INFO", "--without-gossip",
        ],
        "scheduler": [*celery, "beat", "--loglevel", "INFO", "--pidfile="],
        "sequencer": [sys.executable, "manage.py", "audit", "sequence"],
    }  # fmt: skip


@contextmanager
def running(named: Mapping[str, list[str]], *, logs: Path, environment: Mapping[str, str]) -> Iterator[Processes]:
    """Run the commands until the block ends, then stop them all."""
    logs.mkdir(parents=True, exist_ok=True)
    started: list[Watched] = []
    try:
        for name, command in named.items():
            log = logs / f"{name.replace(' ', '-')}.log"
            with log.open("wb") as out:
                started.append(Watched(name, _start(command, out, environment), log))
        yield Processes(tuple(started))
    finally:
        for watched in reversed(started):
            if watched.process.poll() is None:
                watched.process.terminate()
        for watched in reversed(started):
            watched.stop()


def _start(command: list[str], out: IO[bytes], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603  (commands of ours)
        command,
        stdout=out,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env=os.environ | dict(environment),
        # Ctrl-C goes to the watching process alone, which stops the others in order.
        preexec_fn=_apart,  # noqa: PLW1509  (nothing here has threads)
    )


def _apart() -> None:
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()
