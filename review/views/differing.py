"""What differs, for who adjudicates: after the own analysis of the probe, before any candidate."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from review.models import Assignment, Part
from review.selectors.differing import readings_for
from review.services.adjudication import give_differing_to_read
from review.services.assessment import may_see_candidates
from review.views.common import of_ones_own, record_look, viewer


@require_GET
@of_ones_own
def differing(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Give an adjudicator the assessments that differ to read; that they were given is recorded."""
    if assignment.part != Part.ADJUDICATOR or not assignment.analysed_at:
        return redirect("review:work", assignment.pk)
    give_differing_to_read(actor=viewer(request), assignment=assignment)
    assignment.refresh_from_db(fields=["differing_read_at"])
    record_look(request, assignment, "differing")
    context = {
        "assignment": assignment,
        "readings": readings_for(assignment),
        "with_candidates": may_see_candidates(assignment),
        "step": "differing",
    }
    return render(request, "review/differing.html", context)
