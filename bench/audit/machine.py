"""What the machine does to a plain loop that meets no database: a virtual machine's host can hold it up unseen.

Percentiles of waiting can't be better than that, and in a loaded moment what was held up also has to be made up for.
"""

import itertools
import statistics
import time
from collections.abc import Sequence

# A loop of about a millisecond, on data that stay in the processor's own memory.
STEPS = 20_000


def held_up(seconds: float) -> float:
    """Return the part of the time in which the loop took more than twice its median, from 0 to 1."""
    return beyond_twice([_loop() for _ in _until(seconds)])


def beyond_twice(took: Sequence[float]) -> float:
    """Return which part of all this time lies in turns of more than twice the median."""
    most = 2 * statistics.median(took)
    return sum(time for time in took if time > most) / sum(took)


def _until(seconds: float) -> "itertools.takewhile[int]":
    end = time.monotonic() + seconds
    return itertools.takewhile(lambda _: time.monotonic() < end, itertools.count())


def _loop() -> float:
    begun = time.perf_counter()
    sum(range(STEPS))
    return time.perf_counter() - begun
