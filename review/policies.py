"""Who may take which part in a review. The database holds the same rules (review/constraints.py)."""

import rules

from accounts.models import User
from accounts.policies import (
    is_adjudicator,
    is_administrator,
    is_asserter,
    is_auditor,
    is_intake,
    is_liaison,
    is_reviewer,
)
from review import earlier
from review.errors import NotPermitted
from review.models import Agreement, Assignment, Review


@rules.predicate
def in_its_agency(user: User, review: Review) -> bool:
    """Whether the case is of the person's own agency."""
    return bool(review.case.agency_id == user.agency_id)


@rules.predicate
def is_helper_by_agreement(user: User, review: Review) -> bool:
    """Whether an agreement that is in force lets the person's agency take reviews of this purpose."""
    agreements = Agreement.objects.in_force().filter(holder=review.case.agency_id, helper=user.agency_id)
    return agreements.filter(purposes__contains=[review.case.purpose]).exists()


@rules.predicate
def has_asked(user: User, review: Review) -> bool:
    """Whether the person uploaded the photograph, opened the case or drew the face's box, and so can't judge it."""
    placement = getattr(review.probe.face, "placement", None)
    drawn_by = placement and placement.corrected_by_id
    return user.pk in (review.requested_by_id, review.case.opened_by_id, drawn_by)


@rules.predicate
def has_signed_earlier(user: User, review: Review) -> bool:
    """Whether the person signed an earlier review of the same face, and so was shown scores and ranks."""
    return earlier.has_signed_earlier(user, review)


@rules.predicate
def is_theirs(user: User, assignment: Assignment) -> bool:
    """Whether the place in the review is this person's."""
    return bool(assignment.reviewer_id == user.pk)


@rules.predicate
def is_of_the_helper(user: User, agreement: Agreement) -> bool:
    """Whether the agreement lets the person's own agency help."""
    return bool(agreement.helper_id == user.agency_id)


@rules.predicate
def is_of_either_side(user: User, agreement: Agreement) -> bool:
    """Whether the person's agency made the agreement, as its holder or as its helper."""
    return user.agency_id in (agreement.holder_id, agreement.helper_id)


reaches_its_agency = in_its_agency | is_helper_by_agreement
can_review = is_reviewer & reaches_its_agency & ~has_asked & ~has_signed_earlier
can_adjudicate = is_adjudicator & reaches_its_agency & ~has_asked & ~has_signed_earlier
can_reopen = is_intake & in_its_agency
can_see_agreements = is_administrator
can_propose_agreement = is_administrator
can_accept_agreement = is_administrator & is_of_the_helper
can_end_agreement = is_administrator & is_of_either_side


@rules.predicate
def has_assessed(user: User, review: Review) -> bool:
    """Whether the person signed what they found about the face, now or earlier, in agreement or in dissent."""
    return bool(review.assessments.filter(reviewer=user).exists() or earlier.has_signed_earlier(user, review))


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
