"""An adjudicator looks at the probe alone, then reads both assessments, then works like everybody."""

import json
from dataclasses import dataclass

import pytest
from django.test import Client

from accounts.models import User
from audit.models import Entry
from identification.models import Person
from review.errors import IncompleteWork, NotPermitted
from review.models import Assessment, Assignment, Review
from review.services import assessment as assessing
from review.services.adjudication import give_differing_to_read
from tests import factories, review_pages
from tests.review_pages import NAMES, NUMBERS, address, images_in, position_of, status_of
from tests.review_steps import entries, sign, stays_unwritten

people, review = review_pages.people, review_pages.review


@dataclass
class Adjudication:
    """A discordant review, who differs in it, and the adjudicator's place and browser."""

    signed: list[Assessment]
    place: Assignment
    browser: Client

    def analyse(self, suitability: str = "suitable") -> None:
        assessing.record_analysis(
            actor=self.place.reviewer, assignment=self.place, suitability=suitability, limitations=[]
        )
        self.place.refresh_from_db()

    def read(self) -> str:
        page = self.browser.get(address("differing", self.place)).content.decode()
        self.place.refresh_from_db()
        return page


@pytest.fixture
def adjudication(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, adjudicator: User, browser_of
) -> Adjudication:
    signed = [factories.signed(first_reviewer, people[0]), factories.signed(second_reviewer)]
    return Adjudication(signed, factories.taken(adjudicator), browser_of(adjudicator))


def test_nothing_is_read_before_the_own_analysis(adjudication: Adjudication) -> None:
    answer = adjudication.browser.get(address("differing", adjudication.place))
    assert answer.headers["Location"] == address("work", adjudication.place)
    place = adjudication.place
    stays_unwritten(lambda: give_differing_to_read(actor=place.reviewer, assignment=place), IncompleteWork)


def test_no_candidate_is_sent_before_the_reading(adjudication: Adjudication) -> None:
    adjudication.analyse()
    browser, place = adjudication.browser, adjudication.place
    assert browser.get(address("work", place)).headers["Location"] == address("differing", place)
    for step in ("candidates", "conclude"):
        assert browser.get(address(step, place)).headers["Location"] == address("work", place), step
    assert status_of(browser, address("candidate-image", place, 1, 1, "crop")) == 404
    stays_unwritten(
        lambda: assessing.record_comparison(actor=place.reviewer, assignment=place, retained=[]), IncompleteWork
    )
    adjudication.read()
    assert browser.get(address("work", place)).headers["Location"] == address("candidates", place)
    assert status_of(browser, address("candidate-image", place, 1, 1, "crop")) == 200


def test_both_assessments_are_read_with_ratings_and_markers(adjudication: Adjudication, people: list[Person]) -> None:
    adjudication.analyse()
    page = adjudication.read()
    assert page.count(adjudication.signed[0].rationale) == 2
    levels = ["Supports that they are the same person", "Supports that nobody here is this person"]
    for words in (*levels, "Nose", "Bridge", "Similar", "in both", "No candidate was retained"):
        assert words in page, words
    position = position_of(adjudication.place, people[0])
    assert f"Candidate {position} of your list: named here" in page
    assert address("candidate-image", adjudication.place, position, 1, "crop") in images_in(page)
    assert '<circle cx="50.0" cy="25.0"' in page
    assert '<circle cx="50.0" cy="30.0"' in page


def test_reading_tells_no_name_score_or_time(
    adjudication: Adjudication, people: list[Person], first_reviewer: User, second_reviewer: User
) -> None:
    adjudication.analyse()
    page = adjudication.read()
    telling = [*NAMES, *NUMBERS, "0.837", "83.7", first_reviewer.full_name, second_reviewer.full_name]
    telling += [str(person.pk) for person in people]
    for assessment in adjudication.signed:
        telling += [str(assessment.pk), str(assessment.assignment_id), assessment.document_sha256]
        telling += [assessment.signed_at.strftime("%H:%M:%S")]
    assert [word for word in telling if word in page] == []


def test_order_of_reading_is_drawn_and_not_that_of_arrival(adjudication: Adjudication) -> None:
    from review.selectors.differing import readings_for

    adjudication.analyse()
    first = set()
    for seed in range(20):
        adjudication.place.seed = seed
        first.add(readings_for(adjudication.place)[0].assessment.pk)
    assert first == {assessment.pk for assessment in adjudication.signed}


def test_reading_is_on_record_once_by_hashes(adjudication: Adjudication) -> None:
    adjudication.analyse()
    adjudication.read()
    read_at = adjudication.place.differing_read_at
    adjudication.read()
    assert adjudication.place.differing_read_at == read_at
    assert entries("review:assessments:read") == 1
    payload = Entry.objects.get(kind="review:assessments:read/1").payload
    assert payload["documents"] == sorted(assessment.document_sha256 for assessment in adjudication.signed)


@pytest.mark.parametrize("suitability", ["suitable", "unsuitable"])
def test_own_analysis_stays_once_the_others_were_read(adjudication: Adjudication, suitability: str) -> None:
    adjudication.analyse(suitability)
    adjudication.read()
    place = adjudication.place
    stays_unwritten(
        lambda: assessing.record_analysis(
            actor=place.reviewer, assignment=place, suitability="limited", limitations=[]
        ),
        IncompleteWork,
        "stays as it was",
    )


def test_unsuitable_is_signed_only_after_reading_and_shows_no_candidate(adjudication: Adjudication) -> None:
    adjudication.analyse("unsuitable")
    place = adjudication.place
    stays_unwritten(lambda: sign(place.reviewer, place, unsuitable=True), IncompleteWork, "Read the assessments")
    page = adjudication.read()
    assert "/candidates/" not in page
    assert adjudication.browser.get(address("work", place)).headers["Location"] == address("conclude", place)
    document = json.loads(sign(place.reviewer, place, unsuitable=True).document)
    assert document["candidate_list"]["shown"] == []
    assert set(document["assessments_read"]) == {assessment.document_sha256 for assessment in adjudication.signed}


def test_who_assesses_blind_is_given_nothing_to_read(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, browser_of
) -> None:
    signed = factories.signed(first_reviewer, people[0])
    place = factories.worked_through(second_reviewer)
    answer = browser_of(second_reviewer).get(address("differing", place))
    assert answer.headers["Location"] == address("work", place)
    assert signed.rationale not in answer.content.decode()
    stays_unwritten(lambda: give_differing_to_read(actor=second_reviewer, assignment=place), NotPermitted)
