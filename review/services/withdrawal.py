"""A review whose evidence changed before its conclusion is withdrawn: what was signed in it is void, it begins again.

What has been concluded stands; a conclusion that rests on a withdrawn reference is reopened (reopening.py).
"""

from django.db import transaction

from accounts.models import User
from audit.services import record
from identification.models import FaceCorrection, Reference
from identification.services.probes import owe_search
from review.models import Assignment, EvidenceChange, Review, ReviewState

Cause = EvidenceChange


@transaction.atomic
def withdraw_corrected(*, correction: FaceCorrection) -> Review | None:
    """Withdraw the unfinished review of a corrected face; None without one. The corrected face gets its own search.

    Whoever signs at this moment holds the review: their signature comes first and is void, or they find the review
    withdrawn. That somebody has signed is told to them alone.
    """
    unfinished = Review.objects.unfinished().filter(probe__face=correction.finding)
    review = unfinished.select_for_update(of=("self",), no_key=True).first()
    if review:
        _withdraw(correction.corrected_by, review, Cause.FACE_CORRECTED, correction=str(correction.pk))
    return review


@transaction.atomic
def withdraw_resting_on(*, actor: User, reference: Reference) -> list[Review]:
    """Withdraw the unfinished reviews whose evidence names a withdrawn reference, and owe each a new search."""
    unfinished = Review.objects.unfinished().filter(
        search__candidates__person=reference.person_id, evidence__contains=str(reference.pk)
    )
    # In the order of their ids, so that two withdrawals don't wait for each other in a circle.
    reviews = list(unfinished.order_by("pk").select_for_update(of=("self",), no_key=True))
    for review in reviews:
        _withdraw(actor, review, Cause.REFERENCE_WITHDRAWN, reference=str(reference.pk))
        owe_search(review.probe)
    return reviews


def withdraw_changed(*, actor: User, review: Review, cause: EvidenceChange) -> None:
    """Withdraw a review that the caller holds and whose evidence somebody found changed, and owe a new search."""
    _withdraw(actor, review, cause)
    owe_search(review.probe)


@transaction.atomic
def begin_again_without_evidence(*, actor: User, review: Review) -> None:
    """Withdraw an unfinished review from before evidence was kept; there is nothing that a signature could bind."""
    unfinished = Review.objects.unfinished().filter(pk=review.pk, evidence="")
    held = unfinished.select_for_update(of=("self",), no_key=True).select_related("probe", "case__agency").first()
    if held:
        withdraw_changed(actor=actor, review=held, cause=Cause.OTHERWISE)


def _withdraw(actor: User, review: Review, cause: EvidenceChange, **by: str) -> None:
    Review.objects.filter(pk=review.pk).update(state=ReviewState.WITHDRAWN, withdrawn_because=cause)
    review.assignments.filter(state=Assignment.State.OPEN).update(state=Assignment.State.LAPSED)
    record(
        kind="review:review:withdrawn/2",
        actor=actor,
        subject=review,
        agency=review.case.agency,
        purpose=review.case.purpose,
        payload={
            "case": str(review.case_id),
            "probe": str(review.probe_id),
            "cause": cause.value,
            "signatures": review.assessments.count(),
            **by,
        },
    )
