"""What the comparison of the retained candidates shows: positions, numbers, addresses, and where the eyes are.

Nothing here names a candidate but by their position in the order drawn for this person.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.urls import reverse

from identification.models import Face
from identification.recognition.alignment import Cut
from identification.services.closeups import MARGIN
from review.models import Assignment
from review.services.drafts import compare_section, drafts_of
from review.shown import ShownCandidate, ShownReference, retained_shown

Eyes = list[list[float]]


def side_by_side(assignment: Assignment) -> dict[str, Any]:
    """Return all that the page of the comparison needs, for the probe and every retained candidate."""
    retained = retained_shown(assignment)
    eyes = _eyes_of(reference.face_id for candidate in retained for reference in candidate.references)
    drafts = drafts_of(assignment)
    return {
        "probe": {
            "image": reverse("review:probe-image", args=[assignment.pk, "close"]),
            "eyes": eyes_in_crop(assignment.review.probe.face),
        },
        "candidates": [
            {
                "position": candidate.position,
                "page": reverse("review:compare", args=[assignment.pk, candidate.position]),
                "draft": reverse("review:draft", args=[assignment.pk, f"compare-{candidate.position}"]),
                "references": [_reference(assignment, candidate, one, eyes) for one in candidate.references],
                "kept": drafts.get(compare_section(candidate.person_id), {}),
            }
            for candidate in retained
        ],
    }


def eyes_in_crop(face: Face) -> Eyes:
    """Return where the left and the right eye are in a face's crop, in fractions of its side."""
    found = face.as_detected()
    cut = Cut.around(found, margin=MARGIN)
    return [[round(coordinate, 4) for coordinate in cut.from_photograph(eye)] for eye in found.landmarks[:2]]


def _reference(
    assignment: Assignment, candidate: ShownCandidate, reference: ShownReference, eyes: Mapping[UUID, Eyes]
) -> dict[str, Any]:
    def address(size: str) -> str:
        return reverse("review:candidate-image", args=[assignment.pk, candidate.position, reference.number, size])

    return {
        "number": reference.number,
        "image": address("close"),
        "crop": address("crop"),
        "eyes": eyes[reference.face_id],
    }


def _eyes_of(face_ids: Iterable[UUID]) -> dict[UUID, Eyes]:
    return {face.pk: eyes_in_crop(face) for face in Face.objects.filter(pk__in=list(face_ids))}
