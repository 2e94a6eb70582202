"""A place in a review is lent: kept while somebody works, freed when they leave, given back with what they wrote."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import HeldRole, User
from audit.models import Entry
from audit.selectors import timeline
from identification.models import Case, Person, Priority
from review.errors import PlaceLost, ReviewWithdrawn, StaleAssignment
from review.models import Assignment, Review
from review.services import drafts, exposure, leases, queue
from tests import factories
from tests.review_pages import address
from tests.review_steps import entries, sign


@pytest.fixture
def place(review: Review, first_reviewer: User) -> Assignment:
    return factories.taken(first_reviewer)


@pytest.fixture
def browser(browser_of, first_reviewer: User) -> Client:
    return browser_of(first_reviewer)


def now_until(place: Assignment, seconds: int) -> None:
    Assignment.objects.filter(pk=place.pk).update(leased_until=timezone.now() + timedelta(seconds=seconds))


def left_of(place: Assignment) -> float:
    """How many seconds the place is still kept."""
    until: datetime = Assignment.objects.get(pk=place.pk).leased_until
    return (until - timezone.now()).total_seconds()


def state_of(place: Assignment) -> str:
    return Assignment.objects.get(pk=place.pk).state


def run_out(place: Assignment) -> None:
    now_until(place, -1)
    leases.lapse_assignments()
    assert state_of(place) == "lapsed"


# --- Staying and leaving -----------------------------------------------------------------------------------------


def test_place_is_kept_for_half_an_hour(place: Assignment) -> None:
    assert 1790 < left_of(place) <= 1800


def test_page_that_says_somebody_works_extends_the_lease(place: Assignment, browser: Client) -> None:
    now_until(place, 5)
    assert browser.post(address("stay", place)).status_code == 204
    assert left_of(place) > 1790


def test_place_is_kept_a_moment_longer_when_its_page_is_closed(place: Assignment, browser: Client) -> None:
    assert browser.post(address("leave", place)).status_code == 204
    assert 50 < left_of(place) <= 60
    assert state_of(place) == "open"


def test_closing_a_page_never_makes_a_lease_longer(place: Assignment, browser: Client) -> None:
    now_until(place, 10)
    browser.post(address("leave", place))
    assert left_of(place) <= 10


@pytest.mark.parametrize("step", ["work", "probe", "candidates", "conclude", "decline"])
def test_opening_another_page_of_the_work_renews_the_lease(place: Assignment, browser: Client, step: str) -> None:
    browser.post(address("leave", place))
    assert browser.get(address(step, place)).status_code in {200, 302}
    assert left_of(place) > 1790


def test_page_carries_what_its_script_needs(place: Assignment, browser: Client) -> None:
    page = browser.get(address("probe", place)).content.decode()
    for step in ("stay", "leave", "later"):
        assert f'"{address(step, place)}"' in page
    assert "js/stay.js" in page


def test_presence_is_said_by_post_alone_and_for_ones_own_place(
    place: Assignment, browser: Client, browser_of, second_reviewer: User
) -> None:
    for step in ("stay", "leave", "later"):
        assert browser.get(address(step, place)).status_code == 405
        assert browser_of(second_reviewer).post(address(step, place)).status_code == 404
    assert state_of(place) == "open"
    assert left_of(place) > 1790


def test_work_and_its_presence_need_no_entry_in_the_log(place: Assignment, browser: Client) -> None:
    before = Entry.objects.count()
    browser.post(address("stay", place))
    browser.post(address("leave", place))
    assert Entry.objects.count() == before


# --- Leaving for later, and the sweep ----------------------------------------------------------------------------


def test_leaving_for_later_frees_the_place_at_once_and_keeps_the_draft(
    place: Assignment, browser: Client, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    factories.taken(second_reviewer)
    drafts.save_draft(actor=first_reviewer, assignment=place, section="analysis", content={"note": "Turned away"})
    answer = browser.post(address("later", place), follow=True)
    assert "kept" in answer.content.decode()
    assert state_of(place) == "lapsed"
    entry = Entry.objects.get(kind="review:assignment:left/1")
    assert (entry.actor, entry.subject_id) == (first_reviewer, str(place.pk))
    assert drafts.draft_of(place, "analysis") == {"note": "Turned away"}
    assert factories.taken(third_reviewer).slot == place.slot


def test_closing_the_page_afterwards_brings_nothing_back(place: Assignment, browser: Client) -> None:
    """The browser says that the page is left after it has sent the form."""
    browser.post(address("later", place))
    browser.post(address("leave", place))
    assert state_of(place) == "lapsed"


def test_sweep_frees_what_ran_out_with_one_entry_each_about_the_person(
    place: Assignment, first_reviewer: User, second_reviewer: User, auditor: User
) -> None:
    other = factories.taken(second_reviewer)
    now_until(place, -1)
    assert leases.lapse_assignments() == 1
    assert leases.lapse_assignments() == 0
    assert (state_of(place), state_of(other)) == ("lapsed", "open")
    entry = Entry.objects.get(kind="review:assignment:lapsed/1")
    assert (entry.actor, entry.agency, entry.subject_id) == (None, first_reviewer.agency, str(place.pk))
    assert entry.payload == {"review": str(place.review_id), "held_by": first_reviewer.pk}
    (line,) = timeline(auditor, [entry])
    assert line.sentence.endswith("lapsed, because First_Reviewer was away; the draft is kept.")


# --- Coming back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["next", "page", "stay"])
def test_who_comes_back_while_a_place_is_free_finds_their_draft(
    place: Assignment, browser: Client, first_reviewer: User, second_reviewer: User, way: str
) -> None:
    drafts.save_draft(actor=first_reviewer, assignment=place, section="analysis", content={"note": "Turned away"})
    run_out(place)
    if way == "next":
        assert queue.take_next(actor=first_reviewer) == place
    elif way == "page":
        assert browser.get(address("probe", place)).status_code == 200
    else:
        assert browser.post(address("stay", place)).status_code == 204
    again = Assignment.objects.get(pk=place.pk)
    assert (again.state, again.seed) == ("open", place.seed)
    assert left_of(place) > 1790
    assert drafts.draft_of(place, "analysis") == {"note": "Turned away"}
    entry = Entry.objects.get(kind="review:draft:recovered/1")
    assert entry.payload == {"review": str(place.review_id), "sections": ["analysis"]}
    assert entries("review:assignment:taken/") == 1


def test_what_was_recovered_is_told_without_naming_a_candidate(
    review: Review, people: list[Person], first_reviewer: User
) -> None:
    place = factories.worked_through(first_reviewer, retained=people[:1])
    section = drafts.compare_section(people[0].pk)
    drafts.save_draft(actor=first_reviewer, assignment=place, section=section, content={"note": "Ear"})
    run_out(place)
    queue.take_next(actor=first_reviewer)
    payload = Entry.objects.get(kind="review:draft:recovered/1").payload
    assert payload["sections"] == ["analysis", "candidates", "compare"]


def test_form_sent_after_the_lease_ran_out_is_taken_while_the_place_is_free(place: Assignment, browser: Client) -> None:
    exposure.reveal(actor=place.reviewer, assignment=place, variant=exposure.FACE)
    run_out(place)
    browser.post(address("probe", place), {"suitability": "limited", "note": "Written all morning"})
    place.refresh_from_db()
    assert (place.state, place.analysis_note) == ("open", "Written all morning")


@pytest.mark.parametrize("step", ["work", "probe", "conclude"])
def test_who_lost_their_place_is_told_so_and_keeps_the_draft(
    place: Assignment, browser: Client, first_reviewer: User, second_reviewer: User, third_reviewer: User, step: str
) -> None:
    drafts.save_draft(actor=first_reviewer, assignment=place, section="analysis", content={"note": "Turned away"})
    run_out(place)
    taken = [factories.taken(reviewer) for reviewer in (second_reviewer, third_reviewer)]
    page = browser.get(address(step, place), follow=True).content.decode()
    assert "went to somebody else" in page
    assert "is kept" in page
    answer = browser.post(address("stay", place))
    assert (answer.status_code, answer.json()["sentence"]) == (409, str(PlaceLost()))
    assert state_of(place) == "lapsed"
    queue.decline(actor=third_reviewer, assignment=taken[1], reason="other_work")
    assert factories.taken(first_reviewer) == place
    assert drafts.draft_of(place, "analysis") == {"note": "Turned away"}


def test_review_that_ended_meanwhile_says_the_same_as_a_place_that_was_lost(
    place: Assignment, browser: Client, second_reviewer: User, third_reviewer: User
) -> None:
    """Or it would tell that others have signed."""
    run_out(place)
    for reviewer in (second_reviewer, third_reviewer):
        factories.signed(reviewer)
    assert "went to somebody else" in browser.get(address("work", place), follow=True).content.decode()


def test_nobody_comes_back_into_a_second_place(
    place: Assignment, browser: Client, first_reviewer: User, requester: User, encoder, random_vectors
) -> None:
    run_out(place)
    case = factories.open_case(requester)
    Case.objects.filter(pk=case.pk).update(priority=Priority.URGENT)
    other = factories.searched(requester, case, encoder, random_vectors()).review
    held = factories.taken(first_reviewer)
    assert held.review == other
    page = browser.get(address("work", place), follow=True).content.decode()
    assert "You are working on another review" in page
    assert (state_of(place), state_of(held)) == ("lapsed", "open")


def test_nobody_comes_back_to_a_withdrawn_review(place: Assignment, first_reviewer: User) -> None:
    run_out(place)
    Review.objects.update(state="withdrawn")
    with pytest.raises(ReviewWithdrawn):
        queue.come_back(actor=first_reviewer, assignment=place)


def test_nobody_comes_back_without_the_role(place: Assignment, first_reviewer: User) -> None:
    run_out(place)
    HeldRole.objects.filter(user=first_reviewer).delete()
    with pytest.raises(StaleAssignment, match="no longer"):
        queue.come_back(actor=User.objects.get(pk=first_reviewer.pk), assignment=place)


@pytest.mark.parametrize("gone", ["signed", "declined"])
def test_what_was_signed_or_given_back_is_not_kept_by_a_page_left_open(
    place: Assignment, browser: Client, first_reviewer: User, gone: str
) -> None:
    if gone == "signed":
        sign(first_reviewer, factories.worked_through(first_reviewer))
    else:
        queue.decline(actor=first_reviewer, assignment=place, reason="distressing")
    assert browser.post(address("stay", place)).status_code == 409
    browser.post(address("leave", place))
    browser.post(address("later", place))
    assert state_of(place) == gone


def test_declining_costs_nothing_and_tells_nobody(
    place: Assignment, first_reviewer: User, second_reviewer: User, browser_of, requester: User
) -> None:
    """Somebody else takes the free place and sees nothing of it; the next review comes as ever."""
    before = browser_of(requester).get(place.review.case.get_absolute_url()).content.decode()
    queue.decline(actor=first_reviewer, assignment=place, reason="distressing")
    after = browser_of(requester).get(place.review.case.get_absolute_url()).content.decode()
    assert ("back" in after) == ("back" in before)
    page = browser_of(second_reviewer).get(address("probe", factories.taken(second_reviewer))).content.decode()
    assert "distressing" not in page
    assert first_reviewer.full_name not in page
    assert list(Entry.objects.filter(kind="review:assignment:declined/1").values_list("actor", flat=True)) == [
        first_reviewer.pk
    ]
