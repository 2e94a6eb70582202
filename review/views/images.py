"""Pictures for a reviewer: through their own place in the review, in prepared sizes, each view on record."""

from pathlib import Path
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from audit.services import record_alone
from identification import storage
from identification.models import Face
from identification.services.closeups import closeup_of
from review import selectors
from review.models import Assignment, ReviewState
from review.services.assessment import may_see_candidates
from review.services.exposure import FACE, PHOTOGRAPH, is_shown
from review.shown import candidate_at
from review.views.common import viewer

# Sizes by their name in the address.
CROP, CLOSE, WHOLE = "crop", "close", "whole"
OF_A_CANDIDATE, OF_THE_PROBE = (CROP, CLOSE), (CROP, CLOSE, WHOLE)


@require_GET
def probe_image(request: HttpRequest, assignment_id: UUID, size: str) -> FileResponse:
    """The face in question ("crop", "close") or the whole photograph; of the deceased only after it was asked for."""
    place = _place(request, assignment_id)
    shown = is_shown(viewer(request), place, PHOTOGRAPH if size == WHOLE else FACE)
    if size not in OF_THE_PROBE or not shown:
        raise Http404("This picture opens after a step.")
    return _sent(request, place, place.review.probe.face, size)


@require_GET
def candidate_image(request: HttpRequest, assignment_id: UUID, position: int, number: int, size: str) -> FileResponse:
    """One reference of the candidate at a position; never before the probe was analysed."""
    place = _place(request, assignment_id)
    candidate = candidate_at(place, position) if _may_see(place) else None
    found = next((one for one in candidate.references if one.number == number), None) if candidate else None
    if found is None or size not in OF_A_CANDIDATE:
        raise Http404("There is no such picture.")
    return _sent(request, place, Face.objects.select_related("photograph").get(pk=found.face_id), size)


def _may_see(place: Assignment) -> bool:
    return may_see_candidates(place) or place.state == Assignment.State.SIGNED


def _place(request: HttpRequest, assignment_id: UUID) -> Assignment:
    """Return the viewer's own place, while they hold it and after they signed."""
    held = (Assignment.State.OPEN, Assignment.State.SIGNED)
    places = selectors.assignments(viewer(request)).filter(state__in=held).exclude(review__state=ReviewState.WITHDRAWN)
    return get_object_or_404(places, pk=assignment_id)


def _sent(request: HttpRequest, place: Assignment, face: Face, size: str) -> FileResponse:
    try:
        file = _path(face, size).open("rb")
    except FileNotFoundError as error:
        raise Http404("There is no picture of this yet.") from error
    record_alone(
        kind="identification:photograph:viewed/1",
        actor=viewer(request),
        subject=face,
        agency=place.review.case.agency,
        purpose=place.review.case.purpose,
        payload={"variant": size, "review": str(place.review_id)},
    )
    # One name for all: the file's own is the face's id.
    return FileResponse(file, content_type="image/jpeg", filename="face.jpg")


def _path(face: Face, size: str) -> Path:
    if size == WHOLE:
        return storage.derivative_path(face.photograph_id)
    return storage.crop_path(face.pk) if size == CROP else closeup_of(face)
