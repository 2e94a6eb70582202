"""The steps of a reviewer's work: the probe alone, the candidates, the conclusion and its signature."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from review.errors import ReviewError, StaleAssignment
from review.forms.work import EXCLUDE, RETAIN, AnalysisForm, ComparisonForm, ConclusionForm, decision_on
from review.levels import OF_NOBODY
from review.models import Assignment, Level, Suitability
from review.selectors.desk import decisions_so_far, written_so_far
from review.services import assessment as assessing
from review.services.drafts import ANALYSIS, CONCLUDE
from review.services.exposure import FACE, is_shown
from review.shown import candidates_shown, retained_shown
from review.signed_document import meaning_of_signature
from review.views.common import due_step, of_ones_own, record_look, record_look_at_candidates, viewer


@require_GET
@of_ones_own
def work(_request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Go to the step that is due."""
    return redirect(due_step(assignment), assignment.pk)


@require_http_methods(["GET", "POST"])
@of_ones_own
def probe(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Step 1: the probe alone."""
    recorded = {
        "suitability": assignment.suitability,
        "limitations": assignment.limitations,
        "note": assignment.analysis_note,
    }
    initial = recorded | written_so_far(assignment, ANALYSIS, recorded)
    form = AnalysisForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and _record_analysis(request, assignment, form):
        return redirect("review:work", assignment.pk)
    record_look(request, assignment, "probe")
    context = {
        "assignment": assignment,
        "form": form,
        "stays": assessing.analysis_stays(assignment),
        "step": "probe",
    }
    return render(request, "review/probe.html", context)


def _record_analysis(request: HttpRequest, assignment: Assignment, form: AnalysisForm) -> bool:
    """Record the analysis of a picture that was looked at; False with the reason in the form."""
    if not is_shown(viewer(request), assignment, FACE):
        form.add_error(None, "Have the face shown first: what the photograph is good for can't be said unseen.")
        return False
    try:
        assessing.record_analysis(actor=viewer(request), assignment=assignment, **form.cleaned_data)
    except StaleAssignment:
        raise
    except ReviewError as error:
        form.add_error(None, str(error))
        return False
    return True


@require_http_methods(["GET", "POST"])
@of_ones_own
def candidates(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Step 2: every candidate, in an order drawn for this reviewer, without score or rank."""
    if not assessing.may_see_candidates(assignment):
        return redirect("review:work", assignment.pk)
    shown = candidates_shown(assignment)
    form = ComparisonForm(request.POST or None, candidates=shown)
    if request.method == "POST" and form.is_valid():
        retained = form.retained()
        assessing.record_comparison(actor=viewer(request), assignment=assignment, retained=retained)
        return redirect(_after_comparison(assignment, retained))
    record_look_at_candidates(request, assignment)
    decisions = request.POST if request.method == "POST" else decisions_so_far(assignment)
    context = {
        "assignment": assignment,
        "candidates": [(one, decision_on(one), decisions.get(decision_on(one), "")) for one in shown],
        "decisions": [(RETAIN, "Retain"), (EXCLUDE, "Exclude")],
        "form": form,
        "step": "candidates",
    }
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
    form = ConclusionForm(request.POST or None, assignment=assignment, initial=_concluded_so_far(assignment))
    if request.method == "POST" and form.is_valid():
        try:
            assessing.sign_assessment(actor=viewer(request), assignment=assignment, **form.as_signed())
        except StaleAssignment:
            raise
        except ReviewError as error:
            form.add_error(None, str(error))
        else:
            return redirect("review:signed", assignment.pk)
    record_look(request, assignment, "conclude")
    retained = retained_shown(assignment)
    waiting = assessing.not_compared(assignment)
    context = {
        "assignment": assignment,
        "form": form,
        "retained": retained,
        "not_compared": [shown for shown in retained if shown.person_id in waiting],
        "levels": [(str(level.value), level.label) for level in reversed(Level)],
        "levels_of_nobody": [(str(level.value), words) for level, words in reversed(OF_NOBODY.items())],
        "meaning": meaning_of_signature(assignment),
        "step": "conclude",
    }
    return render(request, "review/conclude.html", context)


def _concluded_so_far(assignment: Assignment) -> dict[str, Any]:
    written = written_so_far(assignment, CONCLUDE, ("finding", "level", "level_of_nobody", "rationale"))
    only_choice = {"finding": "unsuitable"} if assignment.suitability == Suitability.UNSUITABLE else {}
    return {**written, **only_choice}
