"""How much memory the worker's processes hold."""

import psutil

from bench.figures import Resident

# What a process holds beyond the one that it was forked from, once it has loaded its models.
LOADED_BYTES = 150_000_000


def worker_processes(worker: int) -> list[Resident]:
    """Return the processes that do a worker's work, the worker itself not among them."""
    return sorted((_resident(child) for child in psutil.Process(worker).children()), key=lambda one: one.pid)


def have_loaded(worker: int, *, processes: int) -> bool:
    """Whether each of a worker's processes holds its models."""
    beyond = psutil.Process(worker).memory_info().rss + LOADED_BYTES
    there = worker_processes(worker)
    return len(there) == processes and all(one.rss > beyond for one in there)


def _resident(process: psutil.Process) -> Resident:
    memory = process.memory_full_info()
    # Linux alone tells the share of memory that several processes use together.
    return Resident(process.pid, memory.rss, getattr(memory, "pss", None))
