"""Which faces of a photograph count now, asked under a lock.

Whatever depends on it (a correction, a choice, a search, what a worker made of a drawn box) holds the photograph's
row until its transaction ends, so that two of them never go by a state that the other is changing.
"""

from uuid import UUID

from identification.models import Face, FaceCorrection, Photograph

UNDER_WAY = (FaceCorrection.State.WAITING, FaceCorrection.State.LANDMARKS_NEEDED)


def hold_photograph(photograph_id: UUID) -> Photograph:
    """Lock a photograph until the end of the transaction, and return it as it is now."""
    locked = Photograph.objects.select_for_update(of=("self",), no_key=True).select_related("case", "gallery")
    return locked.get(pk=photograph_id)


def still_stands(face: Face) -> bool:
    """Whether nobody has replaced a face or taken it away; it stays so until the end of the transaction."""
    hold_photograph(face.photograph_id)
    return Face.objects.standing().filter(pk=face.pk).exists()


def standing_faces(photograph: Photograph) -> list[Face]:
    """Return the faces that count, in their order."""
    return list(Face.objects.standing().filter(photograph=photograph).order_by("ordinal"))


def is_settled(photograph: Photograph) -> bool:
    """Whether no drawn box of a photograph waits for a worker or for landmarks."""
    return not FaceCorrection.objects.filter(photograph=photograph, state__in=UNDER_WAY).exists()
