"""What the log says of one case, the earliest first."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from audit.kinds import KINDS
from audit.models import EntryQuerySet
from audit.selectors import Filters, Line, entries

LOOKS = frozenset({"viewed", "read", "revealed", "recovered", "capped", "downloaded"})
SEARCHES = frozenset({"probe", "search", "reference", "person", "gallery", "encoder"})
# In the order in which they are offered: value, and what it is called.
WHAT = (
    ("photographs", "Photographs and faces"),
    ("searches", "Searches"),
    ("reviewing", "Reviewing"),
    ("views", "Who looked"),
)


@dataclass(frozen=True)
class Day:
    """What happened on one day."""

    day: date
    lines: list[Line]


def what_of(kind: str) -> str:
    """Return under which of WHAT a kind falls; a look at something is one whatever it was at."""
    app, thing, happening = kind.partition("/")[0].split(":")
    if happening in LOOKS or app == "audit":
        return "views"
    if app == "review":
        return "reviewing"
    return "searches" if thing in SEARCHES else "photographs"


def entries_of_case(viewer: User, case: str, what: str) -> EntryQuerySet:
    """Return what the viewer may read of a case in the order of the log, those that wait for their place last."""
    found = entries(viewer, Filters(case=case))
    if what:
        found = found.filter(kind__in=[name for name in KINDS if what_of(name) == what])
    return found.order_by(F("place__index").asc(nulls_last=True), "id")


def by_day(lines: list[Line]) -> list[Day]:
    """Group lines by day, in their order: a clock that went back gives a day twice, and isn't hidden."""
    days = groupby(lines, key=lambda line: timezone.localdate(line.entry.recorded_at))
    return [Day(day, list(of_day)) for day, of_day in days]
