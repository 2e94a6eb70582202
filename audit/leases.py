"""Leases: who takes a piece of work up holds it for a while, and again with each sign of life; else the next takes it.

A row is held while its state is "running" and its `lease` the one that was drawn when it was taken. Nothing is locked
meanwhile: whoever was overtaken learns of it at the next change, which isn't made.
"""

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils import timezone

if TYPE_CHECKING:
    from audit.models import Export, Verification

RUNNING = "running"


class LeaseLost(Exception):
    """Somebody else has taken this piece of work up."""


def at_work() -> Q:
    """Those that somebody holds."""
    return Q(state=RUNNING, leased_until__gte=timezone.now())


def left() -> Q:
    """Those that were begun and that nobody holds: they were let go, or their worker fell silent."""
    return Q(state=RUNNING) & (Q(leased_until=None) | Q(leased_until__lt=timezone.now()))


def take(free: "QuerySet[Any]", pk: object, time: timedelta, **changes: Any) -> uuid.UUID | None:
    """Take one of the rows that are free; return the lease, or None where it isn't among them any more."""
    lease = uuid.uuid4()
    until = timezone.now() + time
    return lease if free.filter(pk=pk).update(state=RUNNING, lease=lease, leased_until=until, **changes) else None


def keep(row: "Export | Verification", time: timedelta, **changes: Any) -> None:
    """Hold it for as long again, and write down how far it came; LeaseLost where somebody else has taken it."""
    change(row, leased_until=timezone.now() + time, **changes)


def change(row: "Export | Verification", **changes: Any) -> None:
    """Change a row while it is held; LeaseLost where somebody else has taken it."""
    rows: QuerySet[Any] = type(row).objects.all()
    if rows.filter(pk=row.pk, state=RUNNING, lease=row.lease).update(**changes) != 1:
        raise LeaseLost("Somebody else has taken this up.")
