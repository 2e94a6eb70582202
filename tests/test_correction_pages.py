"""The page on which faces are corrected, and what is said of faces that are hard to compare."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from PIL import Image

from accounts.models import User
from audit.models import Entry
from demo.cast import Cast, degrade
from identification.models import Case, Encoder, Face, FaceCorrection, Gallery, Photograph, Probe
from identification.recognition import quality, runtime
from identification.selectors import progress_of
from identification.services import correction as correcting
from identification.services import intake, probes
from identification.services.work import run_job
from review.models import Review
from tests import factories
from tests.audit_fixtures import written
from tests.conftest import StandInModels
from tests.correction_scene import BOX, LANDMARKS, photograph_with, read, reference_with, standing
from tests.world import read as taken_in

NUMBERS = {"left": 12, "top": 14, "width": 30, "height": 36, "face": ""}
POINTS = {
    f"landmark_{number}_{axis}": LANDMARKS[2 * number + place] for number in range(5) for place, axis in enumerate("xy")
}


@pytest.fixture
def photograph(requester: User, case: Case, encoder: Encoder, random_vectors) -> Photograph:
    return photograph_with(requester, case, encoder, random_vectors(), random_vectors())


@pytest.fixture
def intake_desk(client: Client, requester: User) -> Client:
    client.force_login(requester)
    return client


def page_of(photograph: Photograph) -> str:
    return reverse("identification:faces", args=[photograph.pk])


def text_of(answer: Any) -> str:
    return answer.content.decode()


def test_page_shows_each_face_with_its_box_and_one_form(intake_desk: Client, photograph: Photograph) -> None:
    page = text_of(intake_desk.get(page_of(photograph)))
    for face in standing(photograph):
        assert f'data-face="{face.pk}"' in page
        assert reverse("identification:remove-face", args=[face.pk]) in page
    assert page.count('class="primary') == 1
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", page), "the policy allows nothing inline"


def test_numbers_draw_a_new_box_or_move_one(intake_desk: Client, photograph: Photograph, requester: User) -> None:
    first, second = standing(photograph)
    answer = intake_desk.post(page_of(photograph), NUMBERS, follow=True)
    assert "The box is being read" in text_of(answer)
    assert "Being read" in text_of(answer)
    intake_desk.post(page_of(photograph), NUMBERS | POINTS | {"face": str(second.pk)})
    added, moved = FaceCorrection.objects.order_by("corrected_at")
    assert (added.kind, added.box, added.landmarks) == ("added", BOX, None)
    assert (moved.kind, moved.finding, moved.landmarks, moved.corrected_by) == ("moved", second, LANDMARKS, requester)
    assert standing(photograph) == [first]


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"width": 2}, "The box is too small"),
        ({"left": 4000}, "lies mostly outside of the photograph"),
        ({"left": ""}, "This field is required."),
        ({"left": "nan"}, "Enter a number."),
        ({"landmark_0_x": 3}, "Place all five"),
        (POINTS | {"landmark_2_y": 60}, "don't lie as in a face"),
        ({"face": "00000000-0000-0000-0000-000000000000"}, "Somebody has corrected this face already."),
    ],
)
def test_what_cannot_be_a_face_comes_back_with_a_sentence(
    intake_desk: Client, photograph: Photograph, sent: dict[str, Any], sentence: str
) -> None:
    answer = intake_desk.post(page_of(photograph), NUMBERS | sent)
    assert escape(sentence) in text_of(answer)
    assert 'name="height" value="36"' in text_of(answer), "what was drawn is kept"
    assert not FaceCorrection.objects.exists()


def test_taking_out_asks_first_and_says_what_happens(intake_desk: Client, photograph: Photograph) -> None:
    face = standing(photograph)[0]
    address = reverse("identification:remove-face", args=[face.pk])
    question = text_of(intake_desk.get(address))
    assert "A review of it that is under way is withdrawn, what was signed in it is void" in question
    assert not FaceCorrection.objects.exists()
    answer = intake_desk.post(address, follow=True)
    assert answer.redirect_chain == [(page_of(photograph), 302)]
    assert "Taken out by Requester" in text_of(answer)
    assert "corrected this face already" in text_of(intake_desk.post(address, follow=True))


def test_landmarks_are_asked_for_on_a_page_of_their_own(
    intake_desk: Client, photograph: Photograph, requester: User, models: StandInModels, random_vectors
) -> None:
    drawn = correcting.add_face(actor=requester, photograph=photograph, box=BOX)
    address = reverse("identification:landmarks", args=[drawn.pk])
    assert intake_desk.get(address).headers["Location"] == page_of(photograph), "not before a worker has looked"
    read(drawn)
    assert address in text_of(intake_desk.get(page_of(photograph)))
    assert address in text_of(intake_desk.get(photograph.case.get_absolute_url()))
    page = text_of(intake_desk.get(address))
    assert reverse("identification:box-image", args=[drawn.pk]) in page
    assert intake_desk.post(address, POINTS).headers["Location"] == page_of(photograph)
    models.vectors = [random_vectors()]
    read(drawn)
    assert drawn.face.landmarks == LANDMARKS
    assert "eyes, nose and mouth placed by hand" in text_of(intake_desk.get(page_of(photograph)))


def test_looking_at_a_drawn_box_is_on_record(
    intake_desk: Client, photograph: Photograph, requester: User, models: StandInModels
) -> None:
    drawn = correcting.add_face(actor=requester, photograph=photograph, box=BOX)
    read(drawn)
    taken_in(intake_desk.get(reverse("identification:box-image", args=[drawn.pk])))
    entry = Entry.objects.get(kind="identification:photograph:viewed/1")
    assert (entry.subject_id, entry.actor) == (str(photograph.pk), requester)
    assert '"variant":"box"' in written(entry)


def test_box_is_left_out_from_its_row(intake_desk: Client, photograph: Photograph, requester: User) -> None:
    drawn = correcting.add_face(actor=requester, photograph=photograph, box=BOX)
    intake_desk.post(reverse("identification:dismiss-correction", args=[drawn.pk]))
    drawn.refresh_from_db()
    assert drawn.state == "dismissed"
    assert "Being read" not in text_of(intake_desk.get(page_of(photograph)))


@pytest.mark.parametrize("name", ["first_reviewer", "auditor", "administrator"])
def test_pages_of_correction_are_closed_to_others_of_the_agency(
    client: Client, request: pytest.FixtureRequest, photograph: Photograph, requester: User, name: str
) -> None:
    drawn = correcting.add_face(actor=requester, photograph=photograph, box=BOX)
    client.force_login(request.getfixturevalue(name))
    face = standing(photograph)[0]
    for address in (
        page_of(photograph),
        reverse("identification:remove-face", args=[face.pk]),
        reverse("identification:landmarks", args=[drawn.pk]),
        reverse("identification:dismiss-correction", args=[drawn.pk]),
    ):
        assert client.post(address, NUMBERS).status_code == 403
    assert FaceCorrection.objects.get().state == "waiting"


def test_photograph_that_waits_or_was_proposed_offers_no_form(
    intake_desk: Client, requester: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors
) -> None:
    waiting = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    assert isinstance(waiting, Photograph)
    assert "waits to be read" in text_of(intake_desk.get(page_of(waiting)))
    reference = reference_with(requester, gallery, encoder, random_vectors())
    factories.searched(requester, case, encoder, random_vectors())
    page = text_of(intake_desk.get(page_of(reference.photograph)))
    assert "This reference is in use as evidence and stays as it is." in page
    assert "proposed" not in page, "who corrects isn't told of candidate lists"
    assert 'id="edit"' not in page


def test_refused_reference_leads_to_its_correction(
    intake_desk: Client, requester: User, gallery: Gallery, encoder: Encoder, random_vectors
) -> None:
    reference = reference_with(requester, gallery, encoder, random_vectors(), random_vectors())
    page = text_of(intake_desk.get(gallery.get_absolute_url()))
    assert page_of(reference.photograph) in page


# What makes a face hard to compare

POOR = {"inter_eye_distance": 9.0}


def poor(face: Face, worth: float = 5.0) -> str:
    """Make a face a poor one; return the sentence that says so."""
    Face.objects.filter(pk=face.pk).update(measures=POOR, quality=worth)
    (note,) = quality.notes(POOR)
    return note


def test_case_page_says_in_words_what_is_wrong_with_a_face_and_gives_no_grade(
    intake_desk: Client, photograph: Photograph
) -> None:
    note = poor(standing(photograph)[0], 12.345)
    page = text_of(intake_desk.get(photograph.case.get_absolute_url()))
    assert page.count(escape(note)) == 1
    assert "12.3" not in page
    Face.objects.update(measures={}, quality=None)
    assert 'class="notes"' not in text_of(intake_desk.get(photograph.case.get_absolute_url()))


def test_best_of_several_faces_that_wait_to_be_chosen_comes_first(
    requester: User, case: Case, encoder: Encoder, random_vectors
) -> None:
    photograph = photograph_with(requester, case, encoder, *(random_vectors() for _ in range(4)))
    for face, worth in zip(standing(photograph), (30.0, None, 10.0, 80.0), strict=True):
        Face.objects.filter(pk=face.pk).update(quality=worth)
    probes.choose_probe(actor=requester, face=standing(photograph)[2])
    (shown,) = progress_of(requester, case).photographs
    assert [face.ordinal for face in shown.faces.all()] == [3, 4, 1, 2], "asked about, then the best first"


def test_reviewer_reads_what_was_measured_before_recording_what_the_photograph_is_good_for(
    review: Review, first_reviewer: User, client: Client
) -> None:
    note = poor(review.probe.face)
    place = factories.taken(first_reviewer)
    client.force_login(first_reviewer)
    client.post(reverse("review:reveal", args=[place.pk]), {"picture": "face"})
    assert escape(note) in text_of(client.get(reverse("review:probe", args=[place.pk])))
    factories.worked_through(first_reviewer, assignment=place)
    assert escape(note) not in text_of(client.get(reverse("review:candidates", args=[place.pk])))


def test_gallery_lists_references_worth_replacing(
    intake_desk: Client, requester: User, gallery: Gallery, encoder: Encoder, random_vectors
) -> None:
    reference = reference_with(requester, gallery, encoder, random_vectors())
    page = text_of(intake_desk.get(gallery.get_absolute_url()))
    assert "worth replacing" not in page
    note = poor(reference.face)
    page = text_of(intake_desk.get(gallery.get_absolute_url()))
    assert "1 reference worth replacing" in page
    assert escape(note) in page


# With the real detector


@pytest.mark.parametrize("turns", range(4))
def test_detector_finds_the_landmarks_of_a_fictional_person_in_a_drawn_box_whichever_way_up(
    requester: User, case: Case, encoder: Encoder, monkeypatch: pytest.MonkeyPatch, random_vectors, turns: int
) -> None:
    stand_in = StandInModels()
    stand_in.vectors = [random_vectors()]
    monkeypatch.setattr(runtime, "encoder", lambda *_, **__: stand_in)
    cast = Cast(seed=5)
    picture = cast.photograph(cast.person(2), shot=2).rotate(-90 * turns, expand=True)
    file = factories.ContentFile(degrade.to_jpeg(picture), name="portrait.jpg")
    photograph = intake.receive_photograph(actor=requester, file=file, case=case)
    assert isinstance(photograph, Photograph)
    factories.analysed(photograph, encoder)
    Photograph.objects.filter(pk=photograph.pk).update(width=picture.width, height=picture.height)
    box = _around_the_face(picture, turns)
    correction = correcting.add_face(actor=requester, photograph=photograph, box=box)
    read(correction)
    assert correction.state == "done"
    assert correction.face.found_at == 90 * turns
    assert correction.face.as_detected().box == box
    assert correction.face.quality is not None
    assert run_job(job_id=factories.Job.objects.get(subject_id=Probe.objects.get().pk).pk) is None


def _around_the_face(picture: Image.Image, turns: int) -> Any:
    """The box around the face of that portrait, which lies from (140, 140) to (324, 380) when upright."""
    from identification.recognition.alignment import turn_back
    from identification.recognition.types import Box

    corners = [(140.0, 140.0), (324.0, 380.0)]
    width, height = turn_back(picture, 90 * turns).size
    for _ in range(turns):
        corners = [(height - y, x) for x, y in corners]
        width, height = height, width
    return Box.around(corners)
