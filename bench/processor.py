"""How much processor time each part takes.

Unlike seconds on the clock it depends little on what else the machine does, and it says where the time goes that the
bare loop doesn't need.
"""

import multiprocessing
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import redis
from django.conf import settings

from config.processes import Processes


def of_the_loop() -> dict[str, float]:
    """Processor seconds that the bare loop's processes have taken so far."""
    children = [process.pid for process in multiprocessing.active_children() if process.pid]
    return {"loop": sum(_with_descendants(pid) for pid in children)}


def of_the_pipeline(processes: Processes) -> dict[str, float]:
    """Processor seconds that each part of the pipeline has taken so far."""
    spent = {one.name: _with_descendants(one.process.pid) for one in processes.watched}
    return spent | {"database": _with_descendants(_postmaster()), "queue": _of_valkey()}


def between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return what was taken from one reading to the next."""
    return {name: after[name] - before[name] for name in after}


def _with_descendants(pid: int) -> float:
    """A process, those that it has started, and those of them that have ended."""
    process = psutil.Process(pid)
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _postmaster() -> int:
    """The process of the database, which notes its number in the first line of this file."""
    return int(Path(settings.VAR_DIR, "postgres", "postmaster.pid").read_text().split()[0])


def _of_valkey() -> float:
    said = redis.Redis.from_url(settings.REDIS_URL).info("cpu")
    return float(said["used_cpu_user"]) + float(said["used_cpu_sys"])
