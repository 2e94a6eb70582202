"""A worker reads what a person drew: a face with landmarks, found or placed by hand, and its embeddings."""

from dataclasses import replace

from django.db import transaction
from PIL import Image

from audit.services import record
from identification import imaging, storage
from identification.errors import NotReady
from identification.models import Face, FaceCorrection, Job, Photograph, Probe
from identification.recognition.detection import Detector
from identification.recognition.finds import nearest_quarter_turn
from identification.recognition.types import DetectedFace, roll_of
from identification.services.geometry import as_landmarks
from identification.services.jobs import finish_job
from identification.services.probes import keep_probe
from identification.services.reading import (
    Reading,
    detector,
    open_original,
    read_faces,
    save_faces,
    show,
    wanted_encoders,
    write_crop,
)
from identification.services.reference import settle_corrected_reference
from identification.services.standing import hold_photograph, is_settled, standing_faces

State = FaceCorrection.State

BY_HAND = "by hand"
BOX_CROP_SIDE = 800


def place_face(*, job: Job) -> None:
    """Make a face of the job's correction, or ask for eyes, nose and mouth where the detector sees none."""
    correction = FaceCorrection.objects.select_related("photograph", "corrected_by").get(pk=job.subject_id)
    if correction.state != State.WAITING:
        _end(job)
        return
    image = open_original(correction.photograph)
    if correction.landmarks is not None:
        face, named = _as_placed(correction, correction.landmarks), BY_HAND
    else:
        found_by = detector()
        seen = _look(found_by, image, correction)
        if seen is None:
            _ask_for_landmarks(job=job, correction=correction, image=image)
            return
        face, named = seen, f"{BY_HAND}, landmarks by {found_by.name} {found_by.version}"
    encoders = wanted_encoders()
    (reading,) = read_faces(image, [face], encoders)
    with transaction.atomic():
        finish_job(job)
        _keep(correction, reading, image, named)
        # Asked after the embeddings were written: see services/encoders.py, lock_encoders.
        if wanted_encoders() != encoders:
            raise NotReady("Another encoder was chosen meanwhile; the face is read again with that one.")


@transaction.atomic
def ask_after_failure(*, job: Job) -> None:
    """Ask for landmarks where reading failed again and again, so that a person can go on or leave the box out."""
    correction = FaceCorrection.objects.select_related("photograph__case", "corrected_by").get(pk=job.subject_id)
    _wait_for_landmarks(correction, outcome="failed")


@transaction.atomic
def _end(job: Job) -> None:
    finish_job(job)


def _as_placed(correction: FaceCorrection, coordinates: list[float]) -> DetectedFace:
    """Return the face as a person placed it; of their own landmarks people are sure."""
    landmarks = as_landmarks(coordinates)
    roll = roll_of(landmarks)
    return DetectedFace(correction.box, landmarks, roll, nearest_quarter_turn(roll), confidence=1.0)


def _look(found_by: Detector, image: Image.Image, correction: FaceCorrection) -> DetectedFace | None:
    """Return what the detector sees in the box, with the box as it was drawn."""
    seen = found_by.look_at(image, correction.box)
    return seen and replace(seen, box=correction.box)


@transaction.atomic
def _ask_for_landmarks(*, job: Job, correction: FaceCorrection, image: Image.Image) -> None:
    finish_job(job)
    hold_photograph(correction.photograph_id)
    crop = imaging.box_crop(image, correction.box, side=BOX_CROP_SIDE)
    show(storage.crop_path(correction.pk), imaging.derivative(crop, longest_side=BOX_CROP_SIDE))
    _wait_for_landmarks(correction, outcome="landmarks-needed")


def _wait_for_landmarks(correction: FaceCorrection, *, outcome: str) -> None:
    waiting = FaceCorrection.objects.filter(pk=correction.pk, state=State.WAITING)
    if waiting.update(state=State.LANDMARKS_NEEDED):
        _record(correction, outcome=outcome)


def _keep(correction: FaceCorrection, reading: Reading, image: Image.Image, named: str) -> None:
    """Write the face that came of a correction, unless somebody has left it out meanwhile."""
    photograph = hold_photograph(correction.photograph_id)
    if not FaceCorrection.objects.filter(pk=correction.pk, state=State.WAITING).exists():
        return
    (face,) = save_faces(photograph, [reading], detector=named)
    write_crop(image, face)
    FaceCorrection.objects.filter(pk=correction.pk).update(state=State.DONE, face=face)
    _record(correction, outcome="read", face=str(face.pk))
    _go_on(photograph, face, correction)


def _go_on(photograph: Photograph, face: Face, correction: FaceCorrection) -> None:
    """Let a reference be searched, or a face that was asked about, or is the photograph's only one, be searched for."""
    if photograph.gallery_id:
        settle_corrected_reference(photograph=photograph, asked_by=correction.corrected_by)
        return
    asked_about = correction.finding_id is not None and Probe.objects.filter(face=correction.finding_id).exists()
    if asked_about or (is_settled(photograph) and standing_faces(photograph) == [face]):
        keep_probe(face=face, correction=correction)


def _record(correction: FaceCorrection, **said: str) -> None:
    photograph = correction.photograph
    record(
        kind="identification:face:read/1",
        actor=None,
        subject=photograph,
        agency=photograph.home.agency,
        purpose=photograph.case.purpose if photograph.case else "",
        payload={"correction": str(correction.pk), "asked_by": correction.corrected_by_id, **said},
    )
