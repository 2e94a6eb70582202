"""A person adds, moves or takes away a box. What was found stays as it was; what is drawn is what gets embedded."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from accounts.models import Role, User
from audit.models import Entry
from identification.errors import IdentificationError, NotPermitted, NotSearchable
from identification.models import Case, Embedding, Encoder, Face, FaceCorrection, Job, Photograph, Probe, Search
from identification.recognition.finds import nearest_quarter_turn
from identification.recognition.types import Box
from identification.selectors import progress_of
from identification.services import correction as correcting
from identification.services import probes
from identification.services.geometry import as_landmarks, check_box, check_landmarks
from identification.services.work import run_job
from tests.conftest import StandInModels
from tests.correction_scene import BOX, ELSEWHERE, LANDMARKS, SEEN, photograph_with, read, standing
from tests.threads import in_threads


def test_box_drawn_where_nothing_was_found_becomes_a_face_and_is_searched_for(
    requester: User, case: Case, encoder: Encoder, models: StandInModels, random_vectors
) -> None:
    photograph = photograph_with(requester, case, encoder)
    models.in_box, models.vectors = SEEN, [random_vectors()]
    correction = correcting.add_face(actor=requester, photograph=photograph, box=BOX)
    assert (correction.kind, correction.state, correction.corrected_by) == ("added", "waiting", requester)
    read(correction)
    (face,) = standing(photograph)
    assert (correction.state, correction.face) == ("done", face)
    assert face.as_detected().box == BOX, "the box stays as the person drew it"
    assert face.landmarks == [c for point in SEEN.landmarks for c in point]
    assert (face.detector, face.confidence) == ("by hand, landmarks by stand-in 1", SEEN.confidence)
    assert Embedding.objects.get(face=face).encoder == encoder
    probe = Probe.objects.get(face=face)
    run_job(job_id=Job.objects.get(subject_id=probe.pk).pk)
    assert Search.objects.filter(probe=probe).exists()


def test_moved_box_gives_a_new_face_beside_the_finding_as_it_was(
    requester: User, case: Case, encoder: Encoder, models: StandInModels, random_vectors
) -> None:
    photograph = photograph_with(requester, case, encoder, random_vectors())
    (finding,) = standing(photograph)
    before = Face.objects.filter(pk=finding.pk).values().get()
    models.in_box, models.vectors = SEEN, [random_vectors()]
    correction = correcting.move_face(actor=requester, face=finding, box=BOX)
    assert standing(photograph) == []
    read(correction)
    (face,) = standing(photograph)
    assert (face.placement, face.placement.finding, face.ordinal) == (correction, finding, 2)
    assert Face.objects.filter(pk=finding.pk).values().get() == before
    assert Probe.objects.filter(face=face).exists(), "the finding was asked about, so the face that replaces it is too"


def test_landmarks_placed_with_the_box_are_taken_as_they_are(
    requester: User, case: Case, encoder: Encoder, models: StandInModels, random_vectors
) -> None:
    photograph = photograph_with(requester, case, encoder)
    models.vectors = [random_vectors()]
    read(correcting.add_face(actor=requester, photograph=photograph, box=BOX, landmarks=LANDMARKS))
    (face,) = standing(photograph)
    assert (face.landmarks, face.detector, face.roll, face.confidence) == (LANDMARKS, "by hand", 0.0, 1.0)


def test_person_is_asked_for_landmarks_where_the_detector_sees_none(
    requester: User, case: Case, encoder: Encoder, models: StandInModels, random_vectors
) -> None:
    photograph = photograph_with(requester, case, encoder)
    correction = correcting.add_face(actor=requester, photograph=photograph, box=BOX)
    read(correction)
    assert (correction.state, correction.face, standing(photograph)) == ("landmarks", None, [])
    models.vectors = [random_vectors()]
    turned = [64 - x for x in LANDMARKS]  # the same face upside down
    correcting.place_landmarks(actor=requester, correction=correction, landmarks=turned)
    read(correction)
    (face,) = standing(photograph)
    assert (face.landmarks, face.detector, face.found_at) == (turned, "by hand", 180)
    assert abs(face.roll) == 180
    assert Job.objects.filter(kind=Job.Kind.PLACE_FACE, state=Job.State.DONE).count() == 2


def test_removing_the_only_face_leaves_a_photograph_without_any(
    requester: User, case: Case, encoder: Encoder, random_vectors
) -> None:
    photograph = photograph_with(requester, case, encoder, random_vectors())
    (face,) = standing(photograph)
    correction = correcting.remove_face(actor=requester, face=face)
    assert (correction.kind, correction.state, correction.finding) == ("removed", "done", face)
    assert standing(photograph) == []
    assert progress_of(requester, case).faces == 0
    assert not Job.objects.filter(kind=Job.Kind.PLACE_FACE).exists()


def test_box_that_was_left_out_becomes_no_face_even_when_a_worker_reads_it(
    requester: User, case: Case, encoder: Encoder, models: StandInModels, random_vectors
) -> None:
    photograph = photograph_with(requester, case, encoder)
    models.in_box, models.vectors = SEEN, [random_vectors()]
    correction = correcting.add_face(actor=requester, photograph=photograph, box=BOX)
    correcting.dismiss_correction(actor=requester, correction=correction)
    read(correction)
    assert (correction.state, standing(photograph)) == ("dismissed", [])
    assert not Face.objects.filter(photograph=photograph).exists()


def test_second_face_waits_to_be_chosen(
    requester: User, case: Case, encoder: Encoder, models: StandInModels, random_vectors
) -> None:
    photograph = photograph_with(requester, case, encoder, random_vectors())
    models.in_box, models.vectors = SEEN, [random_vectors()]
    read(correcting.add_face(actor=requester, photograph=photograph, box=ELSEWHERE))
    first, second = standing(photograph)
    assert Probe.objects.filter(face=first).exists()
    assert not Probe.objects.filter(face=second).exists()


def test_nobody_is_asked_about_while_another_box_of_the_photograph_waits(
    requester: User, case: Case, encoder: Encoder, models: StandInModels, random_vectors
) -> None:
    photograph = photograph_with(requester, case, encoder)
    models.in_box, models.vectors = SEEN, [random_vectors()]
    drawn = [correcting.add_face(actor=requester, photograph=photograph, box=box) for box in (BOX, ELSEWHERE)]
    read(*drawn)
    assert len(standing(photograph)) == 2
    assert not Probe.objects.exists(), "with several faces a person says whom they ask about"


def test_replaced_face_is_neither_chosen_nor_searched_for(
    requester: User, case: Case, encoder: Encoder, random_vectors
) -> None:
    photograph = photograph_with(requester, case, encoder, random_vectors(), random_vectors())
    first, second = standing(photograph)
    probe = probes.choose_probe(actor=requester, face=first)
    for face in (first, second):
        correcting.remove_face(actor=requester, face=face)
    run_job(job_id=Job.objects.get(subject_id=probe.pk).pk)
    assert not Search.objects.exists()
    with pytest.raises(NotSearchable, match="corrected meanwhile"):
        probes.choose_probe(actor=requester, face=second)
    with pytest.raises(NotSearchable, match="corrected meanwhile"):
        probes.search_again(actor=requester, probe=probe)


def test_reading_that_fails_again_and_again_asks_the_person(
    requester: User, case: Case, encoder: Encoder, models: StandInModels, settings
) -> None:
    photograph = photograph_with(requester, case, encoder)
    correction = correcting.add_face(actor=requester, photograph=photograph, box=BOX)
    models.failure = RuntimeError("out of order")
    for _ in range(settings.JOB_MAX_ATTEMPTS):
        run_job(job_id=Job.objects.get(subject_id=correction.pk).pk)
    correction.refresh_from_db()
    assert (correction.state, Job.objects.get(subject_id=correction.pk).state) == ("landmarks", "quarantined")
    correcting.place_landmarks(actor=requester, correction=correction, landmarks=LANDMARKS)
    assert Job.objects.filter(subject_id=correction.pk, state="due").count() == 1


def test_running_the_job_twice_makes_one_face(
    requester: User, case: Case, encoder: Encoder, models: StandInModels, random_vectors
) -> None:
    photograph = photograph_with(requester, case, encoder)
    models.in_box, models.vectors = SEEN, [random_vectors()]
    correction = correcting.add_face(actor=requester, photograph=photograph, box=BOX)
    read(correction)
    run_job(job_id=Job.objects.get(subject_id=correction.pk).pk)
    assert len(standing(photograph)) == 1


# Who may


@pytest.mark.parametrize("name", ["first_reviewer", "auditor", "administrator", "outsider"])
def test_case_photographs_are_corrected_by_intake_alone(
    request: pytest.FixtureRequest, requester: User, case: Case, encoder: Encoder, random_vectors, name: str
) -> None:
    photograph = photograph_with(requester, case, encoder, random_vectors())
    (face,) = standing(photograph)
    actor = request.getfixturevalue(name)
    drawn = correcting.add_face(actor=requester, photograph=photograph, box=BOX)
    for call in _calls(actor, photograph, face, drawn):
        with pytest.raises(NotPermitted, match="needs the intake role"):
            call()
    assert standing(photograph) == [face]


def _calls(actor: User, photograph: Photograph, face: Face, drawn: FaceCorrection) -> list[Callable[[], Any]]:
    return [
        lambda: correcting.add_face(actor=actor, photograph=photograph, box=BOX),
        lambda: correcting.move_face(actor=actor, face=face, box=BOX),
        lambda: correcting.remove_face(actor=actor, face=face),
        lambda: correcting.place_landmarks(actor=actor, correction=drawn, landmarks=LANDMARKS),
        lambda: correcting.dismiss_correction(actor=actor, correction=drawn),
    ]


def test_photograph_that_was_not_read_cannot_be_corrected(requester: User, photograph: Photograph) -> None:
    with pytest.raises(IdentificationError, match="has not been read"):
        correcting.add_face(actor=requester, photograph=photograph, box=BOX)


# On record


def test_each_correction_leaves_one_entry_of_ids_and_numbers(
    requester: User, case: Case, encoder: Encoder, models: StandInModels, random_vectors
) -> None:
    photograph = photograph_with(requester, case, encoder, random_vectors(), random_vectors())
    first, second = standing(photograph)
    last = Entry.objects.latest("id").pk
    added = correcting.add_face(actor=requester, photograph=photograph, box=BOX)
    read(added)
    correcting.place_landmarks(actor=requester, correction=added, landmarks=LANDMARKS)
    correcting.dismiss_correction(actor=requester, correction=added)
    correcting.move_face(actor=requester, face=first, box=ELSEWHERE, landmarks=None)
    correcting.remove_face(actor=requester, face=second)
    entries = [entry.leaf | {"payload": entry.payload} for entry in Entry.objects.filter(pk__gt=last).order_by("id")]
    happened = [entry["kind"].removeprefix("identification:face:").removesuffix("/1") for entry in entries]
    assert happened == ["added", "read", "placed", "dismissed", "moved", "removed"]
    assert {entry["subject_id"] for entry in entries} == {str(photograph.pk)}
    assert {entry["purpose"] for entry in entries} == {case.purpose}
    assert entries[0]["payload"] == {"correction": str(added.pk), "box": ["12.00", "14.00", "30.00", "36.00"]}
    assert entries[1]["payload"]["outcome"] == "landmarks-needed"
    assert entries[4]["payload"]["finding"] == str(first.pk)


# Two people at once


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_correct_one_finding_at_once_the_first_wins(
    requester: User, person_with, case: Case, encoder: Encoder, random_vectors
) -> None:
    colleague = person_with("colleague", Role.INTAKE)
    photograph = photograph_with(requester, case, encoder, *(random_vectors() for _ in range(12)))
    for face in standing(photograph):

        def correct(which: int, face: Face = face) -> object:
            actor = User.objects.get(pk=(requester.pk, colleague.pk)[which])
            try:
                return correcting.move_face(actor=actor, face=Face.objects.get(pk=face.pk), box=BOX)
            except correcting.StaleCorrection as error:
                return str(error)

        results = in_threads(2, correct)
        assert sum(isinstance(result, FaceCorrection) for result in results) == 1
        assert correcting.ALREADY_CORRECTED in results
    assert FaceCorrection.objects.count() == 12


def test_box_cannot_be_placed_or_left_out_twice(requester: User, case: Case, encoder: Encoder, models) -> None:
    photograph = photograph_with(requester, case, encoder)
    drawn = correcting.add_face(actor=requester, photograph=photograph, box=BOX)
    with pytest.raises(correcting.StaleCorrection, match="meanwhile"):
        correcting.place_landmarks(actor=requester, correction=drawn, landmarks=LANDMARKS)
    correcting.dismiss_correction(actor=requester, correction=drawn)
    with pytest.raises(correcting.StaleCorrection, match="meanwhile"):
        correcting.dismiss_correction(actor=requester, correction=drawn)


# What can be a face


@pytest.mark.parametrize(
    ("box", "words"),
    [
        (Box(10, 10, 7, 30), "too small"),
        (Box(10, 10, 30, -30), "too small"),
        (Box(float("nan"), 10, 30, 30), "too small"),
        (Box(10, 10, float("inf"), 30), "too small"),
        (Box(200, 10, 30, 30), "mostly outside"),
        (Box(-28, 10, 30, 30), "mostly outside"),
        (Box(-500, -500, 2000, 2000), "mostly outside"),
    ],
)
def test_box_that_can_hold_no_face_is_refused_with_a_sentence(box: Box, words: str) -> None:
    with pytest.raises(IdentificationError, match=words):
        check_box(box, (64, 64))


@pytest.mark.parametrize("box", [BOX, Box(-5, -5, 30, 30), Box(0, 0, 64, 64), Box(56, 56, 8, 8)])
def test_box_may_reach_beyond_the_photograph(box: Box) -> None:
    check_box(box, (64, 64))


@pytest.mark.parametrize("turns", range(4))
def test_landmarks_of_a_face_in_any_direction_are_taken(turns: int) -> None:
    landmarks = list(LANDMARKS)
    for _ in range(turns):
        points = zip(landmarks[::2], landmarks[1::2], strict=True)
        landmarks = [c for x, y in points for c in (64 - y, x)]
    check_landmarks(as_landmarks(landmarks), Box(0, 0, 64, 64))


@pytest.mark.parametrize(
    ("landmarks", "words"),
    [
        ([34, 26, 20, 26, 27, 34, 33, 42, 21, 42], "don't lie as in a face"),  # left and right exchanged
        ([20, 42, 34, 42, 27, 34, 21, 26, 33, 26], "don't lie as in a face"),  # mouth above the eyes
        ([20, 26, 34, 26, 27, 34, 33, 42, 21, 42], "don't lie as in a face"),  # the mouth's corners exchanged
        ([20, 26, 34, 26, 27, 48, 21, 42, 33, 42], "don't lie as in a face"),  # nose below the mouth
        ([20, 26, 22, 26, 21, 34, 20, 42, 22, 42], "too close"),
        ([20, 26, 34, 26, 27, 34, 21, 42, 33, 142], "outside of the box"),
        ([20, 26, 34, 26, 27, 34, 21, 42], "Place all five"),
        ([20, 26, 34, 26, 27, 34, 21, 42, 33, float("nan")], "Place all five"),
    ],
)
def test_landmarks_that_no_face_has_are_refused_with_a_sentence(landmarks: list[float], words: str) -> None:
    with pytest.raises(IdentificationError, match=words):
        check_landmarks(as_landmarks(landmarks), BOX)


@pytest.mark.parametrize(
    ("roll", "turn"), [(0, 0), (44, 0), (46, 90), (-46, 270), (135.1, 180), (180, 180), (-90, 270)]
)
def test_turn_is_the_nearest_quarter(roll: float, turn: int) -> None:
    assert nearest_quarter_turn(roll) == turn


def test_implausible_drawing_leaves_nothing_behind(
    requester: User, case: Case, encoder: Encoder, random_vectors
) -> None:
    photograph = photograph_with(requester, case, encoder, random_vectors())
    (face,) = standing(photograph)
    entries = Entry.objects.count()
    with pytest.raises(IdentificationError):
        correcting.move_face(actor=requester, face=face, box=replace(BOX, width=2))
    with pytest.raises(IdentificationError):
        correcting.add_face(actor=requester, photograph=photograph, box=BOX, landmarks=LANDMARKS[::-1])
    assert (standing(photograph), Entry.objects.count()) == ([face], entries)
    assert not Job.objects.filter(kind=Job.Kind.PLACE_FACE).exists()
