"""The log as a page, and its export."""

import tempfile
from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from audit.export import export_log
from audit.forms import ExportForm, FilterForm
from audit.models import EntryQuerySet
from audit.policies import can_export_log, can_read_log
from audit.selectors import NO_FILTERS, Filters, entries, timeline
from audit.services import record_alone

PAGE = 50
MEDIA_TYPES = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}


@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Show the newest entries of the viewer's agency, or those before the one named in the address."""
    viewer = _permitted(request, can_read_log)
    form = FilterForm(request.GET, viewer=viewer)
    filters = form.filters() if form.is_valid() else NO_FILTERS
    before = _whole_number(request.GET.get("before", ""))
    found, older = _page(entries(viewer, filters), before)
    page = {
        "form": form,
        "lines": timeline(viewer, found),
        "filtered": bool(filters.as_payload()),
        "before": before,
        "older": older,
        "export": ExportForm(viewer=viewer, initial=request.GET.dict(), auto_id="export_%s"),
    }
    _record_view(viewer, filters, before)
    return render(request, "audit/log.html", page)


@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """Hand over the entries that the filters leave, as a file; only a finished one is sent."""
    viewer = _permitted(request, can_export_log)
    form = ExportForm(request.POST, viewer=viewer)
    if not form.is_valid():
        messages.error(request, "Nothing was exported: a filter isn't as it should be. Set it again and export.")
        return redirect("audit:log")
    written = form.cleaned_data["form"]
    # FileResponse closes it, and with that it is gone.
    file = tempfile.TemporaryFile()  # noqa: SIM115
    export_log(actor=viewer, form=written, out=file, filters=form.filters())
    file.seek(0)
    name = f"audit-{viewer.agency.code}-{timezone.now():%Y%m%dT%H%M%SZ}.{written}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=MEDIA_TYPES[written])


def _permitted(request: HttpRequest, policy: Callable[[Any], bool]) -> User:
    """Return who asks, if the policy lets them."""
    if not policy(request.user):
        raise PermissionDenied("The audit log is open to auditors and administrators of its agency.")
    return cast(User, request.user)


def _page(found: EntryQuerySet, before: int | None) -> tuple[EntryQuerySet, int | None]:
    """Return one page and the id before which the next one begins; ids don't shift as entries are added."""
    rows = found.filter(id__lt=before) if before else found
    ids = list(rows.values_list("id", flat=True)[: PAGE + 1])
    return rows.filter(id__in=ids[:PAGE]), ids[PAGE - 1] if len(ids) > PAGE else None


def _record_view(viewer: User, filters: Filters, before: int | None) -> None:
    payload: dict[str, Any] = {"filters": filters.as_payload()} | ({"before": before} if before else {})
    record_alone(kind="audit:log:viewed/1", actor=viewer, subject=viewer.agency, payload=payload)


def _whole_number(text: str) -> int | None:
    """Return the number, or None where the address names none; an id has at most 19 digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
