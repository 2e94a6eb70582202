"""A review of a face that was corrected is withdrawn, and begins again with the corrected one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from identification.models import Case, Encoder, FaceCorrection, Job, Person, Photograph, Probe
from identification.services import correction as correcting
from identification.services.work import run_job
from review.errors import ReviewWithdrawn
from review.models import Assessment, Assignment, Conclusion, Review, ReviewState
from review.services import queue
from review.services.assessment import sign_assessment
from review.standing import standing_of_case
from tests import factories
from tests.conftest import PASSWORD, StandInModels
from tests.correction_scene import BOX, ELSEWHERE, SEEN, read_and_searched
from tests.review_steps import entries
from tests.threads import in_threads


@pytest.fixture
def move(requester: User, models: StandInModels, random_vectors) -> Callable[[Review], FaceCorrection]:
    def box_of(review: Review) -> FaceCorrection:
        return correcting.move_face(actor=requester, face=review.probe.face, box=BOX)

    models.in_box, models.vectors = SEEN, [random_vectors()]
    return box_of


def test_unfinished_review_of_a_moved_face_is_withdrawn_and_begins_again(
    review: Review, move: Callable[[Review], FaceCorrection], requester: User
) -> None:
    correction = move(review)
    review.refresh_from_db()
    assert review.state == ReviewState.WITHDRAWN
    entry = Entry.objects.get(kind="review:review:withdrawn/2")
    assert (entry.subject_id, entry.actor, entry.purpose) == (str(review.pk), requester, review.case.purpose)
    again = read_and_searched(correction)
    assert (again.state, again.requested_by, again.case) == ("open", review.requested_by, review.case)
    assert standing_of_case([review, again]) == "waiting for reviewers"
    assert standing_of_case([review]) == "open"


def test_review_of_a_removed_face_is_withdrawn(review: Review, requester: User) -> None:
    correcting.remove_face(actor=requester, face=review.probe.face)
    review.refresh_from_db()
    assert review.state == ReviewState.WITHDRAWN
    assert Review.objects.count() == 1


def test_review_of_another_face_goes_on(review: Review, requester: User, models: StandInModels) -> None:
    correcting.add_face(actor=requester, photograph=review.probe.photograph, box=ELSEWHERE)
    review.refresh_from_db()
    assert review.state == ReviewState.OPEN


def test_withdrawing_and_correcting_stand_or_fall_together(
    review: Review, requester: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("the log can't be written")

    monkeypatch.setattr("review.services.withdrawal.record", fail)
    with pytest.raises(RuntimeError):
        correcting.remove_face(actor=requester, face=review.probe.face)
    review.refresh_from_db()
    assert (review.state, FaceCorrection.objects.count()) == ("open", 0)


def test_correction_goes_through_when_somebody_has_signed_and_makes_the_signatures_void(
    review: Review, people: list[Person], move, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    """To refuse it would tell intake that somebody has signed, and keep people signing about the wrong box."""
    factories.signed(first_reviewer, people[0])
    factories.signed(second_reviewer)
    again = read_and_searched(move(review))
    review.refresh_from_db()
    assert (review.state, review.withdrawn_because) == ("withdrawn", "face_corrected")
    payload = Entry.objects.get(kind="review:review:withdrawn/2").payload
    assert (payload["cause"], payload["signatures"]) == ("face_corrected", 2)
    assert (again.refers_to, again.state) == (review, "open")
    assert review.assessments.count() == 2, "void, but never erased"
    assert factories.taken(third_reviewer).review == again
    assert queue.take_next(actor=first_reviewer) is None, "who signed has seen the list and is not asked again"


def test_correction_page_answers_the_same_whether_or_not_somebody_has_signed(
    review: Review, requester: User, first_reviewer: User, client: Client, models: StandInModels
) -> None:
    face = review.probe.face
    factories.signed(first_reviewer)
    client.force_login(requester)
    page = client.post(reverse("identification:remove-face", args=[face.pk]), follow=True).content.decode()
    assert "has signed" not in page
    assert FaceCorrection.objects.filter(finding=face).exists()


def test_only_who_signed_is_told_that_it_is_void(
    review: Review, move, first_reviewer: User, second_reviewer: User, client: Client
) -> None:
    factories.signed(first_reviewer)
    move(review)
    client.force_login(first_reviewer)
    assert "is void" in client.get(reverse("review:queue")).content.decode()
    client.force_login(second_reviewer)
    assert "is void" not in client.get(reverse("review:queue")).content.decode()


def test_concluded_review_stands_and_the_new_face_gets_a_new_one(
    review: Review, people: list[Person], move, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    factories.signed(first_reviewer, people[0])
    factories.signed(second_reviewer, people[0])
    again = read_and_searched(move(review))
    review.refresh_from_db()
    assert (review.state, again.state) == ("concluded", "open")
    assert entries("review:review:withdrawn") == 0
    assert standing_of_case([review, again]) == "potential identification, being reviewed again"
    assert factories.taken(third_reviewer).review == again


@pytest.mark.parametrize("step", ["work", "probe", "candidates", "conclude", "decline"])
def test_reviewer_is_told_at_the_next_step_and_can_ask_for_the_next_case(
    review: Review, move, first_reviewer: User, client: Client, step: str
) -> None:
    place = factories.worked_through(first_reviewer)
    again = read_and_searched(move(review))
    client.force_login(first_reviewer)
    answer = client.get(reverse(f"review:{step}", args=[place.pk]), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("review:queue")
    assert "has been withdrawn and begins again" in answer.content.decode()
    assert client.post(reverse("review:next")).headers["Location"] == again.assignments.get().get_absolute_url()


def test_form_sent_after_the_withdrawal_gets_the_sentence(
    review: Review, move, first_reviewer: User, client: Client
) -> None:
    place = factories.taken(first_reviewer)
    client.force_login(first_reviewer)
    move(review)
    answer = client.post(reverse("review:probe", args=[place.pk]), {"suitability": "suitable"}, follow=True)
    assert "has been withdrawn" in answer.content.decode()
    assert not Entry.objects.filter(kind="review:analysis:recorded/1").exists()


def test_services_refuse_a_step_in_a_withdrawn_review(review: Review, move, first_reviewer: User) -> None:
    place = factories.worked_through(first_reviewer)
    move(review)
    with pytest.raises(ReviewWithdrawn):
        queue.keep_place(place)
    with pytest.raises(ReviewWithdrawn):
        _sign(place)
    assert not Assessment.objects.exists()


def test_search_that_ends_after_the_correction_opens_no_review(
    requester: User, case: Case, encoder: Encoder, people: list[Person], random_vectors
) -> None:
    photograph = factories.intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    factories.analysed(photograph, encoder, random_vectors())
    probe = Probe.objects.get(photograph=photograph)
    correcting.remove_face(actor=requester, face=probe.face)
    run_job(job_id=Job.objects.get(subject_id=probe.pk).pk)
    assert (Review.objects.count(), probe.searches.count()) == (0, 0)


def test_case_page_shows_standing_faces_and_tells_of_corrections(
    review: Review, people: list[Person], move, requester: User, first_reviewer: User, second_reviewer: User,
    client: Client,
) -> None:  # fmt: skip
    correction = move(review)
    client.force_login(requester)
    page = client.get(review.case.get_absolute_url()).content.decode()
    assert "moved the box of face 1" in page
    assert "and the review under way was withdrawn" in page
    assert "is being read" in page
    assert 'id="refresh"' in page, "it asks again while the box is read"
    again = read_and_searched(correction)
    for reviewer in (first_reviewer, second_reviewer):
        factories.signed(reviewer, people[0])
    page = client.get(review.case.get_absolute_url()).content.decode()
    assert page.count(f'"{reverse("review:conclusion", args=[again.pk])}"') == 2, (
        "at the photograph and in the timeline"
    )
    correcting.remove_face(actor=requester, face=correction.face)
    page = client.get(review.case.get_absolute_url()).content.decode()
    assert "Before the face was corrected: potential identification." in page


def _sign(place: Assignment) -> Assessment:
    return sign_assessment(
        actor=place.reviewer,
        assignment=Assignment.objects.get(pk=place.pk),
        rationale="None of these people.",
        level=-2,
        password=PASSWORD,
    )


@pytest.mark.parametrize("number", [2, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.django_db(transaction=True)
def test_signing_and_correcting_at_once_is_one_before_the_other(
    number: int,
    requester: User,
    case: Case,
    encoder: Encoder,
    people: list[Person],
    random_vectors,
    first_reviewer: User,
) -> None:
    came_first = {"signature": 0, "correction": 0}
    for review, place in _ready(requester, case, encoder, random_vectors, first_reviewer, number=number):

        def act(which: int, review: Review = review, place: Assignment = place) -> Any:
            try:
                return correcting.remove_face(actor=requester, face=review.probe.face) if which else _sign(place)
            except ReviewWithdrawn as refusal:
                return refusal

        results = {type(result) for result in in_threads(2, act)}
        review.refresh_from_db()
        place.refresh_from_db()
        signed = review.assessments.exists()
        assert results == {Assessment if signed else ReviewWithdrawn, FaceCorrection}
        assert (review.state, place.state) == ("withdrawn", "signed" if signed else "lapsed")
        came_first["signature" if signed else "correction"] += 1
    assert entries("review:review:withdrawn") == number
    assert sum(came_first.values()) == number


@pytest.mark.parametrize("number", [2, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.django_db(transaction=True)
def test_correction_at_once_with_the_last_signature_withdraws_or_finds_it_concluded(
    number: int, requester: User, case: Case, encoder: Encoder, people: list[Person], random_vectors,
    first_reviewer: User, second_reviewer: User,
) -> None:  # fmt: skip
    for review, place in _ready(requester, case, encoder, random_vectors, first_reviewer, number=number):
        _sign(place)
        last = factories.worked_through(second_reviewer)

        def act(which: int, review: Review = review, last: Assignment = last) -> Any:
            try:
                return correcting.remove_face(actor=requester, face=review.probe.face) if which else _sign(last)
            except ReviewWithdrawn as refusal:
                return refusal

        results = {type(result) for result in in_threads(2, act)}
        review.refresh_from_db()
        concluded = Conclusion.objects.filter(review=review).exists()
        assert results == {Assessment if concluded else ReviewWithdrawn, FaceCorrection}
        assert (review.state, review.assessments.count()) == (("concluded", 2) if concluded else ("withdrawn", 1))


def _ready(
    requester: User, case: Case, encoder: Encoder, vectors: Callable, reviewer: User, *, number: int
) -> Iterator[tuple[Review, Assignment]]:
    """One review after the other, with a place of which everything is done but the signature."""
    for _ in range(number):
        photograph = factories.intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
        assert isinstance(photograph, Photograph)
        factories.analysed(photograph, encoder, vectors())
        probe = Probe.objects.get(photograph=photograph)
        run_job(job_id=Job.objects.get(subject_id=probe.pk).pk)
        yield Review.objects.get(probe=probe), factories.worked_through(reviewer)
