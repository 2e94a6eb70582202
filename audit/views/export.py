"""Exports: asking for one, watching it being written, downloading it."""

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from audit import leases
from audit.exporting import jobs
from audit.forms import ExportForm
from audit.models import Export
from audit.policies import can_export_log
from audit.views.common import permitted

SHOWN = 50
MEDIA_TYPES = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8", "bundle": "application/zip"}


@require_http_methods(["GET", "POST"])
def exports(request: HttpRequest) -> HttpResponse:
    """Show the exports that the viewer may download, and the form that asks for one."""
    viewer = permitted(request, can_export_log)
    if request.method == "POST":
        return _asked(request, viewer)
    found = _found(viewer)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "audit/exports.html#exports", found)
    form = ExportForm(viewer=viewer, initial=request.GET.dict() | {"format": "bundle"})
    return render(request, "audit/exports.html", found | {"form": form})


def _asked(request: HttpRequest, viewer: User) -> HttpResponse:
    form = ExportForm(request.POST, viewer=viewer)
    if not form.is_valid():
        return render(request, "audit/exports.html", _found(viewer) | {"form": form}, status=422)
    said = form.cleaned_data
    jobs.ask_export(actor=viewer, form=said["format"], filters=form.filters(), hold=form.hold())
    messages.success(request, "Asked for. It stands in the list as soon as it is written; you can leave this page.")
    return redirect("audit:exports")


def _found(viewer: User) -> dict[str, object]:
    found = list(jobs.exports(viewer)[:SHOWN])
    under_way = any(each.state in (Export.State.WAITING, Export.State.RUNNING) for each in found)
    one_is_written = Export.objects.filter(leases.at_work(), agency=viewer.agency).exists()
    return {"exports": found, "under_way": under_way, "one_is_written": one_is_written}


@require_GET
def download(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    """Hand over a file; each time is on the record."""
    viewer = permitted(request, can_export_log)
    export = get_object_or_404(jobs.exports(viewer), pk=export_id, state=Export.State.READY)
    file = jobs.hand_over(actor=viewer, export=export)
    made = timezone.localtime(export.finished_at)
    name = f"audit-{viewer.agency.code}-{made:%Y%m%dT%H%M%S}.{export.suffix}"
    answer = FileResponse(file.open("rb"), as_attachment=True, filename=name, content_type=MEDIA_TYPES[export.format])
    answer.headers["Cache-Control"] = "no-store"
    return answer
