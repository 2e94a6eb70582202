"""Images of photographs and faces: derivatives only, never the original, and every view is on record."""

from pathlib import Path
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from accounts.models import User
from audit.services import record_alone
from identification import policies, selectors, storage
from identification.models import Face, Photograph


@require_GET
def photograph_image(request: HttpRequest, photograph_id: UUID) -> FileResponse:
    """The upright derivative of a photograph."""
    assert isinstance(request.user, User)
    found = get_object_or_404(selectors.photographs(request.user), pk=photograph_id)
    return _shown(request.user, found, storage.derivative_path(found.pk), variant="derivative")


@require_GET
def face_image(request: HttpRequest, face_id: UUID) -> FileResponse:
    """The crop of one face, upright."""
    assert isinstance(request.user, User)
    found = get_object_or_404(selectors.faces(request.user), pk=face_id)
    return _shown(request.user, found, storage.crop_path(found.pk), variant="crop")


@require_GET
def box_image(request: HttpRequest, correction_id: UUID) -> FileResponse:
    """What lies in a drawn box in which the detector saw no face, as it lies in the photograph."""
    assert isinstance(request.user, User)
    found = get_object_or_404(selectors.corrections(request.user), pk=correction_id)
    return _shown(request.user, found.photograph, storage.crop_path(found.pk), variant="box")


def _shown(viewer: User, thing: Photograph | Face, path: Path, *, variant: str) -> FileResponse:
    if not path.exists():
        raise Http404("There is no picture of this yet.")
    photograph = thing.photograph if isinstance(thing, Face) else thing
    if not policies.shows_pictures(viewer, photograph.case):
        raise Http404("Pictures of the deceased open in a review, when they are asked for.")
    record_alone(
        kind="identification:photograph:viewed/1",
        actor=viewer,
        subject=thing,
        purpose=photograph.case.purpose if photograph.case else "",
        payload={"variant": variant},
    )
    return FileResponse(path.open("rb"), content_type="image/jpeg")
