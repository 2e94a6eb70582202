"""How long a worker leaves a witness alone: after it couldn't hand over, and after it did.

Each process remembers that for itself. The rows of deliveries aren't asked: whoever signs in as the web adds such rows,
and a few of them would put off every delivery. A worker that begins anew, or that hasn't tried yet, tries once more.
"""

import time
from dataclasses import dataclass
from datetime import timedelta

from audit.witnesses.configured import Witness

# A little less than the minute between two looks, so that the next look finds it due.
FIRST_PAUSE = timedelta(seconds=50)
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True)
class Last:
    """When this process last tried, by a clock that nobody sets, and how often it has failed since it succeeded."""

    at: float
    failures: int


_last: dict[str, Last] = {}


def failed(witness: Witness) -> None:
    """Remember that nothing could be handed over."""
    before = _last.get(witness.name)
    _last[witness.name] = Last(time.monotonic(), (before.failures if before else 0) + 1)


def succeeded(witness: Witness) -> None:
    """Remember that a checkpoint was handed over."""
    _last[witness.name] = Last(time.monotonic(), 0)


def left_alone(witness: Witness) -> bool:
    """Whether this process leaves a witness alone at this moment."""
    last = _last.get(witness.name)
    return last is not None and time.monotonic() - last.at < _pause(witness, last.failures).total_seconds()


def _pause(witness: Witness, failures: int) -> timedelta:
    if not failures:
        return timedelta(seconds=witness.every)
    return min(FIRST_PAUSE * (1 << min(failures - 1, 10)), LONGEST_PAUSE)


def forget() -> None:
    """Know of no attempt, as a worker that begins."""
    _last.clear()
