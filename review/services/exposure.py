"""Pictures of the deceased are shown only when asked for, and only so many a day: looking at them does harm.

Blurring or greying them was found not to help (Lewitzka 2026), so they are shown as they are, after a step.
"""

from datetime import date
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Model, Q
from django.utils import timezone

from accounts.models import User
from accounts.policies import is_adjudicator, is_reviewer
from audit.services import record
from identification.models import Purpose
from review import policies
from review.errors import ReviewError
from review.models import Assignment, Exposure, Review
from review.policies import require
from review.services.leases import keep_place

# What waits behind a step, as a filter of reviews and as a question about one.
NEEDS_REVEAL = Q(case__purpose=Purpose.DECEASED)
FACE, PHOTOGRAPH = Exposure.Variant.FACE, Exposure.Variant.PHOTOGRAPH


class ExposureCapped(ReviewError):
    """The day's limit is reached."""

    def __init__(self) -> None:
        super().__init__(
            f"You have looked at {settings.EXPOSURE_CAP_PER_DAY} pictures of the deceased today, which is the most in "
            "one day. Your work here is kept: go on tomorrow, or give the review back. Reviews of other purposes stay "
            "open to you."
        )


def needs_reveal(review: Review) -> bool:
    """Whether pictures of this review's photograph open behind a step: those of the deceased."""
    return review.case.purpose == Purpose.DECEASED


def is_shown(viewer: User, assignment: Assignment, variant: str) -> bool:
    """Whether this picture may be sent to the viewer now: no step is needed, or it was taken before."""
    if not needs_reveal(assignment.review):
        return True
    face_id = assignment.review.probe.face_id
    return Exposure.objects.filter(viewer=viewer, face=face_id, variant=variant).exists()


def shown_today(viewer: User) -> int:
    """Return how many pictures of the deceased somebody has had shown to them today."""
    return Exposure.objects.filter(viewer=viewer, day=_today()).count()


def is_capped(viewer: User) -> bool:
    """Whether the day's limit is reached."""
    return shown_today(viewer) >= settings.EXPOSURE_CAP_PER_DAY


@transaction.atomic
def reveal(*, actor: User, assignment: Assignment, variant: str) -> Exposure | None:
    """Count a picture and let it be shown; None where it is shown already. ExposureCapped beyond the day's limit."""
    require(policies.is_theirs(actor, assignment), "This review is somebody else's.")
    keep_place(assignment)
    _hold(actor)
    if is_shown(actor, assignment, variant):
        return None
    exposure = _next_picture(actor, assignment.review.probe.face_id, variant)
    _record(actor, assignment, assignment.review, exposure)
    return exposure


@transaction.atomic
def count_face(*, viewer: User, review: Review) -> None:
    """Count the face that a report shows to somebody who reviews, like any other; ExposureCapped beyond the limit."""
    judges = is_reviewer(viewer) or is_adjudicator(viewer)
    if not (judges and needs_reveal(review)):
        return
    _hold(viewer)
    if Exposure.objects.filter(viewer=viewer, face=review.probe.face_id, variant=FACE).exists():
        return
    exposure = _next_picture(viewer, review.probe.face_id, FACE)
    _record(viewer, review, review, exposure)


def _hold(viewer: User) -> None:
    """Hold the person's row, so that two windows count one after the other."""
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=viewer.pk)


def _next_picture(viewer: User, face_id: UUID, variant: str) -> Exposure:
    number = shown_today(viewer) + 1
    if number > settings.EXPOSURE_CAP_PER_DAY:
        raise ExposureCapped
    return Exposure.objects.create(viewer=viewer, number=number, face_id=face_id, variant=variant, day=_today())


def _record(viewer: User, subject: Model, review: Review, exposure: Exposure) -> None:
    record(
        kind="review:image:revealed/1",
        actor=viewer,
        subject=subject,
        agency=review.case.agency,
        purpose=review.case.purpose,
        payload={"variant": exposure.variant, "number": exposure.number, "review": str(review.pk)},
    )
    if exposure.number == settings.EXPOSURE_CAP_PER_DAY:
        record(kind="review:exposure:capped/1", actor=viewer, subject=viewer, payload={"cap": exposure.number})


def _today() -> date:
    return timezone.localdate()
