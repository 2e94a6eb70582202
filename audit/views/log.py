"""The log as a page."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from accounts.models import User
from audit.forms import FilterForm
from audit.models import EntryQuerySet
from audit.policies import can_read_log
from audit.selectors import Filters, entries, entry_found, timeline
from audit.services import record_alone
from audit.standing import standing
from audit.subjects import names_of
from audit.views.common import permitted

PAGE = 50


@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Show the newest entries of the viewer's agency, or those before the one named in the address."""
    viewer = permitted(request, can_read_log)
    if asked := request.GET.get("find", "").strip():
        return _find(request, viewer, asked)
    form = FilterForm(request.GET, viewer=viewer)
    if not form.is_valid():  # unnarrowed entries would look as if they were what was asked for
        return render(request, "audit/log.html", {"form": form, "standing": standing()})
    filters = form.filters()
    before = _whole_number(request.GET.get("before", ""))
    found, older = _page(entries(viewer, filters), before)
    page = {
        "form": form,
        "lines": timeline(viewer, found),
        "filtered": bool(filters.as_payload()),
        "about": _about(viewer, filters),
        "before": before,
        "older": older,
        "standing": standing(),
    }
    _record_view(viewer, filters, before)
    return render(request, "audit/log.html", page)


def _find(request: HttpRequest, viewer: User, asked: str) -> HttpResponse:
    """Go to the one entry that was asked for."""
    if entry := entry_found(viewer, asked):
        return redirect("audit:entry", entry.uid)
    messages.error(
        request,
        "No entry of your agency has this number or id. Paste the number of its place, or an id of 36 characters.",
    )
    return redirect("audit:log")


def _about(viewer: User, filters: Filters) -> str:
    """Return what the thing is called that a link asked for; empty where none did."""
    if not filters.subject_type:
        return ""
    subject = (filters.subject_type, filters.subject_id)
    return names_of([subject], viewer.agency).get(subject, "somebody of another agency")


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
