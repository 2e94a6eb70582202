"""What isn't there in a review: somebody else's place, candidates before the analysis, an early conclusion."""

import pytest

from accounts.models import User
from identification.models import Gallery, Person
from review.models import Review
from review.services import exposure
from tests import factories, review_pages
from tests.review_pages import NAMES, address, images_in, position_of, sign

people, review = review_pages.people, review_pages.review

STEPS = ("work", "probe", "differing", "candidates", "compare-first", "conclude", "decline", "signed")
ONLY_READ = {"work", "differing", "compare-first", "signed"}


@pytest.mark.parametrize("viewer", ["second_reviewer", "requester", "adjudicator", "outsider", "auditor"])
def test_nobody_opens_somebody_elses_place(
    request: pytest.FixtureRequest, review: Review, people: list[Person], first_reviewer: User, browser_of, viewer: str
) -> None:
    place = factories.worked_through(first_reviewer, retained=people[:1])
    client = browser_of(request.getfixturevalue(viewer))
    for step in STEPS:
        assert client.get(address(step, place)).status_code == 404, step
        if step not in ONLY_READ:
            assert client.post(address(step, place), {"suitability": "suitable"}).status_code == 404, step
    assert client.get(address("compare", place, position_of(place, people[0]))).status_code == 404
    for step in ("reveal", "note"):
        assert client.post(address(step, place), {"picture": "face"}).status_code == 404, step
    place.refresh_from_db()
    assert (place.state, place.suitability) == ("open", "suitable")


def test_signed_page_is_not_there_before_signing_and_only_ones_own_after(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, browser_of
) -> None:
    place = factories.worked_through(first_reviewer, retained=people[:1])
    assert browser_of(first_reviewer).get(address("signed", place)).status_code == 404
    sign(place, person_id=people[0].pk, level=1)
    text = browser_of(first_reviewer).get(address("signed", place)).content.decode()
    assert NAMES[0] in text
    assert "0.837" in text
    assert browser_of(second_reviewer).get(address("signed", place)).status_code == 404


@pytest.mark.parametrize("step", ["probe", "candidates", "conclude", "decline"])
def test_after_signing_every_step_leads_to_what_was_signed(
    review: Review, first_reviewer: User, browser_of, step: str
) -> None:
    place = factories.signed(first_reviewer).assignment
    response = browser_of(first_reviewer).get(address(step, place))
    assert response.headers["Location"] == address("signed", place)


@pytest.mark.parametrize("viewer", ["first_reviewer", "second_reviewer", "requester", "adjudicator", "outsider"])
def test_conclusion_of_an_unfinished_review_is_not_there(
    request: pytest.FixtureRequest, review: Review, people: list[Person], first_reviewer: User, second_reviewer: User,
    browser_of, viewer: str,
) -> None:  # fmt: skip
    client = browser_of(request.getfixturevalue(viewer))
    assert client.get(review.get_absolute_url()).status_code == 404
    factories.signed(first_reviewer, people[0])
    assert client.get(review.get_absolute_url()).status_code == 404
    factories.signed(second_reviewer)
    assert client.get(review.get_absolute_url()).status_code == 404, "discordant"


def test_conclusion_is_for_the_own_agency(
    review: Review, first_reviewer: User, second_reviewer: User, requester: User, outsider: User, browser_of
) -> None:
    for reviewer in (first_reviewer, second_reviewer):
        factories.signed(reviewer)
    assert browser_of(requester).get(review.get_absolute_url()).status_code == 200
    assert browser_of(outsider).get(review.get_absolute_url()).status_code == 404


def test_candidates_are_not_sent_before_the_analysis(
    review: Review, people: list[Person], first_reviewer: User, browser_of
) -> None:
    place, client = factories.taken(first_reviewer), browser_of(first_reviewer)
    assert client.get(address("candidates", place)).headers["Location"] == address("work", place)
    assert client.get(address("work", place)).headers["Location"] == address("probe", place)
    assert client.get(address("conclude", place)).headers["Location"] == address("work", place)
    assert client.get(address("compare", place, 1)).status_code == 404
    assert client.get(address("candidate-image", place, 1, 1, "crop")).status_code == 404


def test_candidates_are_not_sent_for_a_photograph_found_unsuitable(
    review: Review, first_reviewer: User, browser_of
) -> None:
    """The analysis of an unsuitable photograph can be changed, so no candidate may have been seen."""
    place, client = factories.taken(first_reviewer), browser_of(first_reviewer)
    client.post(address("reveal", place), {"picture": "face"})
    client.post(address("probe", place), {"suitability": "unsuitable"})
    for response in (client.get(address("candidates", place)), client.post(address("candidates", place))):
        assert response.headers["Location"] == address("work", place)
    place.refresh_from_db()
    assert place.compared_at is None


def test_person_who_was_not_retained_is_not_compared(
    review: Review, people: list[Person], first_reviewer: User, browser_of
) -> None:
    place = factories.worked_through(first_reviewer, retained=people[:1])
    exposure.reveal(actor=first_reviewer, assignment=place, variant=exposure.FACE)
    client = browser_of(first_reviewer)
    assert client.get(address("compare", place, position_of(place, people[0]))).status_code == 200
    assert client.get(address("compare", place, position_of(place, people[1]))).status_code == 404


def test_faces_of_candidates_do_not_lead_to_their_names(
    review: Review, people: list[Person], gallery: Gallery, first_reviewer: User, browser_of
) -> None:
    """Who assesses can't look up in the gallery whose face it is."""
    place, client = factories.worked_through(first_reviewer), browser_of(first_reviewer)
    shown = set(images_in(client.get(address("candidates", place)).content.decode()))
    gallery_page = client.get(gallery.get_absolute_url())
    named = set(images_in(gallery_page.content.decode())) if gallery_page.status_code == 200 else set()
    assert shown & named == set()
