"""Who is given which review, and what becomes of a place that is given back or left."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import HeldRole, Role, User
from audit.models import Entry
from identification.models import Case, Encoder, Person
from review.errors import NotPermitted, StaleAssignment
from review.models import Assignment, Part, Review
from review.selectors.waiting import queue_of
from review.services import assessment as assessing
from review.services import queue
from tests import factories
from tests.review_steps import sign, stays_unwritten

# --- Who is given what -------------------------------------------------------------------------------------------


def test_requester_is_never_given_their_own(review: Review, requester: User) -> None:
    assert requester.has_role(Role.REVIEWER)
    assert queue.take_next(actor=requester) is None
    assert queue_of(requester).waiting == 0


def test_who_opened_the_case_is_never_given_it(
    case: Case, encoder: Encoder, people: list[Person], person_with, requester: User, random_vectors
) -> None:
    uploader = person_with("uploader", Role.INTAKE)
    review = factories.searched(uploader, case, encoder, random_vectors()).review
    assert (review.requested_by, review.case.opened_by) == (uploader, requester)
    assert queue.take_next(actor=requester) is None


def test_requester_never_adjudicates(
    review: Review, people: list[Person], requester: User, first_reviewer: User, second_reviewer: User
) -> None:
    factories.signed(first_reviewer, people[0])
    factories.signed(second_reviewer)
    assert requester.has_role(Role.ADJUDICATOR)
    assert queue.take_next(actor=requester) is None


def test_adjudicator_who_reviewed_never_adjudicates(
    review: Review, people: list[Person], person_with, first_reviewer: User, adjudicator: User
) -> None:
    both = person_with("both", Role.REVIEWER, Role.ADJUDICATOR)
    factories.signed(both, people[0])
    factories.signed(first_reviewer)
    assert queue.take_next(actor=both) is None
    assert factories.taken(adjudicator).part == Part.ADJUDICATOR


def test_adjudicator_who_left_a_review_never_adjudicates_it(
    review: Review, people: list[Person], person_with, first_reviewer: User, second_reviewer: User
) -> None:
    both = person_with("both", Role.REVIEWER, Role.ADJUDICATOR)
    leave(factories.taken(both))
    factories.signed(first_reviewer, people[0])
    factories.signed(second_reviewer)
    assert queue.take_next(actor=both) is None


def test_other_agency_is_never_given_it(review: Review, outsider: User) -> None:
    assert outsider.has_role(Role.REVIEWER)
    assert queue.take_next(actor=outsider) is None
    assert queue_of(outsider).waiting == 0


@pytest.mark.parametrize("role", [Role.INTAKE, Role.AUDITOR, Role.ADMINISTRATOR, Role.LIAISON, Role.ADJUDICATOR])
def test_other_roles_are_given_no_review(review: Review, person_with, role: Role) -> None:
    assert queue.take_next(actor=person_with("somebody", role)) is None


def test_reviewer_is_given_no_adjudication(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    factories.signed(first_reviewer, people[0])
    factories.signed(second_reviewer)
    assert queue.take_next(actor=third_reviewer) is None


def test_third_reviewer_finds_no_place(
    review: Review, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    slots = {factories.taken(reviewer).slot for reviewer in (first_reviewer, second_reviewer)}
    assert slots == {1, 2}
    assert queue.take_next(actor=third_reviewer) is None


def test_oldest_review_comes_first_and_one_at_a_time(
    review: Review, case: Case, encoder: Encoder, requester: User, first_reviewer: User, random_vectors
) -> None:
    newer = factories.searched(requester, case, encoder, random_vectors()).review
    held = factories.taken(first_reviewer)
    assert held.review == review
    assert queue.take_next(actor=first_reviewer) == held
    sign(first_reviewer, factories.worked_through(first_reviewer))
    assert factories.taken(first_reviewer).review == newer


def test_nobody_works_in_somebody_elses_place(review: Review, first_reviewer: User, second_reviewer: User) -> None:
    place = factories.taken(first_reviewer)
    for call in (
        lambda: assessing.record_analysis(
            actor=second_reviewer, assignment=place, suitability="suitable", limitations=[]
        ),
        lambda: assessing.record_comparison(actor=second_reviewer, assignment=place, retained=[]),
        lambda: sign(second_reviewer, place),
        lambda: queue.decline(actor=second_reviewer, assignment=place, reason="distressing"),
    ):
        stays_unwritten(call, NotPermitted, "somebody else's")


def test_who_lost_the_role_signs_nothing(review: Review, first_reviewer: User) -> None:
    place = factories.worked_through(first_reviewer)
    HeldRole.objects.filter(user=first_reviewer).delete()
    stays_unwritten(lambda: sign(User.objects.get(pk=first_reviewer.pk), place), NotPermitted)


# --- Giving back and leaving -------------------------------------------------------------------------------------


def leave(assignment: Assignment) -> None:
    """Let the lease of a place run out."""
    Assignment.objects.filter(pk=assignment.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    assert queue.lapse_assignments() == 1


def test_declined_review_is_never_offered_again_and_its_place_is_free(
    review: Review, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    queue.decline(actor=first_reviewer, assignment=factories.taken(first_reviewer), reason="distressing")
    assert queue.take_next(actor=first_reviewer) is None
    assert queue_of(first_reviewer).waiting == 0
    assert {factories.taken(second_reviewer).slot, factories.taken(third_reviewer).slot} == {1, 2}


def test_declined_review_is_not_offered_again_because_somebody_else_left(
    review: Review, first_reviewer: User, second_reviewer: User
) -> None:
    queue.decline(actor=first_reviewer, assignment=factories.taken(first_reviewer), reason="acquainted")
    leave(factories.taken(second_reviewer))
    assert queue.take_next(actor=first_reviewer) is None


def test_signed_review_is_not_offered_again_because_somebody_else_left(
    review: Review, first_reviewer: User, second_reviewer: User
) -> None:
    factories.signed(first_reviewer)
    leave(factories.taken(second_reviewer))
    assert queue.take_next(actor=first_reviewer) is None


def test_place_of_who_left_is_free_for_others(
    review: Review, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    left = factories.taken(first_reviewer)
    factories.taken(second_reviewer)
    leave(left)
    assert factories.taken(third_reviewer).slot == left.slot
    assert queue.take_next(actor=first_reviewer) is None


def test_who_left_gets_their_place_back_with_the_draft(
    review: Review, people: list[Person], first_reviewer: User
) -> None:
    left = factories.worked_through(first_reviewer, suitability="limited", retained=people[:1])
    leave(left)
    again = factories.taken(first_reviewer)
    assert (again.pk, again.seed, again.state) == (left.pk, left.seed, "open")
    assert (again.suitability, again.retained) == ("limited", [people[0].pk])
    assert again.leased_until > timezone.now()
    sign(first_reviewer, again, person_id=people[0].pk, level=1)
    assert review.assessments.count() == 1


def test_asking_for_the_next_frees_what_others_left(
    review: Review, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    for reviewer in (first_reviewer, second_reviewer):
        factories.taken(reviewer)
    Assignment.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert queue.take_next(actor=third_reviewer) is not None


def test_nothing_is_recorded_in_a_place_that_was_left(review: Review, first_reviewer: User) -> None:
    place = factories.worked_through(first_reviewer)
    leave(place)
    for call in (
        lambda: assessing.record_comparison(actor=first_reviewer, assignment=place, retained=[]),
        lambda: sign(first_reviewer, place),
        lambda: queue.decline(actor=first_reviewer, assignment=place, reason="other_work"),
    ):
        stays_unwritten(call, StaleAssignment)


def test_working_extends_the_lease(review: Review, first_reviewer: User) -> None:
    place = factories.taken(first_reviewer)
    nearly_over = timezone.now() + timedelta(seconds=5)
    Assignment.objects.filter(pk=place.pk).update(leased_until=nearly_over)
    assessing.record_analysis(actor=first_reviewer, assignment=place, suitability="suitable", limitations=[])
    place.refresh_from_db()
    assert place.leased_until > nearly_over + timedelta(minutes=1)


# --- Opening -----------------------------------------------------------------------------------------------------


def test_empty_list_opens_no_review(case: Case, requester: User, encoder: Encoder, gallery, random_vectors) -> None:
    search = factories.searched(requester, case, encoder, random_vectors())
    assert not search.candidates.exists()
    assert not Review.objects.exists()


def test_second_search_opens_no_second_review_while_one_is_unfinished(review: Review) -> None:
    before = Entry.objects.count()
    assert queue.open_review(search=review.search) is None
    assert (Review.objects.count(), Entry.objects.count()) == (1, before)
