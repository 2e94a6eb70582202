"""What the signed assessments of a review together amount to."""

from collections import Counter
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from django.db import transaction

from accounts.models import User
from audit.services import record
from review.errors import StaleAssignment
from review.models import Assessment, Conclusion, Outcome, Part, Review, ReviewState

UNDECIDED = "undecided"


@transaction.atomic
def conclude_if_complete(*, actor: User, review: Review) -> Conclusion | None:
    """Conclude when every signature is there: agreement stands, disagreement goes to an adjudicator, once."""
    assessments = list(review.assessments.order_by("reviewer_id"))
    adjudicated = any(assessment.part == Part.ADJUDICATOR for assessment in assessments)
    if len(assessments) < review.reviewers_required:
        return None
    agreeing = _agreeing(assessments, adjudicated=adjudicated)
    if agreeing:
        return _conclude(actor, review, assessments, agreeing, adjudicated=adjudicated)
    _disagree(actor, review, ReviewState.INCONCLUSIVE if adjudicated else ReviewState.DISCORDANT)
    return None


def _agreeing(assessments: Sequence[Assessment], *, adjudicated: bool) -> list[Assessment]:
    """Return the assessments that decide: all of them when nobody differs, or, with an adjudicator, more than half.

    Of three that is two; where a policy asks for more reviewers, two of four would be fewer than it asks for. However
    many are undecided, that decides nothing.
    """
    (finding, votes), *others = Counter(assessment.finding for assessment in assessments).most_common()
    decided = finding != UNDECIDED and (2 * votes > len(assessments) if adjudicated else not others)
    return [assessment for assessment in assessments if assessment.finding == finding] if decided else []


def fused_rating(assessments: Sequence[Assessment], concluded: Assessment) -> Decimal | None:
    """Return the mean of the graded ratings about what was concluded, to two places; advisory, and shown with it only.

    About a person these are all levels that anybody gave to that person, dissent included; about nobody, those of the
    findings of nobody. A photograph unsuitable for comparison has none. (Phillips 2018: fusing independent graded
    ratings beats choosing the better individuals.)
    """
    if concluded.finding.startswith("person:"):
        about = [each.level for each in assessments if each.person_id == concluded.person_id]
    else:
        about = [each.level for each in assessments if each.finding == concluded.finding]
    levels = [level for level in about if level is not None]
    if not levels:
        return None
    return (Decimal(sum(levels)) / len(levels)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def _conclude(
    actor: User, review: Review, assessments: Sequence[Assessment], agreeing: Sequence[Assessment], *, adjudicated: bool
) -> Conclusion:
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
        fused_rating=fused_rating(assessments, first),
        evidence_sha256=review.evidence_sha256,
    )
    _leave_for(review, ReviewState.CONCLUDED)
    record(
        kind="review:conclusion:reached/1",
        actor=actor,
        subject=conclusion,
        agency=review.case.agency,
        purpose=review.case.purpose,
        payload={
            "case": str(review.case_id),
            "review": str(review.pk),
            "outcome": conclusion.outcome,
            "finding": conclusion.finding,
            "reviewers": [first.reviewer_id, second.reviewer_id],
            "adjudicated": adjudicated,
            "dissent": [
                {"assessment": str(each.pk), "document_sha256": each.document_sha256}
                for each in assessments
                if each.finding != conclusion.finding
            ],
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
        agency=review.case.agency,
        purpose=review.case.purpose,
        payload={"case": str(review.case_id)},
    )


def _leave_for(review: Review, state: ReviewState) -> None:
    """Change the state by compare-and-set: only an unfinished review can end."""
    if Review.objects.unfinished().filter(pk=review.pk).update(state=state) != 1:
        raise StaleAssignment("This review has ended. Nothing was signed.")
    review.state = state
