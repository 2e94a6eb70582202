"""A web server is several processes, begun one after another and anew when one ends; its start goes on record once."""

import os
from pathlib import Path

from django.conf import settings
from filelock import FileLock


def recorded_by_a_sibling(service: str) -> bool:
    """Whether a process with the same parent has been here before; False where that can't be told."""
    if (parent := _parent_that_forked_me()) is None:
        return False
    kept = settings.VAR_DIR / f"started-{service.replace(' ', '-')}"
    try:
        with FileLock(kept.with_suffix(".lock")):
            if kept.exists() and kept.read_text() == parent:
                return True
            kept.write_text(parent)
    except OSError:
        pass
    return False


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
