"""Work in progress is kept as it is made, by its own person only, and never what must not be kept."""

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from identification.models import Person
from review.models import Assignment, Draft, Review, ReviewState
from review.services import queue
from review.services.drafts import LONGEST_DRAFT
from review.shown import candidates_shown
from tests import factories
from tests.review_pages import address


def keep(client: Client, place: Assignment, section: str, content: Any) -> HttpResponse:
    body = content if isinstance(content, str) else json.dumps(content)
    return client.post(address("draft", place, section), body, content_type="application/json")


@pytest.fixture
def place(review: Review, first_reviewer: User) -> Assignment:
    return factories.taken(first_reviewer)


@pytest.mark.parametrize("section", ["analysis", "candidates", "conclude"])
def test_what_was_sent_last_is_kept(place: Assignment, first_reviewer: User, browser_of, section: str) -> None:
    client = browser_of(first_reviewer)
    for note in ("Turned", "Turned away"):
        answer = keep(client, place, section, {"note": note, "limitations": ["pose"]})
        assert (answer.status_code, answer.content) == (204, b"")
    assert Draft.objects.get().content == {"note": "Turned away", "limitations": ["pose"]}
    assert Draft.objects.get().section == section


def test_keeping_extends_the_lease(place: Assignment, first_reviewer: User, browser_of) -> None:
    before = place.leased_until
    keep(browser_of(first_reviewer), place, "analysis", {})
    place.refresh_from_db()
    assert place.leased_until > before


def test_position_is_kept_as_the_person_at_it(
    review: Review, people: list[Person], first_reviewer: User, browser_of
) -> None:
    place = factories.worked_through(first_reviewer, retained=people, comparing=False)
    assert keep(browser_of(first_reviewer), place, "compare-2", {"seconds": 5}).status_code == 204
    assert Draft.objects.get().section == f"compare:{candidates_shown(place)[1].person_id}"


@pytest.mark.parametrize("section", ["compare-0", "compare-4", "compare-9999", "compare", "signed", "compare-1x"])
def test_unknown_section_is_not_there(
    review: Review, people: list[Person], first_reviewer: User, browser_of, section: str
) -> None:
    place = factories.worked_through(first_reviewer, retained=people, comparing=False)
    assert keep(browser_of(first_reviewer), place, section, {}).status_code == 404


def test_no_position_is_known_before_the_analysis(place: Assignment, first_reviewer: User, browser_of) -> None:
    assert keep(browser_of(first_reviewer), place, "compare-1", {}).status_code == 404


def test_draft_of_somebody_else_is_not_there(place: Assignment, second_reviewer: User, browser_of) -> None:
    assert keep(browser_of(second_reviewer), place, "analysis", {}).status_code == 404
    assert browser_of(second_reviewer).get(address("draft", place, "analysis")).status_code == 405


def test_password_is_never_kept(place: Assignment, first_reviewer: User, browser_of) -> None:
    keep(browser_of(first_reviewer), place, "conclude", {"password": "x", "csrfmiddlewaretoken": "y", "level": "2"})
    assert Draft.objects.get().content == {"level": "2"}


@pytest.mark.parametrize(
    "content",
    ["", "no JSON", "[1]", '"text"', '{"zoom": NaN}', '{"note": "\\ud800"}', '{"note": "\\u0000"}', "[" * 100_000],
)
def test_what_no_draft_can_hold_is_refused(place: Assignment, first_reviewer: User, browser_of, content: str) -> None:
    answer = keep(browser_of(first_reviewer), place, "analysis", content)
    assert (answer.status_code, "kept" in answer.json()["sentence"]) == (400, True)
    assert not Draft.objects.exists()


def test_too_large_a_draft_is_refused_and_the_last_one_stays(
    place: Assignment, first_reviewer: User, browser_of
) -> None:
    client = browser_of(first_reviewer)
    keep(client, place, "analysis", {"note": "Short"})
    answer = keep(client, place, "analysis", {"note": "x" * LONGEST_DRAFT})
    assert (answer.status_code, "shorten" in answer.json()["sentence"]) == (400, True)
    assert Draft.objects.get().content == {"note": "Short"}


def test_place_given_back_keeps_nothing_more_and_says_so(place: Assignment, first_reviewer: User, browser_of) -> None:
    queue.decline(actor=first_reviewer, assignment=place, reason="other_work")
    answer = keep(browser_of(first_reviewer), place, "analysis", {"note": "Late"})
    assert (answer.status_code, "no longer yours" in answer.json()["sentence"]) == (409, True)


def test_withdrawn_review_keeps_nothing_more_and_says_so(
    place: Assignment, review: Review, first_reviewer: User, browser_of
) -> None:
    Review.objects.filter(pk=review.pk).update(state=ReviewState.WITHDRAWN)
    Assignment.objects.filter(pk=place.pk).update(state=Assignment.State.LAPSED)
    answer = keep(browser_of(first_reviewer), place, "analysis", {"note": "Late"})
    assert (answer.status_code, "withdrawn" in answer.json()["sentence"]) == (409, True)
