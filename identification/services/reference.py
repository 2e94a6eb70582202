"""A reference takes part in searches while its photograph shows exactly one face."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from accounts.models import User
from audit.services import record
from identification.errors import IdentificationError
from identification.models import Face, Photograph, Reference
from identification.services.standing import is_settled, standing_faces

State = Photograph.State


class AlreadyProposed(IdentificationError):
    """A candidate list names this reference with the face as it is. The sentence doesn't tell of lists."""

    def __init__(self) -> None:
        super().__init__(
            "This reference is in use as evidence and stays as it is. To use a better one, enrol another photograph of "
            "the person."
        )


def settle_reference(
    photograph: Photograph, faces: Sequence[Face], *, actor: User | None = None, asked_by: User | None = None
) -> None:
    """Let a reference take part in searches if it shows exactly one face; otherwise say what to do.

    A worker, for which nobody acts, names who added the photograph or corrected it.
    """
    if len(faces) == 1:
        Reference.objects.filter(photograph=photograph).update(face=faces[0])
        return
    found = "No face was found" if not faces else f"{len(faces)} faces were found"
    record(
        kind="identification:reference:refused/1",
        actor=actor,
        subject=photograph,
        agency=photograph.home.agency,
        payload={"code": "not-one-face", "sha256": photograph.sha256, **_behind(asked_by)},
    )
    Photograph.objects.filter(pk=photograph.pk).update(
        state=State.REFUSED,
        reason=f"{found}. A reference shows exactly one person: correct the faces, or upload a photograph or a cut-out "
        "with one face.",
    )


def let_go_of_reference(photograph: Photograph) -> None:
    """Take a reference out of searches until its faces are settled; AlreadyProposed where a search names it."""
    if was_proposed(photograph):
        raise AlreadyProposed
    try:
        with transaction.atomic():
            Reference.objects.filter(photograph=photograph).update(face=None)
    except IntegrityError as error:
        # A search that ended this very moment has proposed it.
        if "candidate_face_is_its_references" not in str(error):
            raise
        raise AlreadyProposed from error


def was_proposed(photograph: Photograph) -> bool:
    """Whether a search has proposed a person by this photograph; what was compared then stays as it was."""
    return Reference.objects.filter(photograph=photograph, candidacies__isnull=False).exists()


def settle_corrected_reference(
    *, photograph: Photograph, actor: User | None = None, asked_by: User | None = None
) -> None:
    """Settle a reference whose faces were corrected, once no drawn box waits any more; the caller holds it."""
    if photograph.gallery_id is None or not is_settled(photograph):
        return
    faces = standing_faces(photograph)
    if len(faces) == 1 and photograph.state == State.REFUSED:
        Photograph.objects.filter(pk=photograph.pk).update(state=State.ANALYSED, reason="")
        record(
            kind="identification:reference:settled/1",
            actor=actor,
            subject=photograph,
            agency=photograph.home.agency,
            payload={"face": str(faces[0].pk), "sha256": photograph.sha256, **_behind(asked_by)},
        )
    settle_reference(photograph, faces, actor=actor, asked_by=asked_by)


def _behind(asked_by: User | None) -> dict[str, int]:
    return {"asked_by": asked_by.pk} if asked_by else {}
