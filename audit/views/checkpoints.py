"""Checkpoints, the keys that signed them, and who holds them."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from audit.asking import ask_for_checkpoint
from audit.forms import ConsistencyForm
from audit.keys import key_id
from audit.models import Checkpoint, SigningKey
from audit.policies import can_read_log
from audit.proof_documents import MEDIA_TYPE, Document, consistency_document, written
from audit.proofs import NoProof
from audit.standing import growth, standing
from audit.views.common import permitted
from audit.witnesses.published import published_note
from audit.witnesses.standing import standings

PAGE = 50
PLOT_HEIGHT = 96
PLOT_STEP = 16


@require_GET
def checkpoints(request: HttpRequest) -> HttpResponse:
    """Show the newest checkpoint, how the sequencer stands, earlier checkpoints, keys, and who holds them."""
    permitted(request, can_read_log)
    page = Paginator(Checkpoint.objects.order_by("-id").defer("frontier"), PAGE).get_page(request.GET.get("page"))
    stands = standing()
    context = {
        "standing": stands,
        "note": published_note(stands.newest) if stands.newest else "",
        "witnesses": standings(),
        "page": page,
        "keys": _keys(),
        "form": ConsistencyForm(initial=_two_sizes()),
        "plot": _plot(),
    }
    return render(request, "audit/checkpoints.html", context)


@require_GET
def note(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """Hand over a checkpoint as a file, with the cosignatures that have come."""
    permitted(request, can_read_log)
    checkpoint = get_object_or_404(Checkpoint, pk=checkpoint_id)
    answer = HttpResponse(published_note(checkpoint), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="checkpoint-{checkpoint.size}.txt"'
    return answer


@require_POST
def sign_now(request: HttpRequest) -> HttpResponse:
    """Ask for a checkpoint, and go back to where one was missed."""
    ask_for_checkpoint(actor=permitted(request, can_read_log))
    messages.success(request, "A checkpoint was asked for. The sequencer signs it within seconds while it is at work.")
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(back if safe else reverse("audit:checkpoints"))


@require_GET
def consistency(request: HttpRequest) -> HttpResponse:
    """Prove that the log under one checkpoint begins with the log under an earlier one: as a page or as JSON."""
    permitted(request, can_read_log)
    form = ConsistencyForm(request.GET or None, initial=_two_sizes())
    document = _proven(form) if form.is_valid() else None
    if request.GET.get("form") == "json":
        return _consistency_file(form, document)
    status = 200 if document or not form.is_bound else 422
    return render(request, "audit/consistency.html", {"form": form, "proof": document}, status=status)


def _proven(form: ConsistencyForm) -> Document | None:
    """Return the proof; where the log holds none any more, the form says so."""
    try:
        return consistency_document(form.cleaned_data["older"], form.cleaned_data["newer"])
    except NoProof as none:
        form.add_error("newer", str(none))
        return None


def _consistency_file(form: ConsistencyForm, document: Document | None) -> HttpResponse:
    if document is None:
        said = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return JsonResponse({"error": said}, status=404)
    answer = HttpResponse(written(document), content_type=MEDIA_TYPE)
    name = f"consistency-{document['older']}-{document['newer']}.json"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _keys() -> list[dict[str, Any]]:
    """Return the keys, the newest first, with how each came to follow the one before it."""
    keys = list(SigningKey.objects.order_by("id"))
    return [
        {"key": key, "id": key_id(key), "first": number == 0, "current": number == len(keys) - 1}
        for number, key in enumerate(keys)
    ][::-1]


def _two_sizes() -> dict[str, int]:
    """Return the sizes of the newest checkpoint and of the one before it, where there are two."""
    sizes = list(Checkpoint.objects.filter(size__gt=0).order_by("-id").values_list("size", flat=True)[:50])
    newest = sizes[0] if sizes else None
    older = next((size for size in sizes if newest and size < newest), newest)
    return {"older": older, "newer": newest} if newest and older else {}


def _plot() -> dict[str, Any]:
    """Return the bars of the log's growth: where each stands in a picture, and what it says."""
    grown = growth()
    most = max(day.entries for day in grown)
    bars = [
        {
            "x": number * PLOT_STEP + 2,
            "y": PLOT_HEIGHT - height,
            "height": height,
            "day": day.day,
            "entries": day.entries,
        }
        for number, day in enumerate(grown)
        for height in [round(day.entries / most * PLOT_HEIGHT) if most else 0]
    ]
    return {
        "bars": bars, "most": most, "first": grown[0].day, "last": grown[-1].day,
        "all": sum(day.entries for day in grown), "width": len(bars) * PLOT_STEP, "height": PLOT_HEIGHT,
        "bar_width": PLOT_STEP - 4,
    }  # fmt: skip
