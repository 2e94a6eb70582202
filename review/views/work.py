"""The steps of a reviewer's work: the probe alone, the candidates, the conclusion, and what is shown after signing."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from audit.services import record_alone
from review import selectors
from review.errors import ReviewError, StaleAssignment
from review.forms.work import AnalysisForm, ComparisonForm, ConclusionForm
from review.models import Assignment, Level, Part, Suitability
from review.services import assessment as assessing
from review.signed_document import meaning_of_signature
from review.views.common import due_step, of_ones_own, viewer


@require_GET
@of_ones_own
def work(_request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Go to the step that is due."""
    return redirect(due_step(assignment), assignment.pk)


@require_http_methods(["GET", "POST"])
@of_ones_own
def probe(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Step 1: the probe alone."""
    drafted = {
        "suitability": assignment.suitability,
        "limitations": assignment.limitations,
        "note": assignment.analysis_note,
    }
    form = AnalysisForm(request.POST or None, initial=drafted)
    if request.method == "POST" and form.is_valid():
        try:
            assessing.record_analysis(actor=viewer(request), assignment=assignment, **form.cleaned_data)
        except StaleAssignment:
            raise
        except ReviewError as error:
            form.add_error(None, str(error))
        else:
            return redirect("review:work", assignment.pk)
    return render(request, "review/probe.html", {"assignment": assignment, "form": form, "step": "probe"})


@require_http_methods(["GET", "POST"])
@of_ones_own
def candidates(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Step 2: every candidate, in an order drawn for this reviewer, without score or rank."""
    if not assessing.may_see_candidates(assignment):
        return redirect("review:work", assignment.pk)
    shown = selectors.candidates_as_shown(assignment)
    form = ComparisonForm(request.POST or None, candidates=shown)
    if request.method == "POST" and form.is_valid():
        retained = [UUID(person) for person in form.cleaned_data["retained"]]
        assessing.record_comparison(actor=viewer(request), assignment=assignment, retained=retained)
        return redirect(_after_comparison(assignment, retained))
    record_alone(
        kind="review:candidates:viewed/1",
        actor=viewer(request),
        subject=assignment,
        payload={"search": str(assignment.review.search_id)},
    )
    context = {"assignment": assignment, "candidates": shown, "form": form, "step": "candidates"}
    return render(request, "review/candidates.html", context)


def _after_comparison(assignment: Assignment, retained: list[UUID]) -> str:
    """Return the address of the first comparison, or of the conclusion when nobody was retained."""
    return reverse("review:compare-first" if retained else "review:conclude", args=[assignment.pk])


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@of_ones_own
def conclude(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Step 4: the finding, why, and the signature."""
    if due_step(assignment) != "review:conclude":
        return redirect("review:work", assignment.pk)
    form = ConclusionForm(request.POST or None, assignment=assignment, initial=_only_choice(assignment))
    if request.method == "POST" and form.is_valid():
        try:
            assessing.sign_assessment(actor=viewer(request), assignment=assignment, **form.as_signed())
        except StaleAssignment:
            raise
        except ReviewError as error:
            form.add_error(None, str(error))
        else:
            return redirect("review:signed", assignment.pk)
    context = {
        "assignment": assignment,
        "form": form,
        "retained": selectors.retained_as_shown(assignment),
        "levels": [(level.value, level.label) for level in reversed(Level)],
        "meaning": meaning_of_signature(assignment),
        "rationales": selectors.rationales_for(assignment) if assignment.part == Part.ADJUDICATOR else [],
        "step": "conclude",
    }
    return render(request, "review/conclude.html", context)


def _only_choice(assignment: Assignment) -> dict[str, str]:
    return {"finding": "unsuitable"} if assignment.suitability == Suitability.UNSUITABLE else {}


@require_GET
def signed(request: HttpRequest, assignment_id: UUID) -> HttpResponse:
    """Step 5: after signing, score, rank and source are shown; nothing can be changed."""
    assignment = get_object_or_404(
        selectors.assignments(viewer(request)), pk=assignment_id, state=Assignment.State.SIGNED
    )
    listed = assignment.review.search.candidates.select_related("person__gallery", "reference__face")
    context = {
        "assignment": assignment,
        "assessment": assignment.assessment,
        "candidates": listed.order_by("rank"),
        # Whether it has ended, and nothing else of the state: the rest would tell what others did.
        "ended": selectors.ended_reviews(viewer(request)).filter(pk=assignment.review_id).exists(),
    }
    return render(request, "review/signed.html", context)
