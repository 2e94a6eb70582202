"""Pages of a review: the queue, the steps of the work, what was signed, and the conclusion."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from audit.services import record_alone
from identification.models import Purpose
from review import selectors, standing
from review.errors import ReviewError, ReviewWithdrawn, StaleAssignment
from review.forms import AnalysisForm, ComparisonForm, ConclusionForm, DeclineForm
from review.models import Assignment, Level, Part, ReviewState, Suitability
from review.services import assessment as assessing
from review.services import queue as queueing
from review.signed_document import meaning_of_signature

Work = Callable[[HttpRequest, Assignment], HttpResponse]


@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """One card: the next case."""
    return render(request, "review/queue.html", {"queue": selectors.queue_of(_viewer(request))})


@require_POST
def take_next(request: HttpRequest) -> HttpResponse:
    """Hand out the next review."""
    try:
        assignment = queueing.take_next(actor=_viewer(request))
    except ReviewError as error:
        messages.error(request, str(error))
        return redirect("review:queue")
    if assignment is None:
        messages.info(request, "No review waits for you now.")
        return redirect("review:queue")
    return redirect(assignment)


def _of_ones_own(view: Work) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """Find one's own open assignment for a step, and go where its work has come to when the step is not due."""

    @wraps(view)
    def find(request: HttpRequest, assignment_id: UUID) -> HttpResponse:
        assignment = get_object_or_404(selectors.assignments(_viewer(request)), pk=assignment_id)
        if assignment.state == Assignment.State.SIGNED:
            return redirect("review:signed", assignment.pk)
        try:
            if assignment.review.state == ReviewState.WITHDRAWN:
                raise ReviewWithdrawn
            return view(request, assignment)
        except StaleAssignment as error:
            messages.error(request, str(error))
            return redirect("review:queue")

    return find


@require_GET
@_of_ones_own
def work(_request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Go to the step that is due."""
    return redirect(_due_step(assignment), assignment.pk)


def _due_step(assignment: Assignment) -> str:
    if not assignment.analysed_at:
        return "review:probe"
    if assignment.compared_at or assignment.suitability == Suitability.UNSUITABLE:
        return "review:conclude"
    return "review:candidates"


@require_http_methods(["GET", "POST"])
@_of_ones_own
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
            assessing.record_analysis(actor=_viewer(request), assignment=assignment, **form.cleaned_data)
        except StaleAssignment:
            raise
        except ReviewError as error:
            form.add_error(None, str(error))
        else:
            return redirect("review:work", assignment.pk)
    return render(request, "review/probe.html", {"assignment": assignment, "form": form, "step": "probe"})


@require_http_methods(["GET", "POST"])
@_of_ones_own
def candidates(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Step 2: every candidate, in an order drawn for this reviewer, without score or rank."""
    if not assessing.may_see_candidates(assignment):
        return redirect("review:work", assignment.pk)
    shown = selectors.candidates_as_shown(assignment)
    form = ComparisonForm(request.POST or None, candidates=shown)
    if request.method == "POST" and form.is_valid():
        retained = [UUID(person) for person in form.cleaned_data["retained"]]
        assessing.record_comparison(actor=_viewer(request), assignment=assignment, retained=retained)
        return redirect(_after_comparison(assignment, retained))
    record_alone(
        kind="review:candidates:viewed/1",
        actor=_viewer(request),
        subject=assignment,
        payload={"search": str(assignment.review.search_id)},
    )
    context = {"assignment": assignment, "candidates": shown, "form": form, "step": "candidates"}
    return render(request, "review/candidates.html", context)


def _after_comparison(assignment: Assignment, retained: list[UUID]) -> str:
    """Return the address of the first comparison, or of the conclusion when nobody was retained."""
    if not retained:
        return reverse("review:conclude", args=[assignment.pk])
    first = next(c.person_id for c in selectors.candidates_as_shown(assignment) if c.person_id in retained)
    return reverse("review:compare", args=[assignment.pk, first])


@require_GET
def compare(request: HttpRequest, assignment_id: UUID, person_id: UUID) -> HttpResponse:
    """Step 3: probe and one retained person's references, side by side."""

    @_of_ones_own
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


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@_of_ones_own
def conclude(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Step 4: the finding, why, and the signature."""
    if _due_step(assignment) != "review:conclude":
        return redirect("review:work", assignment.pk)
    form = ConclusionForm(request.POST or None, assignment=assignment, initial=_only_choice(assignment))
    if request.method == "POST" and form.is_valid():
        try:
            assessing.sign_assessment(actor=_viewer(request), assignment=assignment, **form.as_signed())
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


@require_http_methods(["GET", "POST"])
@_of_ones_own
def decline(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Give a review back, without penalty."""
    form = DeclineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        queueing.decline(actor=_viewer(request), assignment=assignment, reason=form.cleaned_data["reason"])
        messages.info(request, "You gave the review back. Somebody else will do it.")
        return redirect("review:queue")
    return render(request, "review/decline.html", {"assignment": assignment, "form": form})


@require_GET
def signed(request: HttpRequest, assignment_id: UUID) -> HttpResponse:
    """Step 5: after signing, score, rank and source are shown; nothing can be changed."""
    assignment = get_object_or_404(
        selectors.assignments(_viewer(request)), pk=assignment_id, state=Assignment.State.SIGNED
    )
    listed = assignment.review.search.candidates.select_related("person__gallery", "reference__face")
    context = {
        "assignment": assignment,
        "assessment": assignment.assessment,
        "candidates": listed.order_by("rank"),
        # Whether it has ended, and nothing else of the state: the rest would tell what others did.
        "ended": selectors.ended_reviews(_viewer(request)).filter(pk=assignment.review_id).exists(),
    }
    return render(request, "review/signed.html", context)


@require_GET
def conclusion(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """What a review came to, as a document."""
    review = get_object_or_404(selectors.ended_reviews(_viewer(request)), pk=review_id)
    record_alone(kind="review:conclusion:viewed/1", actor=_viewer(request), subject=review, purpose=review.case.purpose)
    assessments = list(review.assessments.select_related("reviewer", "person").order_by("-part", "reviewer_id"))
    conclusion = getattr(review, "conclusion", None)
    context = {
        "review": review,
        "standing": standing.standing_of(review),
        "is_not": standing.WHAT_IT_IS_NOT[Purpose(review.case.purpose)],
        "next_step": standing.NEXT_STEP[Purpose(review.case.purpose)],
        "assessments": assessments,
        "agreeing": sum(each.finding == conclusion.finding for each in assessments) if conclusion else 0,
        "listed": review.search.candidates.count(),
        "candidate": selectors.candidate_concluded(review),
    }
    return render(request, "review/conclusion.html", context)


def _viewer(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
