"""A reviewer's pages: pictures that open when asked for, a decision on every candidate, nobody like anybody."""

import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from audit.models import Entry
from identification.models import Case, Encoder, Gallery, Person
from review.models import Assessment, Assignment, Exposure, Review
from review.services import assessment as assessing
from tests import factories
from tests.conftest import PASSWORD
from tests.review_pages import address, images_in, position_of, status_of

GOOD = {"suitability": "suitable"}


@pytest.fixture
def place(review: Review, first_reviewer: User) -> Assignment:
    return factories.taken(first_reviewer)


@pytest.fixture
def browser(first_reviewer: User, browser_of) -> Client:
    return browser_of(first_reviewer)


@pytest.fixture
def at_candidates(place: Assignment, browser: Client) -> Assignment:
    browser.post(address("reveal", place), {"picture": "face"})
    browser.post(address("probe", place), GOOD)
    place.refresh_from_db()
    return place


def text_of(client: Client, step: str, place: Assignment, *more: Any) -> str:
    return client.get(address(step, place, *more)).content.decode()


def decide(client: Client, place: Assignment, *, action: str = "go-on", **decisions: str) -> HttpResponse:
    posted = {f"decision-{position.removeprefix('at')}": decision for position, decision in decisions.items()}
    return client.post(address("candidates", place), posted | {"action": action})


# --- Pictures of the deceased ------------------------------------------------------------------------------------


def test_picture_of_the_deceased_is_not_sent_before_it_is_asked_for(place: Assignment, browser: Client) -> None:
    assert images_in(text_of(browser, "probe", place)) == []
    for size in ("crop", "close", "whole"):
        assert browser.get(address("probe-image", place, size)).status_code == 404, size


def test_face_is_shown_first_and_the_whole_photograph_only_by_a_step_of_its_own(
    place: Assignment, browser: Client
) -> None:
    assert "Show the whole photograph" not in text_of(browser, "probe", place)
    answer = browser.post(address("reveal", place), {"picture": "face", "step": "probe"})
    assert answer.headers["Location"] == address("probe", place)
    page = text_of(browser, "probe", place)
    assert images_in(page) == [address("probe-image", place, "close")]
    assert "Show the whole photograph" in page
    browser.post(address("reveal", place), {"picture": "photograph", "step": "probe"})
    assert address("probe-image", place, "whole") in images_in(text_of(browser, "probe", place))
    assert list(Exposure.objects.values_list("number", "variant")) == [(1, "face"), (2, "photograph")]


def test_picture_counts_once_however_often_it_is_asked_for(place: Assignment, browser: Client) -> None:
    for _ in range(3):
        browser.post(address("reveal", place), {"picture": "face"})
    assert Exposure.objects.count() == 1


def test_photograph_is_not_judged_unseen(place: Assignment, browser: Client) -> None:
    answer = browser.post(address("probe", place), GOOD)
    assert "Have the face shown first" in answer.content.decode()
    place.refresh_from_db()
    assert place.analysed_at is None


def test_days_limit_is_said_with_the_ways_on(place: Assignment, browser: Client, settings) -> None:
    settings.EXPOSURE_CAP_PER_DAY = 1
    browser.post(address("reveal", place), {"picture": "face"})
    page = text_of(browser, "probe", place)
    assert "1 pictures of the deceased today" in page or "which is the most in one day" in page
    assert address("decline", place) in page
    assert browser.post(address("reveal", place), {"picture": "photograph"}).status_code == 302
    assert browser.get(address("probe-image", place, "whole")).status_code == 404
    assert Entry.objects.filter(kind="review:exposure:capped/1").count() == 1
    assert 'name="suitability"' in page, "what was seen can still be judged"


def test_unknown_picture_is_not_revealed(place: Assignment, browser: Client) -> None:
    assert browser.post(address("reveal", place), {"picture": "everything"}).status_code == 404
    assert browser.post(address("reveal", place)).status_code == 404


