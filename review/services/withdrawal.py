"""A review that nobody has signed ends when its face is corrected; it begins again with the corrected one."""

from django.db import transaction

from audit.services import record
from identification.errors import SignedAlready
from identification.models import FaceCorrection
from review.models import Assignment, Review, ReviewState


@transaction.atomic
def withdraw_review(*, correction: FaceCorrection) -> Review | None:
    """Withdraw the unfinished review of a corrected face; None without one. SignedAlready if anybody has signed in it.

    Whoever signs at this moment holds the review: their signature comes first and the correction is refused, or it
    finds the review withdrawn.
    """
    unfinished = Review.objects.unfinished().filter(probe__face=correction.finding)
    review = unfinished.select_for_update(of=("self",), no_key=True).first()
    if review is None:
        return None
    if review.assessments.exists():
        raise SignedAlready
    Review.objects.filter(pk=review.pk).update(state=ReviewState.WITHDRAWN)
    review.assignments.filter(state=Assignment.State.OPEN).update(state=Assignment.State.LAPSED)
    record(
        kind="review:review:withdrawn/1",
        actor=correction.corrected_by,
        subject=review,
        purpose=review.case.purpose,
        payload={"case": str(review.case_id), "probe": str(review.probe_id), "correction": str(correction.pk)},
    )
    return review
