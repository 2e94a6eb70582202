"""Step 3: probe and a retained person's references, side by side."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from review import selectors
from review.models import Assignment
from review.views.common import of_ones_own


@require_GET
def compare(request: HttpRequest, assignment_id: UUID, person_id: UUID) -> HttpResponse:
    """Step 3: probe and one retained person's references, side by side."""

    @of_ones_own
    def side_by_side(request: HttpRequest, assignment: Assignment) -> HttpResponse:
        retained = selectors.retained_as_shown(assignment)
        position = next((i for i, c in enumerate(retained) if c.person_id == person_id), None)
        if position is None:
            raise Http404("This person was not retained.")
        references = list(retained[position].person.references.filter(face__isnull=False).select_related("face"))
        wanted = request.GET.get("reference")
        context = {
            "assignment": assignment,
            "candidate": retained[position],
            "references": references,
            "shown": next((r for r in references if str(r.pk) == wanted), retained[position].reference),
            "position": position + 1,
            "retained": retained,
            "previous": retained[position - 1] if position else None,
            "next": retained[position + 1] if position + 1 < len(retained) else None,
            "step": "compare",
        }
        return render(request, "review/compare.html", context)

    return side_by_side(request, assignment_id)