def test_pictures_of_the_living_open_without_a_step(
    requester: User, encoder: Encoder, people: list[Person], random_vectors, first_reviewer: User, browser: Client
) -> None:
    factories.searched(requester, factories.open_case(requester, "missing"), encoder, random_vectors())
    place = factories.taken(first_reviewer)
    shown = {address("probe-image", place, size) for size in ("close", "whole")}
    assert shown == set(images_in(text_of(browser, "probe", place)))
    assert all(status_of(browser, image) == 200 for image in shown)


# --- What was written is there again -----------------------------------------------------------------------------


def test_analysis_is_there_after_a_closed_browser(place: Assignment, browser: Client, browser_of) -> None:
    browser.post(address("reveal", place), {"picture": "face"})
    written = {"suitability": "limited", "limitations": ["pose", "light"], "note": "Turned <away>"}
    browser.post(address("draft", place, "analysis"), written, content_type="application/json")
    page = text_of(browser_of(place.reviewer), "probe", place)
    assert re.findall(r'value="(\w+)"[^>]*checked', page) == ["limited", "pose", "light"]
    assert "Turned &lt;away&gt;" in page


def test_decisions_are_there_after_a_closed_browser(at_candidates: Assignment, browser: Client) -> None:
    written = {"decision-1": "retain", "decision-3": "exclude", "decision-2": ["odd"]}
    browser.post(address("draft", at_candidates, "candidates"), written, content_type="application/json")
    page = text_of(browser, "candidates", at_candidates)
    assert re.findall(r'name="(\S+)" value="(\w+)"[^>]*checked', page) == [
        ("decision-1", "retain"),
        ("decision-3", "exclude"),
    ]


def test_conclusion_is_there_after_a_closed_browser(review: Review, first_reviewer: User, browser: Client) -> None:
    place = factories.worked_through(first_reviewer)
    written = {"finding": "nobody", "level_of_nobody": "-3", "rationale": "Ears differ", "password": PASSWORD}
    browser.post(address("draft", place, "conclude"), written, content_type="application/json")
    page = text_of(browser, "conclude", place)
    assert re.findall(r'name="(\w+)" value="([^"]+)"[^>]*checked', page) == [
        ("finding", "nobody"),
        ("level_of_nobody", "-3"),
    ]
    assert "Ears differ" in page
    assert PASSWORD not in page


# --- A decision on every candidate -------------------------------------------------------------------------------


def test_nobody_goes_on_with_somebody_undecided(at_candidates: Assignment, browser: Client) -> None:
    page = decide(browser, at_candidates, at1="retain").content.decode()
    assert "2 candidates are undecided" in page
    assert "Exclude the rest" in page
    assert re.findall(r'name="(\S+)" value="(\w+)"[^>]*checked', page) == [("decision-1", "retain")]
    at_candidates.refresh_from_db()
    assert at_candidates.compared_at is None


def test_rest_is_excluded_in_one_action(at_candidates: Assignment, people: list[Person], browser: Client) -> None:
    answer = decide(browser, at_candidates, action="exclude-the-rest", at2="retain")
    assert answer.headers["Location"] == address("compare-first", at_candidates)
    at_candidates.refresh_from_db()
    assert [position_of(at_candidates, person) for person in people if person.pk in at_candidates.retained] == [2]


def test_none_of_these_excludes_all_and_goes_on(at_candidates: Assignment, browser: Client) -> None:
    answer = decide(browser, at_candidates, action="none-of-these", at1="retain")
    assert answer.headers["Location"] == address("conclude", at_candidates)
    at_candidates.refresh_from_db()
    assert at_candidates.compared_at
    assert at_candidates.retained == []


@pytest.mark.parametrize("decisions", [{"at1": "maybe", "at2": "exclude", "at3": "exclude"}, {"at9": "retain"}])
def test_made_up_decision_is_not_recorded(
    at_candidates: Assignment, browser: Client, decisions: dict[str, str]
) -> None:
    assert decide(browser, at_candidates, **decisions).status_code == 200
    at_candidates.refresh_from_db()
    assert at_candidates.compared_at is None


def test_recorded_decisions_are_shown_when_one_comes_back(at_candidates: Assignment, browser: Client) -> None:
    decide(browser, at_candidates, action="exclude-the-rest", at2="retain")
    page = text_of(browser, "candidates", at_candidates)
    assert re.findall(r'value="(\w+)"[^>]*checked', page) == ["exclude", "retain", "exclude"]


