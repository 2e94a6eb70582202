"""Step 3: the probe and a retained candidate's references, side by side."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from review.models import Assignment
from review.services.drafts import compare_section, draft_of, save_draft
from review.shown import ShownCandidate, retained_shown
from review.views.common import due_step, of_ones_own, viewer


@require_GET
@of_ones_own
def first(_request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Go to the first retained candidate, or where the work has come to."""
    retained = retained_shown(assignment)
    if not retained:
        return redirect(due_step(assignment), assignment.pk)
    return redirect("review:compare", assignment.pk, retained[0].position)


@require_http_methods(["GET", "POST"])
def compare(request: HttpRequest, assignment_id: UUID, position: int) -> HttpResponse:
    """Step 3: the probe and one retained candidate, side by side; posting says that they were compared."""

    @of_ones_own
    def of_candidate(request: HttpRequest, assignment: Assignment) -> HttpResponse:
        retained = retained_shown(assignment)
        present = next((index for index, one in enumerate(retained) if one.position == position), None)
        if present is None:
            raise Http404("This candidate was not retained.")
        if request.method == "POST":
            return _keep(request, assignment, retained, present)
        return _page(request, assignment, retained, present)

    return of_candidate(request, assignment_id)


def _keep(request: HttpRequest, assignment: Assignment, retained: list[ShownCandidate], present: int) -> HttpResponse:
    section = compare_section(retained[present].person_id)
    save_draft(actor=viewer(request), assignment=assignment, section=section, content=draft_of(assignment, section))
    rest = retained[present + 1 :]
    if not rest:
        return redirect("review:conclude", assignment.pk)
    return redirect("review:compare", assignment.pk, rest[0].position)


def _page(request: HttpRequest, assignment: Assignment, retained: list[ShownCandidate], present: int) -> HttpResponse:
    candidate = retained[present]
    wanted = request.GET.get("reference")
    context = {
        "assignment": assignment,
        "candidate": candidate,
        "shown": next((one for one in candidate.references if str(one.number) == wanted), candidate.first),
        "number": present + 1,
        "retained": retained,
        "previous": retained[present - 1] if present else None,
        "next": retained[present + 1] if present + 1 < len(retained) else None,
        "step": "compare",
    }
    return render(request, "review/compare.html", context)
