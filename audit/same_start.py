"""A web server is several processes, begun one after another and anew when one ends; its start goes on record once.

Where they are begun anew with other settings or as another version (`kill -HUP` has a server read both again), that is
another start.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from filelock import FileLock

logger = logging.getLogger(__name__)


@contextmanager
def first_of_siblings(service: str, start: str) -> Iterator[bool]:
    """Yield whether no process with the same parent has recorded this start; remember it once the block went well.

    `start` says what was started: settings and version. Where the parent can't be told, or nothing can be kept, every
    start is a first one.
    """
    parent = _parent_that_forked_me()
    kept, mark = settings.VAR_DIR / f"started-{service.replace(' ', '-')}", f"{parent} {start}"
    lock = FileLock(kept.with_suffix(".lock"))
    if parent is None or not _locked(lock):
        yield True
        return
    try:
        first = _read(kept) != mark
        yield first
        if first:  # only now: a start whose entry couldn't be written is recorded by the next process
            _remember(kept, mark)
    finally:
        lock.release()


def _locked(lock: FileLock) -> bool:
    try:
        lock.acquire()
    except OSError as problem:
        logger.warning("Each process records its start, for %s can't be locked: %s", lock.lock_file, problem)
        return False
    return True


def _read(kept: Path) -> str:
    try:
        return kept.read_text()
    except OSError:
        return ""


def _remember(kept: Path, mark: str) -> None:
    try:
        kept.write_text(mark)
    except OSError as problem:
        logger.warning("Each process records its start, for %s can't be written: %s", kept, problem)


def _parent_that_forked_me() -> str | None:
    """Name the parent, by its number and when it was started, if it runs the same command as this process.

    Where it doesn't, it is a shell or a service manager, which may start Countersign many times.
    """
    parent, own = Path(f"/proc/{os.getppid()}"), Path("/proc/self")
    try:
        if (parent / "cmdline").read_bytes() != (own / "cmdline").read_bytes():
            return None
        began = (parent / "stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None
    return f"{parent.name} {began}"
