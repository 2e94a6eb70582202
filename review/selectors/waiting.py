"""What somebody finds when they come to work: how much waits, what they have begun, what they signed."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from review.models import Assessment, Assignment, Draft, Part, ReviewState
from review.selectors import assignments
from review.services.exposure import is_capped
from review.services.queue import STATE_FOR, held_back_from, parts_of, reached_by, waiting_for

MOST_LISTED = 10


@dataclass(frozen=True)
class Queue:
    """What waits for a person, without telling which; `held_back` waits too, beyond the day's limit of pictures."""

    waiting: int
    oldest: datetime | None
    held: Assignment | None
    drafts: list[Assignment]
    signed: list[Assessment]
    signed_today: int
    cap: int | None
    held_back: int


def queue_of(viewer: User) -> Queue:
    """Return how much waits for the viewer, what they hold or have begun, and what they signed last."""
    counted = [_count(viewer, part) for part in parts_of(viewer)]
    signed = viewer.assessments.select_related("review__case__agency").order_by("-signed_at")
    capped = is_capped(viewer)
    return Queue(
        waiting=sum(number for number, _ in counted),
        oldest=min((oldest for _, oldest in counted if oldest), default=None),
        held=assignments(viewer).filter(state=Assignment.State.OPEN).first(),
        drafts=list(_begun(viewer)[:MOST_LISTED]),
        signed=list(signed[:MOST_LISTED]),
        signed_today=signed.filter(signed_at__date=timezone.localdate()).count(),
        cap=settings.EXPOSURE_CAP_PER_DAY if capped else None,
        held_back=held_back_from(viewer) if capped else 0,
    )


def _count(viewer: User, part: Part) -> tuple[int, datetime | None]:
    found = waiting_for(viewer, part).order_by().aggregate(number=Count("pk"), oldest=Min("opened_at"))
    return found["number"], found["oldest"]


def _begun(viewer: User) -> QuerySet[Assignment]:
    """Lapsed places in reviews that still wait for the part, with something recorded or drafted in them."""
    kept = Q(analysed_at__isnull=False) | Q(Exists(Draft.objects.filter(assignment=OuterRef("pk"))))
    waits = Q(part=Part.REVIEWER, review__state=ReviewState.OPEN) | Q(
        part=Part.ADJUDICATOR, review__state=STATE_FOR[Part.ADJUDICATOR]
    )
    lapsed = assignments(viewer).filter(kept, waits, reached_by(viewer, "review__"), state=Assignment.State.LAPSED)
    return lapsed.order_by("-leased_until")
