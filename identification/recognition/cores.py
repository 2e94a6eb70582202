"""How many cores this process may use: what processes times threads are shared out of."""

import os
from pathlib import Path


def cores() -> int:
    """Return how many cores this process may use: those that it is bound to, and no more than its container's share."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, _cores_of_the_container(Path("/sys/fs/cgroup/cpu.max")) or usable))


def _cores_of_the_container(limit: Path) -> int | None:
    """Read control group 2's "quota period" in microseconds; None without a limit, or on another system."""
    try:
        quota, period = limit.read_text().split()
        return round(int(quota) / int(period))
    except (OSError, ValueError):
        return None
