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
from review.services import exposure, queue
from review.shown import candidates_shown, retained_shown
from tests import factories, review_pages
from tests.review_pages import address, images_in, position_of, sign

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

    def draft(section: str, content: dict[str, Any]) -> tuple[str, HttpResponse]:
        page = address("draft", place, section)
        return f"draft of {section}", client.post(page, content, content_type="application/json")

    decisions = {f"decision-{shown.position}": "exclude" for shown in candidates_shown(place)}
    positions = sorted(position_of(place, person) for person in retained)
    decisions |= {f"decision-{position}": "retain" for position in positions}

    yield "queue", client.get(reverse("review:queue"))
    yield "next", client.post(reverse("review:next"))
    yield get("work")
    yield get("decline")
    yield get("conclude")
    yield get("probe")
    yield post("probe")
    yield draft("compare-1", {})
    yield post("reveal", picture="face")
    yield get("probe")
    yield draft("analysis", {"note": "Turned"})
    yield post("probe", suitability="limited", limitations=["pose"], note="Turned away")
    yield get("differing")
    yield get("probe")
    yield get("candidates")
    yield draft("candidates", {"decision-1": "retain"})
    yield get("candidates")
    yield post("candidates", **{"decision-1": "retain"})
    yield post("candidates", **decisions)
    yield get("candidates")
    yield get("compare-first")
    for position in positions:
        yield get("compare", position)
        yield f"draft of compare-{position}", draft(f"compare-{position}", {"components": {}})[1]
    yield get("conclude")
    yield draft("conclude", {"finding": "nobody", "rationale": "Alike."})
    yield post("conclude", finding=str(positions[0]))
    signing = {"finding": str(positions[0]), "level": "2", "rationale": "Alike in all that can be seen."}
    yield post("conclude", **signing, password="not the password")
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
    answers = {step.partition(" ")[2]: text[:3] for step, text in pages}
    drafts = {answer for step, answer in answers.items() if step.startswith("draft of compare-")}
    assert drafts in ({"204", "404"}, {"204"}), "only what may be seen by then can be written of"
    assert {step: answer for step, answer in answers.items() if "compare-" not in step or step == "compare-first"} == {
        "queue": "200", "next": "302", "work": "302", "decline": "200", "conclude": "200", "probe": "200",
        "reveal posted": "302", "probe posted": "302", "differing": "302", "candidates": "200",
        "candidates posted": "302", "compare-first": "302", "compare": "200", "conclude posted": "200",
        "decline posted": "200", "case": "200", "cases": "200", "draft of analysis": "204",
        "draft of candidates": "204", "draft of conclude": "204",
    }  # fmt: skip
    return dict(pages)


def last(sent: dict[str, str], step: str) -> str:
    """Return what was sent when a step was asked for the last time."""
    return [text for key, text in sent.items() if key.partition(" ")[2] == step][-1]


# --- What must not be there --------------------------------------------------------------------------------------


def test_pages_show_what_they_should(sent: dict[str, str], review: Review, people: list[Person]) -> None:
    """Or there would be nothing in which to look for what must not be there."""
    assert last(sent, "candidates").count('value="retain"') == len(people)
    assert len(set(images_in(last(sent, "candidates")))) == 1 + len(people)
    assert "Turned away" in last(sent, "probe")
    assert "not your password" in last(sent, "conclude posted")


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


def test_nothing_before_the_analysis_shows_a_candidate(sent: dict[str, str]) -> None:
    steps = list(sent)
    analysed = next(step for step in steps if step.endswith("draft of analysis"))
    for step in steps[: steps.index(analysed)]:
        assert "/candidates/" not in sent[step].replace("Location", ""), step


def test_no_id_that_could_be_met_again_is_sent(sent: dict[str, str], people: list[Person]) -> None:
    """A person's id is the same in every review, and a reference's on the pages of its gallery."""
    ids = {str(person.pk) for person in people}
    for person in people:
        ids |= {str(one) for pair in person.references.values_list("pk", "face_id") for one in pair}
    ids |= {str(one) for one in Candidate.objects.values_list("pk", flat=True) if len(str(one)) > 8}
    for step, text in sent.items():
        assert not [one for one in ids if one in text], step


def test_image_of_a_candidate_tells_nothing_in_its_headers(
    sent: dict[str, str], second_reviewer: User, people: list[Person], browser_of
) -> None:
    client = browser_of(second_reviewer)
    for image in set(images_in(last(sent, "candidates"))):
        response = client.get(image)
        assert response.status_code == 200
        text = everything_sent(response)
        assert not [word for person in people for word in (person.name, person.registry_number) if word in text]
        assert re.findall(r'filename="([^"]*)"', text) == ["face.jpg"], "one name for all"


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
    """Return which pictures are sent, one after the other, as the files' contents."""
    images = images_in(client.get(address("candidates", place)).content.decode())
    crops = [image for image in images if "/candidates/" in image]
    assert [image.split("/candidates/")[1] for image in crops] == [f"{n}/1/crop/image/" for n in range(1, 6)]
    return [str(shown.person_id) for shown in candidates_shown(place)]


def test_two_reviewers_see_the_whole_list_each_in_an_order_of_their_own(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, browser_of, monkeypatch
) -> None:
    seen, seeds = [], iter((3, 4))
    monkeypatch.setattr("review.services.queue.secrets.randbits", lambda _: next(seeds))
    for reviewer in (first_reviewer, second_reviewer):
        place = factories.worked_through(reviewer)
        seen.append(order(browser_of(reviewer), place))
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
        positions[position_of(place, people[0]) - 1] += 1
    assert set(positions) == set(range(5))
    assert max(positions.values()) < 150  # expected 100, standard deviation 9
