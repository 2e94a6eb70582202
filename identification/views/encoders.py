"""Encoders: which is in use, which is in preparation and how far, and choosing another."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from identification import policies
from identification.encoder_standing import Standing, coverage, held_up, standings
from identification.errors import IdentificationError
from identification.services import encoders as choosing


@require_GET
def encoders(request: HttpRequest) -> HttpResponse:
    """Every encoder and where it stands; the part with the progress asks for itself again."""
    viewer = _viewer(request)
    every = standings()
    preparing = next((each for each in every if each.encoder.preparing), None)
    undecided = preparing is not None and preparing.waits_for_a_decision
    context = {
        "standings": every,
        "active": next((each for each in every if each.encoder.active), None),
        "preparing": preparing,
        "undecided": undecided,
        "held_up": held_up() if preparing else "",
        "may_choose": policies.can_choose_encoder(viewer),
    }
    if not request.htmx:  # type: ignore[attr-defined]
        return render(request, "identification/encoders.html", context)
    answer = render(request, "identification/encoders.html#standings", context)
    # The decision stands outside the part that renews itself.
    if undecided:
        answer["HX-Refresh"] = "true"
    return answer


@require_http_methods(["GET", "POST"])
def activate_encoder(request: HttpRequest, encoder_name: str, encoder_version: str) -> HttpResponse:
    """Say in a sentence what will happen, and after the answer do it."""
    actor = _chooser(request)
    standing = _standing_or_404(encoder_name, encoder_version)
    if request.method == "GET":
        return render(request, "identification/activate_encoder.html", _what_will_happen(standing))
    try:
        encoder = choosing.activate_encoder(
            actor=actor,
            name=encoder_name,
            version=encoder_version,
            without_failed="without_failed" in request.POST,
        )
    except IdentificationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{encoder} is {'active' if encoder.active else 'in preparation'}.")
    return redirect("identification:encoders")


def _what_will_happen(standing: Standing) -> dict[str, object]:
    encoder = standing.encoder
    active = next((each.encoder for each in standings() if each.encoder.active), None)
    return {
        "standing": standing,
        "active": active,
        "reached": coverage(encoder),
        "without_failed": encoder.preparing,
    }


@require_POST
def cancel_preparation(request: HttpRequest) -> HttpResponse:
    """Stop preparing an encoder; nothing is lost by it, so nothing is asked."""
    actor = _chooser(request)
    try:
        encoder = choosing.cancel_preparation(actor=actor)
    except IdentificationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{encoder} is no longer in preparation. What it has embedded stays.")
    return redirect("identification:encoders")


def _viewer(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    if not policies.can_see_encoders(request.user):
        raise PermissionDenied("Encoders are shown to administrators and auditors.")
    return request.user


def _chooser(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    if not policies.can_choose_encoder(request.user):
        raise PermissionDenied(choosing.NEEDS_ADMINISTRATOR)
    return request.user


def _standing_or_404(name: str, version: str) -> Standing:
    for standing in standings():
        if (standing.encoder.name, standing.encoder.version) == (name, version):
            return standing
    raise Http404("There is no such encoder.")
