"""Whoever is asked about a corrected face doesn't know what was found before, and hasn't drawn its box."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from identification.models import Encoder, FaceCorrection, Person
from identification.services import correction as correcting
from review import policies, selectors
from review.models import Review
from review.services import queue
from tests import factories
from tests.conftest import StandInModels
from tests.correction_scene import BOX, SEEN, read_and_searched

FOUND = "potential identification"


@pytest.fixture
def concluded(review: Review, people: list[Person], first_reviewer: User, second_reviewer: User) -> Review:
    for reviewer in (first_reviewer, second_reviewer):
        factories.signed(reviewer, people[0])
    review.refresh_from_db()
    return review


@pytest.fixture
def move(requester: User, models: StandInModels, random_vectors) -> Callable[..., FaceCorrection]:
    def box_of(review: Review, actor: User = requester) -> FaceCorrection:
        return correcting.move_face(actor=actor, face=review.probe.face, box=BOX)

    models.in_box, models.vectors = SEEN, [random_vectors()]
    return box_of


def knows_of(client: Client, viewer: User, review: Review) -> bool:
    """Whether any page tells the viewer what a review came to; all of them do, or none."""
    client.force_login(viewer)
    case, conclusion = review.case.get_absolute_url(), reverse("review:conclusion", args=[review.pk])
    page = client.get(case).content.decode()
    cases = client.get(reverse("identification:cases")).content.decode()
    telling = {
        FOUND in page.lower(),
        conclusion in page,
        "Before the face was corrected" in page,
        FOUND in cases.lower(),
        client.get(conclusion).status_code == 200,
    }
    assert len(telling) == 1, (viewer, page)
    return telling.pop()


def test_outcome_about_a_replaced_face_is_hidden_from_who_could_be_asked_again_until_the_new_review_has_ended(
    concluded: Review, move, people: list[Person], third_reviewer: User, adjudicator: User, person_with, client: Client
) -> None:
    def told() -> set[bool]:
        return {knows_of(client, viewer, concluded) for viewer in (third_reviewer, adjudicator)}

    correction = move(concluded)
    assert told() == {False}, "while the box is read"
    again = read_and_searched(correction)
    assert told() == {False}, "while the new review is open"
    factories.signed(third_reviewer, people[0])
    another = person_with("another_reviewer", Role.REVIEWER)
    assert told() == {False}, "while the new review is unfinished"
    factories.signed(another, people[0])
    again.refresh_from_db()
    assert again.state == "concluded"
    assert told() == {True}


def test_outcome_about_a_face_that_was_taken_away_stays_hidden_because_it_may_be_drawn_anew(
    concluded: Review, requester: User, third_reviewer: User, client: Client
) -> None:
    correcting.remove_face(actor=requester, face=concluded.probe.face)
    assert not knows_of(client, third_reviewer, concluded)


def test_who_is_not_asked_again_still_reads_what_was_concluded(
    concluded: Review, move, requester: User, auditor: User, client: Client
) -> None:
    read_and_searched(move(concluded))
    assert knows_of(client, requester, concluded)
    assert knows_of(client, auditor, concluded)


def test_who_signed_is_told_of_the_outcome_as_before(concluded: Review, move, first_reviewer: User) -> None:
    move(concluded)
    assert concluded in selectors.reviews_of(first_reviewer, concluded.case)


def test_who_signed_about_a_face_is_not_asked_about_it_again(
    concluded: Review, move, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    again = read_and_searched(move(concluded))
    for reviewer in (first_reviewer, second_reviewer):
        assert queue.take_next(actor=reviewer) is None, "was shown names, ranks and scores"
    assert factories.taken(third_reviewer).review == again


def test_who_read_the_conclusion_about_a_face_is_not_asked_about_it_again(
    concluded: Review, move, third_reviewer: User, adjudicator: User, person_with, client: Client
) -> None:
    client.force_login(third_reviewer)
    assert client.get(reverse("review:conclusion", args=[concluded.pk])).status_code == 200
    again = read_and_searched(move(concluded))
    assert queue.take_next(actor=third_reviewer) is None
    assert factories.taken(person_with("another_reviewer", Role.REVIEWER)).review == again


def test_who_signed_about_one_face_is_still_given_another_of_the_photograph(
    concluded: Review, requester: User, models: StandInModels, random_vectors, encoder: Encoder, first_reviewer: User
) -> None:
    correcting.remove_face(actor=requester, face=concluded.probe.face)  # lies from 10 to 50
    models.in_box, models.vectors = SEEN, [random_vectors()]
    box = type(BOX)(51, 51, 12, 12)
    again = read_and_searched(correcting.add_face(actor=requester, photograph=concluded.probe.photograph, box=box))
    assert factories.taken(first_reviewer).review == again


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ADJUDICATOR])
def test_who_drew_the_box_does_not_judge_what_is_in_it(
    review: Review, move, people: list[Person], first_reviewer: User, second_reviewer: User, person_with, role: Role
) -> None:
    corrector = person_with("corrector", Role.INTAKE, role)
    again = read_and_searched(move(review, corrector))
    if role == Role.ADJUDICATOR:
        factories.signed(first_reviewer, people[0])
        factories.signed(second_reviewer)
        again.refresh_from_db()
        assert again.state == "discordant"
    assert corrector not in (again.requested_by, again.case.opened_by)
    assert queue.take_next(actor=corrector) is None
    permitted = policies.can_review if role == Role.REVIEWER else policies.can_adjudicate
    assert not permitted(corrector, again)
    assert permitted(person_with("another", role), again)
    assert queue.take_next(actor=User.objects.get(username="another")).review == again


def test_faces_as_the_detector_found_them_are_given_to_everybody_who_did_not_ask(
    review: Review, first_reviewer: User
) -> None:
    assert policies.can_review(first_reviewer, review)
    assert factories.taken(first_reviewer).review == review
