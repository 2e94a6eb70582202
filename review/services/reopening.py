"""An ended review is opened anew: on new evidence, or because a reference that its conclusion rests on was withdrawn.

Nothing is overwritten. The old review stays as it is and stays readable; what the new search proposes gets a review
that refers to it, and until that one ends the case stands where the old one left it.
"""

import hashlib

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from audit.services import record
from identification.models import Face, Reference
from identification.services.probes import owe_search
from review import policies
from review.corrected import ENDED
from review.errors import ReviewError
from review.models import Reopening, Review, ReviewState
from review.policies import require


class NotReopened(ReviewError):
    """This review can't be opened anew."""


@transaction.atomic
def reopen_review(*, actor: User, review: Review, reason: str) -> Reopening:
    """Open an ended review anew because something is new; once, and only the latest of its face."""
    require(policies.can_reopen(actor, review), "Reopening needs the intake role in the case's agency.")
    if not reason.strip():
        raise NotReopened("Say in a sentence what is new.")
    held = _held(review)
    if held.state not in ENDED:
        raise NotReopened("Only a review that has ended can be reopened.")
    if Reopening.objects.filter(review=held).exists() or _later_ones(held):
        raise NotReopened("This review has been reopened already; the newer one goes on from it.")
    if not Face.objects.standing().filter(pk=held.probe.face_id).exists():
        raise NotReopened("The face of this review was corrected since; the corrected face has a review of its own.")
    return _reopen(actor, held, Reopening.Cause.NEW_EVIDENCE, reason.strip())


@transaction.atomic
def reopen_resting_on(*, actor: User, reference: Reference) -> list[Reopening]:
    """Reopen every conclusion that names a withdrawn reference's person and had it in its evidence.

    The caller has withdrawn the unfinished reviews first, and so has waited for whoever was concluding one.
    """
    resting = Review.objects.filter(
        Q(evidence__contains=str(reference.pk)) | Q(evidence="", search__candidates__reference=reference),
        state=ReviewState.CONCLUDED,
        conclusion__person=reference.person_id,
    )
    held = resting.filter(reopening__isnull=True).order_by("pk").values_list("pk", flat=True)
    reviews = [_held(review) for review in Review.objects.filter(pk__in=list(held)).order_by("pk")]
    return [
        _reopen(
            actor, review, Reopening.Cause.REFERENCE_WITHDRAWN, reference.withdrawal_reason, reference=str(reference.pk)
        )
        for review in reviews
        if not Reopening.objects.filter(review=review).exists() and not _later_ones(review)
    ]


def _held(review: Review) -> Review:
    locked = Review.objects.select_for_update(of=("self",), no_key=True).select_related("case", "probe__face")
    return locked.get(pk=review.pk)


def _later_ones(review: Review) -> bool:
    """Whether a later review of the same face has taken this one's place, or is about to."""
    later = Review.objects.filter(probe=review.probe_id, opened_at__gt=review.opened_at)
    return later.exclude(state=ReviewState.WITHDRAWN).exists()


def _reopen(actor: User, review: Review, cause: str, reason: str, **by: str) -> Reopening:
    reopening = Reopening.objects.create(review=review, cause=cause, reason=reason, opened_by=actor)
    owe_search(review.probe)
    record(
        kind="review:review:reopened/1",
        actor=actor,
        subject=review,
        purpose=review.case.purpose,
        payload={
            "case": str(review.case_id),
            "cause": str(cause),
            "reason_sha256": hashlib.sha256(reason.encode()).hexdigest(),
            **by,
        },
    )
    return reopening
