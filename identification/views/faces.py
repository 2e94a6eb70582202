"""Correcting the faces of one photograph: boxes added, moved and taken away, landmarks placed by hand."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from audit.looks import looked_lately
from audit.services import record_alone
from identification import imaging, policies, selectors, storage
from identification.errors import IdentificationError
from identification.forms import FaceForm, LandmarksForm
from identification.models import Face, FaceCorrection, Photograph
from identification.services import correction as correcting
from identification.services.reference import was_proposed
from identification.services.standing import UNDER_WAY

LOOKED = "identification:faces:viewed/1"
SAVED = "Saved. The box is being read, and its face appears here."


@require_http_methods(["GET", "POST"])
def faces(request: HttpRequest, photograph_id: UUID) -> HttpResponse:
    """One photograph with the boxes of its faces; what is sent adds a box or moves one."""
    photograph = get_object_or_404(selectors.photographs(_viewer(request)), pk=photograph_id)
    _refuse_others(request, photograph)
    standing = list(photograph.faces.standing().select_related("probe", "placement__corrected_by").order_by("ordinal"))
    form = FaceForm(request.POST or None, faces=standing)
    if request.method == "POST" and form.is_valid():
        try:
            _save(_viewer(request), photograph, form)
        except IdentificationError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, SAVED)
            return redirect("identification:faces", photograph.pk)
    renewing: bool = request.htmx  # type: ignore[attr-defined]
    # The page's own renewing is no further look; but any program can say that it only renews.
    if not (renewing and looked_lately(_viewer(request), photograph, kind=LOOKED)):
        _record_view(request, photograph, page="boxes")
    template = "identification/faces.html#found" if renewing else "identification/faces.html"
    return render(request, template, _context(photograph, standing, form))


def _save(actor: User, photograph: Photograph, form: FaceForm) -> None:
    box, landmarks = form.box(), form.landmarks()
    face = form.face_chosen()
    if face:
        correcting.move_face(actor=actor, face=face, box=box, landmarks=landmarks)
    else:
        correcting.add_face(actor=actor, photograph=photograph, box=box, landmarks=landmarks)


def _context(photograph: Photograph, standing: list[Face], form: FaceForm) -> dict[str, object]:
    corrections = list(photograph.corrections.select_related("corrected_by", "finding"))
    return {
        "photograph": photograph,
        "home": photograph.case or photograph.gallery,
        "faces": standing,
        "form": form,
        "readable": correcting.was_read(photograph),
        "proposed": was_proposed(photograph),
        "pending": [correction for correction in corrections if correction.state in UNDER_WAY],
        "replaced": [correction for correction in corrections if correction.finding],
        "under_way": any(correction.state == FaceCorrection.State.WAITING for correction in corrections),
    }


@require_http_methods(["GET", "POST"])
def remove(request: HttpRequest, face_id: UUID) -> HttpResponse:
    """Say what taking a face away does, and do it."""
    face = get_object_or_404(selectors.faces(_viewer(request)), pk=face_id)
    _refuse_others(request, face.photograph)
    if request.method == "POST":
        return _done(request, face.photograph, lambda: correcting.remove_face(actor=_viewer(request), face=face))
    _record_view(request, face.photograph, page="removal", face=str(face.pk))
    return render(request, "identification/remove_face.html", {"face": face, "photograph": face.photograph})


@require_http_methods(["GET", "POST"])
def landmarks(request: HttpRequest, correction_id: UUID) -> HttpResponse:
    """Place eyes, nose and mouth in a drawn box in which the detector saw none."""
    correction = _correction(request, correction_id)
    if correction.state != FaceCorrection.State.LANDMARKS_NEEDED:
        return redirect("identification:faces", correction.photograph_id)
    form = LandmarksForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            correcting.place_landmarks(actor=_viewer(request), correction=correction, landmarks=form.landmarks() or [])
        except IdentificationError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, SAVED)
            return redirect("identification:faces", correction.photograph_id)
    context = {
        "correction": correction,
        "photograph": correction.photograph,
        "home": correction.photograph.case or correction.photograph.gallery,
        "shown": imaging.around_box(correction.box),
        "has_crop": storage.crop_path(correction.pk).exists(),
        "form": form,
    }
    _record_view(request, correction.photograph, page="landmarks", correction=str(correction.pk))
    return render(request, "identification/landmarks.html", context)


@require_POST
def dismiss(request: HttpRequest, correction_id: UUID) -> HttpResponse:
    """Leave a drawn box out."""
    correction = _correction(request, correction_id)
    return _done(
        request,
        correction.photograph,
        lambda: correcting.dismiss_correction(actor=_viewer(request), correction=correction),
    )


def _correction(request: HttpRequest, correction_id: UUID) -> FaceCorrection:
    found = get_object_or_404(selectors.corrections(_viewer(request)), pk=correction_id)
    _refuse_others(request, found.photograph)
    return found


def _record_view(request: HttpRequest, photograph: Photograph, **said: str) -> None:
    record_alone(
        kind=LOOKED,
        actor=_viewer(request),
        subject=photograph,
        purpose=photograph.case.purpose if photograph.case else "",
        payload={"sha256": photograph.sha256, **said},
    )


def _refuse_others(request: HttpRequest, photograph: Photograph) -> None:
    if not policies.can_correct_faces(request.user, photograph):
        raise PermissionDenied("Correcting faces needs the intake role.")


def _done(request: HttpRequest, photograph: Photograph, act: Callable[[], object]) -> HttpResponse:
    """Do it, and go back to the photograph with what keeps it from being done, if anything does."""
    try:
        act()
    except IdentificationError as error:
        messages.error(request, str(error))
    return redirect("identification:faces", photograph.pk)


def _viewer(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
