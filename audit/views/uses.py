"""The report of uses: a page, and a table to take along."""

from collections.abc import Iterator

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from audit.forms import UsesForm
from audit.layout import csv_line
from audit.models import EntryQuerySet
from audit.policies import can_read_log
from audit.selectors import Filters
from audit.services import record_alone
from audit.uses import COLUMNS, named, searches, uses
from audit.views.common import permitted

PAGE, CHUNK = 20, 200


@require_GET
def report(request: HttpRequest) -> HttpResponseBase:
    """Show one row for each search, or send all of them as a table."""
    viewer = permitted(request, can_read_log)
    form = UsesForm(request.GET, viewer=viewer)
    if not form.is_valid():  # unnarrowed uses would look as if they were what was asked for
        return render(request, "audit/uses.html", {"form": form})
    filters = form.filters()
    found = searches(viewer, filters)
    if request.GET.get("format") == "csv":
        return _table(viewer, found, filters)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    _record(viewer, "page", filters)
    context = {"form": form, "page": page, "uses": named(viewer, uses(page)), "filtered": bool(filters.as_payload())}
    return render(request, "audit/uses.html", context)


def _table(viewer: User, found: EntryQuerySet, filters: Filters) -> HttpResponse | StreamingHttpResponse:
    _record(viewer, "csv", filters)
    name = f"uses-{viewer.agency.code}-{timezone.localtime():%Y%m%dT%H%M%S}.csv"
    answer = StreamingHttpResponse(_rows(found), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _rows(found: EntryQuerySet) -> Iterator[str]:
    yield csv_line(COLUMNS)
    # Ids first, so that nothing is shown twice or left out when searches are added meanwhile.
    ids = list(found.values_list("id", flat=True))
    for at in range(0, len(ids), CHUNK):
        for use in uses(found.filter(id__in=ids[at : at + CHUNK])):
            row = use.as_row()
            yield csv_line([row[column] for column in COLUMNS])


def _record(viewer: User, form: str, filters: Filters) -> None:
    record_alone(
        kind="audit:uses:viewed/1",
        actor=viewer,
        subject=viewer.agency,
        payload={"format": form, "filters": filters.as_payload()},
    )
