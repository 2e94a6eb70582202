"""A person adds, moves or takes away a box; the detector's finding stays beside it as it was.

What the person drew is read by a worker (identification/services/placing.py); the face that comes of it is what gets
embedded and searched for.
"""

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from accounts.models import User
from audit.services import record
from identification import policies, storage
from identification.errors import IdentificationError
from identification.models import Face, FaceCorrection, Job, Photograph
from identification.policies import require
from identification.recognition.types import Box
from identification.services.geometry import as_landmarks, check_box, check_landmarks
from identification.services.jobs import open_job
from identification.services.reference import let_go_of_reference, settle_corrected_reference
from identification.services.standing import UNDER_WAY, hold_photograph
from identification.signals import face_replaced

State, Kind = FaceCorrection.State, FaceCorrection.Kind

ALREADY_CORRECTED = "Somebody has corrected this face already. Look at the photograph again before you go on."


class StaleCorrection(IdentificationError):
    """Somebody else was here first."""


@transaction.atomic
def add_face(
    *, actor: User, photograph: Photograph, box: Box, landmarks: Sequence[float] | None = None
) -> FaceCorrection:
    """Draw a box where the detector missed a face; a worker reads what is in it."""
    photograph = _opened(actor, photograph)
    return _draw(actor, photograph, box, landmarks)


@transaction.atomic
def move_face(*, actor: User, face: Face, box: Box, landmarks: Sequence[float] | None = None) -> FaceCorrection:
    """Put a face's box elsewhere: the face as it was no longer counts, and is read anew where the box is now."""
    photograph = _opened(actor, face.photograph)
    correction = _draw(actor, photograph, box, landmarks, finding=face)
    face_replaced.send(sender=FaceCorrection, correction=correction)
    return correction


@transaction.atomic
def remove_face(*, actor: User, face: Face) -> FaceCorrection:
    """Take away what is no face, or nobody's to be asked about. It may be the photograph's only one."""
    photograph = _opened(actor, face.photograph)
    correction = _write(actor, photograph, kind=Kind.REMOVED, finding=face, state=State.DONE)
    _record("identification:face:removed/1", actor, correction, finding=str(face.pk))
    face_replaced.send(sender=FaceCorrection, correction=correction)
    settle_corrected_reference(actor=actor, photograph=photograph)
    return correction


@transaction.atomic
def place_landmarks(*, actor: User, correction: FaceCorrection, landmarks: Sequence[float]) -> None:
    """Say where eyes, nose and mouth are in a box in which the detector saw none; a worker reads it with them."""
    photograph = _opened(actor, correction.photograph)
    check_landmarks(as_landmarks(landmarks), correction.box)
    _leave_for(correction, State.WAITING, since=(State.LANDMARKS_NEEDED,), landmarks=list(landmarks))
    open_job(kind=Job.Kind.PLACE_FACE, subject_id=correction.pk)
    correction.photograph = photograph
    _record("identification:face:placed/1", actor, correction, landmarks=_written(landmarks))


@transaction.atomic
def dismiss_correction(*, actor: User, correction: FaceCorrection) -> None:
    """Leave a drawn box out that has not become a face; a face whose box it moved is left out with it."""
    photograph = _opened(actor, correction.photograph)
    _leave_for(correction, State.DISMISSED, since=UNDER_WAY)
    correction.photograph = photograph
    _record("identification:face:dismissed/1", actor, correction)
    settle_corrected_reference(actor=actor, photograph=photograph)


def was_read(photograph: Photograph) -> bool:
    """Whether there is a picture of the photograph to draw on: one that couldn't be opened has none."""
    read = photograph.state in (Photograph.State.ANALYSED, Photograph.State.REFUSED)
    return read and storage.derivative_path(photograph.pk).exists()


def _opened(actor: User, photograph: Photograph) -> Photograph:
    """Hold the photograph for a correction that this person may make; a reference leaves the searches until it ends."""
    require(
        policies.can_correct_faces(actor, photograph),
        "Correcting faces needs the intake role in the photograph's agency.",
    )
    held = hold_photograph(photograph.pk)
    if not was_read(held):
        raise IdentificationError("This photograph has not been read, so there is nothing to correct in it yet.")
    let_go_of_reference(held)
    return held


def _draw(
    actor: User,
    photograph: Photograph,
    box: Box,
    landmarks: Sequence[float] | None,
    finding: Face | None = None,
) -> FaceCorrection:
    kind = Kind.MOVED if finding else Kind.ADDED
    check_box(box, (photograph.width, photograph.height))
    if landmarks is not None:
        check_landmarks(as_landmarks(landmarks), box)
    sides = {"left": box.left, "top": box.top, "width": box.width, "height": box.height}
    placed = None if landmarks is None else list(landmarks)
    correction = _write(actor, photograph, kind=kind, finding=finding, landmarks=placed, **sides)
    open_job(kind=Job.Kind.PLACE_FACE, subject_id=correction.pk)
    _record(
        f"identification:face:{kind.value}/1",
        actor,
        correction,
        box=_written(list(sides.values())),
        **({"finding": str(finding.pk)} if finding else {}),
        **({"landmarks": _written(landmarks)} if landmarks is not None else {}),
    )
    return correction


def _write(actor: User, photograph: Photograph, **facts: object) -> FaceCorrection:
    """Write the correction; of two people who correct one finding, the database lets the first."""
    try:
        with transaction.atomic():
            return FaceCorrection.objects.create(photograph=photograph, corrected_by=actor, **facts)
    except IntegrityError as error:
        if "finding_id" not in str(error):
            raise
        raise StaleCorrection(ALREADY_CORRECTED) from error


def _leave_for(correction: FaceCorrection, state: str, *, since: Sequence[str], **changes: object) -> None:
    """Change the state by compare-and-set; StaleCorrection when it isn't what it was."""
    if FaceCorrection.objects.filter(pk=correction.pk, state__in=since).update(state=state, **changes) != 1:
        raise StaleCorrection("This box was read or left out meanwhile. Look at the photograph again.")


def _record(kind: str, actor: User, correction: FaceCorrection, **said: object) -> None:
    photograph = correction.photograph
    record(
        kind=kind,
        actor=actor,
        subject=photograph,
        purpose=photograph.case.purpose if photograph.case else "",
        payload={"correction": str(correction.pk), **said},
    )


def _written(numbers: Sequence[float]) -> list[str]:
    return [f"{number:.2f}" for number in numbers]
