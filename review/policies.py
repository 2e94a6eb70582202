"""Who may take which part in a review. The database holds the same rules (review/constraints.py)."""

import rules

from accounts.models import User
from accounts.policies import is_adjudicator, is_asserter, is_auditor, is_intake, is_liaison, is_reviewer
from review.errors import NotPermitted
from review.models import Assignment, Review


@rules.predicate
def in_its_agency(user: User, review: Review) -> bool:
    """Whether the case is of the person's own agency."""
    return bool(review.case.agency_id == user.agency_id)


@rules.predicate
def has_asked(user: User, review: Review) -> bool:
    """Whether the person uploaded the photograph, opened the case or drew the face's box, and so can't judge it."""
    placement = getattr(review.probe.face, "placement", None)
    drawn_by = placement and placement.corrected_by_id
    return user.pk in (review.requested_by_id, review.case.opened_by_id, drawn_by)


@rules.predicate
def is_theirs(user: User, assignment: Assignment) -> bool:
    """Whether the place in the review is this person's."""
    return bool(assignment.reviewer_id == user.pk)


can_review = is_reviewer & in_its_agency & ~has_asked
can_adjudicate = is_adjudicator & in_its_agency & ~has_asked
can_reopen = is_intake & in_its_agency


@rules.predicate
def has_assessed(user: User, review: Review) -> bool:
    """Whether the person signed what they found about the face, in agreement or in dissent."""
    return bool(review.assessments.filter(reviewer=user).exists())


# Who works with a case's papers records and reads; a verifier may also be somebody whose craft is to compare. Nobody
# verifies or asserts who has judged the face: an identifier speaks for itself only to somebody who isn't convinced yet.
can_record_identifier = (is_intake | is_liaison) & in_its_agency
can_verify_identifier = (is_intake | is_liaison | is_adjudicator | is_reviewer) & in_its_agency & ~has_assessed
can_assert_identity = is_asserter & in_its_agency & ~has_asked & ~has_assessed
can_read_identifier = (is_intake | is_liaison | is_adjudicator | is_reviewer | is_asserter | is_auditor) & in_its_agency


def require(allowed: bool, sentence: str) -> None:
    """Raise NotPermitted with the sentence unless allowed."""
    if not allowed:
        raise NotPermitted(sentence)
