"""What the log says of one case."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from audit import subjects
from audit.case_log import WHAT, by_day, entries_of_case
from audit.forms import CASE
from audit.policies import can_read_log
from audit.selectors import timeline
from audit.services import record_alone
from audit.standing import standing
from audit.views.common import permitted

PAGE = 500


@require_GET
def case(request: HttpRequest, case_id: str) -> HttpResponse:
    """Everything that the log of the viewer's agency holds on a case of theirs, day by day; it prints as a report."""
    viewer = permitted(request, can_read_log)
    found = subjects.own(CASE, case_id, viewer.agency)
    if found is None:
        raise Http404("Your agency has no such case.")
    what = request.GET.get("what", "")
    what = what if what in dict(WHAT) else ""
    page = Paginator(entries_of_case(viewer, str(found.pk), what), PAGE).get_page(request.GET.get("page"))
    context = {
        "case": found,
        "what": what,
        "choices": [("", "Everything"), *WHAT],
        "page": page,
        "days": by_day(timeline(viewer, page)),
        "standing": standing(),
        "as_of": timezone.now(),
    }
    said = {key: value for key, value in (("what", what), ("page", page.number)) if value}
    record_alone(kind="audit:timeline:viewed/1", actor=viewer, subject=found, payload=said)
    return render(request, "audit/case.html", context)
