"""Where the log as a whole stands: verified how far, signed how far, and whether the sequencer is at work."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Max
from django.db.models.functions import TruncDate
from django.utils import timezone

from audit.checkpoints import newest_checkpoint, request_waits
from audit.models import Checkpoint, Entry, TreeState, Verification

# The sequencer says every few seconds that it is there.
AWAY_AFTER = timedelta(seconds=60)
GROWTH_DAYS = 30


@dataclass(frozen=True)
class Standing:
    """Where the log stands; None and empty where nothing is known yet."""

    verified: Verification | None
    verifying: Verification | None
    newest: Checkpoint | None
    state: TreeState
    asked: bool
    # Since when the first entry waits that should have been signed by now, whyever it wasn't.
    overdue_since: datetime | None = None

    @property
    def last_verified(self) -> int | None:
        """The place of the last entry that the last finished verification reached."""
        return self.verified.size - 1 if self.verified and self.verified.size else None

    @property
    def halted(self) -> str:
        """Why nothing is signed until an operator has it go on, in a sentence; empty while that isn't so."""
        return self.state.halted

    @property
    def stopped(self) -> str:
        """Why nothing is signed any more, in a sentence that says what to do; empty while all is well."""
        return self.state.stopped

    @property
    def away(self) -> bool:
        """Whether the sequencer wasn't seen lately."""
        return self.state.seen_at is None or self.state.seen_at < timezone.now() - AWAY_AFTER

    @property
    def unsigned(self) -> int:
        """How many entries have their place and no checkpoint over it yet."""
        return self.state.size - (self.newest.size if self.newest else 0)

    @property
    def due_at(self) -> datetime | None:
        """When the next checkpoint is due; None where that can't be said."""
        if self.newest is None or self.away or self.stopped or self.overdue_since:
            return None
        return max(timezone.now(), self.newest.signed_at + timedelta(seconds=settings.AUDIT_CHECKPOINT_SECONDS))


def standing() -> Standing:
    """Return where the log stands now."""
    of_all = Verification.objects.order_by("-id").select_related("asked_by")
    newest, state = newest_checkpoint(), TreeState.objects.first() or TreeState()
    return Standing(
        verified=of_all.exclude(state=Verification.State.RUNNING).first(),
        verifying=of_all.filter(state=Verification.State.RUNNING).first(),
        newest=newest,
        state=state,
        asked=request_waits(),
        overdue_since=_overdue_since(newest, state.size),
    )


def _overdue_since(newest: Checkpoint | None, size: int) -> datetime | None:
    """Return when the first entry was written that has its place and isn't signed, if that was too long ago.

    Where something was signed since, all is well: it was written in a transaction that took as long.
    """
    late = timezone.now() - timedelta(seconds=settings.AUDIT_CHECKPOINT_SECONDS) - AWAY_AFTER
    signed = newest.size if newest else 0
    if signed >= size or (newest and newest.signed_at >= late):
        return None
    first = Entry.objects.filter(place__index=signed, recorded_at__lt=late)
    return first.values_list("recorded_at", flat=True).first()


@dataclass(frozen=True)
class Growth:
    """By how many entries the log grew on one day, as its checkpoints say."""

    day: date
    entries: int


def growth(days: int = GROWTH_DAYS) -> list[Growth]:
    """Return how the log grew on each of the last days, today included; a day without a checkpoint grew by none."""
    today = timezone.localdate()
    first = today - timedelta(days=days - 1)
    size = Checkpoint.objects.filter(signed_at__date__lt=first).aggregate(last=Max("size"))["last"] or 0
    rows = Checkpoint.objects.filter(signed_at__date__gte=first).annotate(day=TruncDate("signed_at"))
    sizes = dict(rows.values("day").annotate(last=Max("size")).values_list("day", "last"))
    grown = []
    for day in (first + timedelta(days=number) for number in range(days)):
        now = sizes.get(day, size)
        grown.append(Growth(day, now - size))
        size = now
    return grown