# --- As many actions for nobody as for a person ------------------------------------------------------------------


def test_none_of_these_takes_no_more_actions_than_retaining_one(at_candidates: Assignment, browser: Client) -> None:
    """An action is a choice or a button: none of these is one button, one person at least a choice and a button."""
    none = [{"action": "none-of-these"}]
    person = [{"decision-1": "retain"}, {"action": "exclude-the-rest"}]
    assert len(none) <= len(person)
    posted = {key: value for action in none for key, value in action.items()}
    assert browser.post(address("candidates", at_candidates), posted).status_code == 302


def test_concluding_on_nobody_takes_as_many_actions_as_on_a_person(
    review: Review, people: list[Person], first_reviewer: User, browser: Client
) -> None:
    place = factories.worked_through(first_reviewer, retained=people[:1])
    common = {"rationale": "Looked at each of them.", "password": PASSWORD}
    findings = {
        "nobody": {"finding": "nobody", "level_of_nobody": "-2"},
        "a person": {"finding": str(position_of(place, people[0])), "level": "2"},
    }
    assert len({len(chosen) for chosen in findings.values()}) == 1
    page = text_of(browser, "conclude", place)
    assert "checked" not in page, "neither is chosen already"
    for finding, chosen in findings.items():
        for left_out in chosen:
            said = {key: value for key, value in chosen.items() if key != left_out} | common
            assert browser.post(address("conclude", place), said).status_code == 200, (finding, left_out)
    assert not Assessment.objects.exists()
    assert browser.post(address("conclude", place), findings["nobody"] | common).status_code == 302
    assert (Assessment.objects.get().finding, Assessment.objects.get().level) == ("none", -2)


def test_grade_of_the_other_finding_is_not_signed(
    review: Review, people: list[Person], first_reviewer: User, browser: Client
) -> None:
    place = factories.worked_through(first_reviewer, retained=people[:1])
    said = {"finding": str(position_of(place, people[0])), "level": "1", "level_of_nobody": "-3"}
    browser.post(address("conclude", place), said | {"rationale": "Brows and chin agree.", "password": PASSWORD})
    assert (Assessment.objects.get().person, Assessment.objects.get().level) == (people[0], 1)


def test_retained_candidate_must_be_compared_before_signing(
    at_candidates: Assignment, browser: Client, first_reviewer: User
) -> None:
    decide(browser, at_candidates, action="exclude-the-rest", at2="retain")
    said = {"finding": "nobody", "level_of_nobody": "-1", "rationale": "Looked at each of them.", "password": PASSWORD}
    page = browser.post(address("conclude", at_candidates), said).content.decode()
    assert "1 of 1 wait" in page
    assert address("compare", at_candidates, 2) in page
    assert not Assessment.objects.exists()
    said = {"finding": "unsuitable", "rationale": "Too dark after all.", "password": PASSWORD}
    assert browser.post(address("conclude", at_candidates), said).status_code == 302


def test_person_is_not_named_by_an_id(
    review: Review, people: list[Person], first_reviewer: User, browser: Client
) -> None:
    place = factories.worked_through(first_reviewer, retained=people[:1])
    said = {"finding": str(people[0].pk), "level": "2", "rationale": "Brows and chin agree.", "password": PASSWORD}
    assert browser.post(address("conclude", place), said).status_code == 200
    assert not Assessment.objects.exists()


# --- Small and whole ---------------------------------------------------------------------------------------------


def test_page_of_twenty_candidates_is_small(
    requester: User, case: Case, encoder: Encoder, administrator: User, gallery: Gallery, random_vectors,
    first_reviewer: User, browser: Client,
) -> None:  # fmt: skip
    for number in range(20):
        factories.enrol(administrator, gallery, encoder, f"Person {number}", random_vectors(), random_vectors())
    factories.searched(requester, case, encoder, random_vectors())
    place = factories.taken(first_reviewer)
    assessing.record_analysis(actor=first_reviewer, assignment=place, suitability="suitable", limitations=[])
    page = browser.get(address("candidates", place)).content
    assert page.count(b'value="retain"') == 20
    assert len(page) < 150_000
