"""What a reviewer can't learn before signing: no score, no rank, no name, and no trace of anybody else.

Besides looking for what must not be there, the pages are fetched twice while only the hidden thing changes: if
nothing else differs, they can't tell it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from identification.models import Candidate, Person
from review import selectors, standing
from review.models import Assignment, Review
from review.selectors.comparison import retained_shown
from review.services import exposure, queue
from tests import factories, review_pages
from tests.review_pages import NAMES, NUMBERS, address, images_in, sign

people, review = review_pages.people, review_pages.review


def everything_sent(response: HttpResponse) -> str:
    """Return headers, cookies and body as text."""
    body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    head = "".join(f"{name}: {value}\n" for name, value in response.items())
    text = body.decode("latin-1" if response.streaming else "utf-8")
    return f"{response.status_code}\n{head}{response.cookies.output()}\n{text}"


def walk(client: Client, place: Assignment, retained: list[Person]) -> Iterator[tuple[str, HttpResponse]]:
    """Do the whole work in the browser, up to a signature with the wrong password; yield everything that is sent."""

    def get(step: str, *more: Any) -> tuple[str, HttpResponse]:
        return step, client.get(address(step, place, *more))

    def post(step: str, **data: Any) -> tuple[str, HttpResponse]:
        return f"{step} posted", client.post(address(step, place), data)

    yield "queue", client.get(reverse("review:queue"))
    yield "next", client.post(reverse("review:next"))
    yield get("work")
    yield get("decline")
    yield get("conclude")
    yield get("probe")
    yield post("probe")
    yield post("probe", suitability="limited", limitations=["pose"], note="Turned away")
    yield get("probe")
    yield get("candidates")
    yield post("candidates", retained=["nobody at all"])
    yield post("candidates", retained=[str(person.pk) for person in retained])
    yield get("candidates")
    place.refresh_from_db()
    exposure.reveal(actor=place.reviewer, assignment=place, variant=exposure.FACE)
    for candidate in retained_shown(place):
        yield get("compare", candidate.position)
    yield get("conclude")
    yield post("conclude", finding=str(retained[0].pk))
    yield post("conclude", finding=str(retained[0].pk), level="2", rationale="Alike.", password="not the password")
    yield post("decline")
    yield "queue", client.get(reverse("review:queue"))
    yield "case", client.get(place.review.case.get_absolute_url())
    yield "cases", client.get(reverse("identification:cases"))


@pytest.fixture
def sent(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, browser_of
) -> dict[str, str]:
    """Everything that the second reviewer is sent, after the first has signed."""
    factories.signed(first_reviewer, people[3])
    place = factories.taken(second_reviewer)
    pages = [
        (f"{number} {step}", everything_sent(response))
        for number, (step, response) in enumerate(walk(browser_of(second_reviewer), place, people[1:3]))
    ]
    assert {step.partition(" ")[2]: text[:3] for step, text in pages} == {
        "queue": "200", "next": "302", "work": "302", "decline": "200", "conclude": "200", "probe": "200",
        "probe posted": "302", "candidates": "200", "candidates posted": "302", "compare": "200",
        "conclude posted": "200", "decline posted": "200", "case": "200", "cases": "200",
    }  # fmt: skip
    return dict(pages)


# --- What must not be there --------------------------------------------------------------------------------------


def test_pages_show_what_they_should(sent: dict[str, str], review: Review, people: list[Person]) -> None:
    """Or there would be nothing in which to look for what must not be there."""
    assert all(str(person.pk) in sent["9 candidates"] for person in people)
    assert len(set(images_in(sent["9 candidates"]))) == 1 + len(people)
    assert "Turned away" in sent["8 probe"]
    assert "not your password" in sent["17 conclude posted"]


def test_nothing_sent_tells_a_score(sent: dict[str, str], review: Review) -> None:
    scores = review.search.candidates.values_list("score", flat=True)
    telling = [form.format(score) for score in scores for form in ("{:.3f}", "{:.2f}", "{:.1%}")]
    telling += [number.replace(".", ",") for number in telling]
    for step, text in sent.items():
        body = text.partition("<!doctype html>")[2] or text
        assert [number for number in telling if number in body] == [], step


def test_nothing_sent_speaks_of_score_or_rank(sent: dict[str, str]) -> None:
    for step, text in sent.items():
        assert re.findall(r"\b(?:score|rank|nearest|similarity|data-order)\w*\b", text, re.IGNORECASE) == [], step


def test_nothing_sent_names_a_candidate(sent: dict[str, str], people: list[Person]) -> None:
    for step, text in sent.items():
        for person in people:
            for word in (person.name, person.name.split()[1], person.registry_number, person.home):
                assert word not in text, (step, word)


def test_nothing_sent_names_another_reviewer(sent: dict[str, str], first_reviewer: User) -> None:
    place = Assignment.objects.get(reviewer=first_reviewer)
    for step, text in sent.items():
        for word in (first_reviewer.username, first_reviewer.full_name, str(place.pk), str(place.assessment.pk)):
            assert word not in text, (step, word)


def test_nothing_before_the_analysis_shows_a_candidate(sent: dict[str, str], people: list[Person]) -> None:
    faces = {str(face) for person in people for face in person.references.values_list("face_id", flat=True)}
    faces |= {str(face) for face in Candidate.objects.values_list("reference_id", flat=True)}
    faces |= {str(person.pk) for person in people}
    for step, text in list(sent.items())[:7]:
        assert not [face for face in faces if face in text], step


def test_image_of_a_candidate_tells_nothing_in_its_headers(
    sent: dict[str, str], second_reviewer: User, people: list[Person], browser_of
) -> None:
    client = browser_of(second_reviewer)
    for image in set(images_in(sent["9 candidates"])):
        response = client.get(image)
        assert response.status_code == 200
        text = everything_sent(response)
        assert not [word for person in people for word in (person.name, person.registry_number) if word in text]
        assert re.search(r'filename="(?!(?:crop|[0-9a-f-]{36})\.jpg)', text) is None


def test_adjudicator_reads_rationales_without_names_or_scores(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, adjudicator: User, browser_of
) -> None:
    signed = [factories.signed(first_reviewer, people[0]), factories.signed(second_reviewer)]
    place = factories.worked_through(adjudicator, retained=people[:1])
    text = everything_sent(browser_of(adjudicator).get(address("conclude", place)))
    assert text.count(signed[0].rationale) == 2
    telling = [*NAMES, *NUMBERS, "0.837", "83.7", first_reviewer.full_name, second_reviewer.full_name]
    telling += [str(assessment.pk) for assessment in signed] + [str(assessment.assignment_id) for assessment in signed]
    assert [word for word in telling if word in text] == []


# --- What can't be told because nothing differs ------------------------------------------------------------------


def as_seen(response: HttpResponse) -> str:
    """Return everything sent without what differs from one request to the next."""
    text = everything_sent(response)
    text = re.sub(r'(csrfmiddlewaretoken" value=|csrftoken=|X-CSRFToken":\s*)"?[^";\s]+', r"\1…", text)
    text = re.sub(r"(?i)nonce(-|=\")[^'\"]+", "nonce…", text)
    text = re.sub(r"(?i)X-Request-ID: \S+|expires[=:][^;\n]+|Content-Length: \d+", "…", text)
    return re.sub(r"\d\d:\d\d", "…", text)  # until when a place is kept


def seen_by(client: Client, place: Assignment) -> list[str]:
    pages = [
        reverse("review:queue"), address("work", place), address("probe", place), address("candidates", place),
        *(address("compare", place, shown.position) for shown in retained_shown(place)), address("conclude", place),
        address("decline", place), place.review.case.get_absolute_url(), reverse("identification:cases"),
    ]  # fmt: skip
    exposure.reveal(actor=place.reviewer, assignment=place, variant=exposure.FACE)
    client.get(pages[0])  # the first answer sets a cookie
    return [as_seen(client.get(page)) for page in pages]


def test_pages_are_the_same_whatever_scores_ranks_and_names_are(
    review: Review, people: list[Person], first_reviewer: User, browser_of
) -> None:
    place, client = factories.worked_through(first_reviewer, retained=people[:2]), browser_of(first_reviewer)
    before = seen_by(client, place)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE identification_candidate DISABLE TRIGGER USER")
        cursor.execute("UPDATE identification_candidate SET rank = 1000 - rank, score = -score / 2")
        cursor.execute("UPDATE identification_person SET name = 'Somebody', registry_number = '', home = ''")
    assert review.search.candidates.order_by("rank").first().person == people[-1]
    assert seen_by(client, place) == before


def test_pages_are_the_same_whatever_others_do(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, person_with, browser_of
) -> None:
    place, client = factories.worked_through(second_reviewer, retained=people[:2]), browser_of(second_reviewer)
    alone = seen_by(client, place)
    another = person_with("another_reviewer", Role.REVIEWER)
    queue.decline(actor=another, assignment=factories.taken(another), reason="acquainted")
    assert seen_by(client, place) == alone, "somebody declined"
    theirs = factories.taken(first_reviewer)
    assert seen_by(client, place) == alone, "somebody has begun"
    factories.worked_through(first_reviewer, assignment=theirs, retained=people[:1])
    assert seen_by(client, place) == alone, "somebody has compared"
    sign(Assignment.objects.get(reviewer=first_reviewer), person_id=people[0].pk, level=3)
    assert seen_by(client, place) == alone, "somebody has signed"


def test_queue_is_the_same_for_who_comes_second(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, browser_of
) -> None:
    client = browser_of(second_reviewer)
    nobody_began = as_seen(client.get(reverse("review:queue")))
    place = factories.taken(first_reviewer)
    assert as_seen(client.get(reverse("review:queue"))) == nobody_began
    factories.worked_through(first_reviewer, assignment=place)
    assert as_seen(client.get(reverse("review:queue"))) == nobody_began
    place.refresh_from_db()
    sign(place)
    assert as_seen(client.get(reverse("review:queue"))) == nobody_began


def test_case_does_not_tell_the_requester_that_anybody_has_begun(
    review: Review, people: list[Person], requester: User, first_reviewer: User, second_reviewer: User, browser_of
) -> None:
    client, page = browser_of(requester), review.case.get_absolute_url()
    before = as_seen(client.get(page))
    factories.taken(first_reviewer)
    assert as_seen(client.get(page)) == before
    factories.signed(second_reviewer, people[0])
    assert as_seen(client.get(page)) == before


def test_standing_is_the_same_from_opening_to_the_last_signature(
    review: Review, first_reviewer: User, second_reviewer: User
) -> None:
    def said() -> str:
        return standing.standing_of_case(selectors.reviews_of(second_reviewer, review.case))

    assert said() == "waiting for reviewers"
    factories.taken(first_reviewer)
    assert said() == "waiting for reviewers"
    factories.signed(first_reviewer)
    assert said() == "waiting for reviewers"
    factories.signed(second_reviewer)
    assert said() == "no candidate"


# --- The order ---------------------------------------------------------------------------------------------------


def order(client: Client, place: Assignment) -> list[str]:
    return re.findall(r'name="retained" value="([^"]+)"', client.get(address("candidates", place)).content.decode())


def test_two_reviewers_see_the_whole_list_each_in_an_order_of_their_own(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, browser_of, monkeypatch
) -> None:
    seen, seeds = [], iter((3, 4))
    monkeypatch.setattr("review.services.queue.secrets.randbits", lambda _: next(seeds))
    for reviewer in (first_reviewer, second_reviewer):
        place = factories.worked_through(reviewer)
        seen.append(order(browser_of(reviewer), place))
        assert seen[-1] == [str(candidate.person_id) for candidate in selectors.candidates_as_shown(place)]
        assert order(browser_of(reviewer), place) == seen[-1]
    assert seen[0] != seen[1]
    assert set(seen[0]) == set(seen[1]) == {str(person.pk) for person in people}


def test_seeds_are_drawn_anew_for_each_place(review: Review, first_reviewer: User, second_reviewer: User) -> None:
    seeds = {factories.taken(reviewer).seed for reviewer in (first_reviewer, second_reviewer)}
    assert len(seeds) == 2
    assert min(seeds) > 2**32  # a coincidence of one in a thousand million


def test_rank_does_not_shine_through_the_order(review: Review, people: list[Person], first_reviewer: User) -> None:
    """The best candidate comes to every position about equally often."""
    place = factories.taken(first_reviewer)
    positions: Counter[int] = Counter()
    for seed in range(500):
        place.seed = seed * 7919
        positions[[c.person_id for c in selectors.candidates_as_shown(place)].index(people[0].pk)] += 1
    assert set(positions) == set(range(5))
    assert max(positions.values()) < 150  # expected 100, standard deviation 9
