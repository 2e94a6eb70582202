"""What the signed assessments of a review together amount to."""

from collections import Counter
from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from audit.services import record
from review.errors import StaleAssignment
from review.models import Assessment, Conclusion, Outcome, Part, Review, ReviewState


@transaction.atomic
def conclude_if_complete(*, actor: User, review: Review) -> Conclusion | None:
    """Conclude when every signature is there: agreement stands, disagreement goes to an adjudicator, once."""
    assessments = list(review.assessments.order_by("reviewer_id"))
    adjudicated = any(assessment.part == Part.ADJUDICATOR for assessment in assessments)
    if len(assessments) < review.reviewers_required:
        return None
    agreeing = _agreeing(assessments, adjudicated=adjudicated)
    if agreeing:
        return _conclude(actor, review, agreeing, adjudicated=adjudicated)
    _disagree(actor, review, ReviewState.INCONCLUSIVE if adjudicated else ReviewState.DISCORDANT)
    return None


def _agreeing(assessments: Sequence[Assessment], *, adjudicated: bool) -> list[Assessment]:
    """Return the assessments that decide: all of them when nobody differs, or, with an adjudicator, more than half.

    Of three that is two; where a policy asks for more reviewers, two of four would be fewer than it asks for.
    """
    (finding, votes), *others = Counter(assessment.finding for assessment in assessments).most_common()
    decided = 2 * votes > len(assessments) if adjudicated else not others
    return [assessment for assessment in assessments if assessment.finding == finding] if decided else []


def _conclude(actor: User, review: Review, agreeing: Sequence[Assessment], *, adjudicated: bool) -> Conclusion:
    first, second = agreeing[:2]
    # The people are named in the order of their numbers, so that nothing tells who signed first.
    conclusion = Conclusion.objects.create(
        review=review,
        finding=first.finding,
        outcome=_outcome(first),
        person_id=first.person_id if first.finding.startswith("person:") else None,
        first_reviewer_id=first.reviewer_id,
        second_reviewer_id=second.reviewer_id,
        requested_by_id=review.requested_by_id,
        adjudicated=adjudicated,
        evidence_sha256=review.evidence_sha256,
    )
    _leave_for(review, ReviewState.CONCLUDED)
    record(
        kind="review:conclusion:reached/1",
        actor=actor,
        subject=conclusion,
        purpose=review.case.purpose,
        payload={
            "case": str(review.case_id),
            "review": str(review.pk),
            "outcome": conclusion.outcome,
            "finding": conclusion.finding,
            "reviewers": [first.reviewer_id, second.reviewer_id],
            "adjudicated": adjudicated,
        },
    )
    return conclusion


def _outcome(assessment: Assessment) -> Outcome:
    outcomes = {"unsuitable": Outcome.UNSUITABLE, "none": Outcome.NO_CANDIDATE}
    return outcomes.get(assessment.finding, Outcome.CONCORDANT)


def _disagree(actor: User, review: Review, state: ReviewState) -> None:
    _leave_for(review, state)
    record(
        kind=f"review:review:{state.value}/1",
        actor=actor,
        subject=review,
        purpose=review.case.purpose,
        payload={"case": str(review.case_id)},
    )


def _leave_for(review: Review, state: ReviewState) -> None:
    """Change the state by compare-and-set: only an unfinished review can end."""
    if Review.objects.unfinished().filter(pk=review.pk).update(state=state) != 1:
        raise StaleAssignment("This review has ended. Nothing was signed.")
    review.state = state
