"""Step 3: the probe and a retained candidate's references, side by side, and the checklist that goes with them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from review.comparison import checked
from review.components import Component, Explanation, Similarity
from review.errors import IncompleteWork
from review.forms.compare import posted_comparison
from review.models import Assignment
from review.selectors.comparison import side_by_side
from review.services.drafts import compare_section, draft_of, save_draft
from review.services.exposure import FACE, is_shown
from review.shown import ShownCandidate, retained_shown
from review.views.common import due_step, of_ones_own, record_look_at_candidates, viewer


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
    """Step 3: the probe and one retained candidate, side by side; posting keeps the checklist and goes on."""

    @of_ones_own
    def of_candidate(request: HttpRequest, assignment: Assignment) -> HttpResponse:
        retained = retained_shown(assignment)
        present = next((index for index, one in enumerate(retained) if one.position == position), None)
        if present is None:
            raise Http404("This candidate was not retained.")
        if not is_shown(viewer(request), assignment, FACE):
            messages.info(request, "Open the picture of the face first; the comparison shows it large.")
            return redirect("review:probe", assignment.pk)
        if request.method == "POST":
            return _keep(request, assignment, retained, present)
        return _page(request, assignment, retained, present)

    return of_candidate(request, assignment_id)


def _keep(request: HttpRequest, assignment: Assignment, retained: list[ShownCandidate], present: int) -> HttpResponse:
    """Keep what was posted beside what was kept before, and go on to the next retained candidate or to conclude."""
    candidate = retained[present]
    section = compare_section(candidate.person_id)
    try:
        posted = posted_comparison(request.POST)
        content = checked(draft_of(assignment, section) | posted, references=len(candidate.references))
        save_draft(actor=viewer(request), assignment=assignment, section=section, content=content)
    except IncompleteWork as error:
        return _page(request, assignment, retained, present, refused=str(error))
    return _onward(assignment, retained[present + 1 :])


def _onward(assignment: Assignment, rest: list[ShownCandidate]) -> HttpResponseRedirect:
    if not rest:
        return redirect("review:conclude", assignment.pk)
    return redirect("review:compare", assignment.pk, rest[0].position)


def _page(
    request: HttpRequest, assignment: Assignment, retained: list[ShownCandidate], present: int, refused: str = ""
) -> HttpResponse:
    record_look_at_candidates(request, assignment, candidate=retained[present].position)
    data = side_by_side(assignment)
    candidate = data["candidates"][present]
    wanted = request.GET.get("reference")
    said = candidate["kept"].get("components", {})
    context = {
        "assignment": assignment,
        "data": data,
        "candidate": candidate,
        "shown": next(
            (one for one in candidate["references"] if str(one["number"]) == wanted), candidate["references"][0]
        ),
        "number": present + 1,
        "retained": retained,
        "previous": retained[present - 1] if present else None,
        "next": retained[present + 1] if present + 1 < len(retained) else None,
        "checklist": [_row(component, said.get(component.value, {})) for component in Component],
        "similarities": Similarity,
        "explanations": Explanation,
        "refused": refused,
        "step": "compare",
    }
    return render(request, "review/compare.html", context, status=422 if refused else 200)


def _row(component: Component, said: dict[str, Any]) -> dict[str, Any]:
    return {"code": component.value, "words": component.label, "said": said}
