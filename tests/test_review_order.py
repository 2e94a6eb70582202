"""In which order reviews are handed out, and to whom never."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.urls import reverse

from accounts.models import Role, User
from identification.models import Case, Encoder, Gallery, Person, Priority, Purpose, PurposePolicy
from review.errors import NotPermitted
from review.models import Assignment, Review
from review.selectors.waiting import queue_of
from review.services import queue
from tests import factories
from tests.review_steps import sign

Opening = Callable[..., Review]


@pytest.fixture
def opened(requester: User, encoder: Encoder, people: list[Person], gallery: Gallery, random_vectors) -> Opening:
    """Open a review in a case of its own."""

    def make(purpose: Purpose = Purpose.DECEASED, priority: Priority = Priority.ROUTINE) -> Review:
        case = factories.open_case(requester, purpose)
        Case.objects.filter(pk=case.pk).update(priority=priority)
        return factories.searched(requester, case, encoder, random_vectors()).review

    return make


def following(earlier: Review, opened: Opening, **changes: object) -> Review:
    """A review that refers to an earlier one, as reopening makes it."""
    review = opened()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE review_review DISABLE TRIGGER USER")
        cursor.execute("UPDATE review_review SET refers_to_id = %s WHERE id = %s", [earlier.pk, review.pk])
        cursor.execute("ALTER TABLE review_review ENABLE ALWAYS TRIGGER review_review_never_restates_evidence")
        cursor.execute("ALTER TABLE review_review ENABLE ALWAYS TRIGGER review_review_never_restates")
    return Review.objects.get(pk=review.pk)


def test_purposes_come_by_the_precedence_of_their_policy(opened: Opening, first_reviewer: User) -> None:
    opened(Purpose.DECEASED)
    living = opened(Purpose.MISSING)
    assert factories.taken(first_reviewer).review == living


def test_precedence_that_an_administrator_changed_counts(opened: Opening, first_reviewer: User) -> None:
    dead = opened(Purpose.DECEASED)
    opened(Purpose.MISSING)
    PurposePolicy.objects.filter(pk=Purpose.DECEASED).update(precedence=1)
    assert factories.taken(first_reviewer).review == dead


def test_urgent_cases_come_first_within_their_purpose(opened: Opening, first_reviewer: User) -> None:
    opened()
    urgent = opened(priority=Priority.URGENT)
    assert factories.taken(first_reviewer).review == urgent


def test_urgency_never_passes_another_purpose(opened: Opening, first_reviewer: User) -> None:
    opened(Purpose.DECEASED, Priority.URGENT)
    living = opened(Purpose.MISSING)
    assert factories.taken(first_reviewer).review == living


def test_who_asks_next_gets_a_review_on_which_nobody_works(
    opened: Opening, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    reviews = [opened(), opened()]
    given = [factories.taken(one).review for one in (first_reviewer, second_reviewer, third_reviewer)]
    assert given == [*reviews, reviews[0]]


def test_urgent_review_on_which_somebody_works_comes_before_a_routine_one(
    opened: Opening, first_reviewer: User, second_reviewer: User
) -> None:
    opened()
    urgent = opened(priority=Priority.URGENT)
    assert [factories.taken(one).review for one in (first_reviewer, second_reviewer)] == [urgent, urgent]


def test_signed_place_is_no_place_on_which_somebody_works(
    opened: Opening, first_reviewer: User, second_reviewer: User
) -> None:
    oldest = opened()
    opened()
    factories.signed(first_reviewer)
    assert factories.taken(second_reviewer).review == oldest


def test_adjudication_comes_before_every_review(
    opened: Opening, people: list[Person], first_reviewer: User, second_reviewer: User, person_with
) -> None:
    discordant = opened()
    factories.signed(first_reviewer, people[0])
    factories.signed(second_reviewer)
    opened(Purpose.MISSING, Priority.URGENT)
    both = person_with("both", Role.REVIEWER, Role.ADJUDICATOR)
    assert factories.taken(both).review == discordant


def test_who_signed_an_earlier_review_of_the_face_is_never_given_a_later_one(
    opened: Opening, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    """Also across several: after signing they were shown names, scores and ranks."""
    first = opened()
    for reviewer in (first_reviewer, second_reviewer):
        factories.signed(reviewer)
    later = following(following(first, opened), opened)
    Review.objects.exclude(pk=later.pk).update(state="inconclusive")
    assert [queue.take_next(actor=one) for one in (first_reviewer, second_reviewer)] == [None, None]
    assert queue_of(first_reviewer).waiting == 0
    assert factories.taken(third_reviewer).review == later


def test_nothing_is_signed_by_who_signed_an_earlier_review(
    opened: Opening, first_reviewer: User, second_reviewer: User
) -> None:
    """The rule is asked again at the signature, whoever gave out the place."""
    earlier = opened()
    factories.signed(first_reviewer)
    place = factories.worked_through(second_reviewer)
    place.refresh_from_db()
    later = following(earlier, opened)
    taken = Assignment.objects.create(
        review=later, reviewer=first_reviewer, requested_by=later.requested_by, part="reviewer", slot=1, seed=1,
        leased_until=place.leased_until, suitability="suitable", analysed_at=place.analysed_at,
        compared_at=place.compared_at,
    )  # fmt: skip
    with pytest.raises(NotPermitted):
        sign(first_reviewer, taken)


def test_priority_is_said_when_a_case_is_opened_and_shown_in_a_word(browser_of, requester: User) -> None:
    browser = browser_of(requester)
    facts = {"purpose": "missing", "place": "Field", "occurred_on": "2026-11-01", "authority": "Order 1"}
    for said, meant in (
        ({}, Priority.ROUTINE),
        ({"priority": "0"}, Priority.ROUTINE),
        ({"priority": "1"}, Priority.URGENT),
    ):
        assert browser.post(reverse("identification:open-case"), facts | said).status_code == 302
        case = Case.objects.latest("opened_at")
        assert case.priority == meant
        for page in (case.get_absolute_url(), reverse("identification:cases")):
            assert ("urgent" in browser.get(page).content.decode()) == (meant == Priority.URGENT)
    page = browser.get(reverse("identification:open-case")).content.decode()
    assert 'name="priority" value="0"' in page
    answer = browser.post(reverse("identification:open-case"), facts | {"priority": "7"})
    assert answer.status_code == 200


def test_queue_tells_how_many_wait_what_is_begun_and_what_was_signed(
    opened: Opening, first_reviewer: User, browser_of
) -> None:
    for _ in range(3):
        opened()
    factories.signed(first_reviewer)
    left = factories.worked_through(first_reviewer)
    browser = browser_of(first_reviewer)
    browser.post(reverse("review:later", args=[left.pk]))
    told = queue_of(first_reviewer)
    assert (told.waiting, told.held, told.drafts, told.signed_today) == (2, None, [left], 1)
    page = browser.get(reverse("review:queue")).content.decode()
    assert "Two reviews wait" in page
    assert reverse("review:work", args=[left.pk]) in page
    assert "One today" in page
