"""What the pages of a review have in common: whose work it is, and which step is due."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.models import User
from audit.services import record_alone
from review import selectors
from review.errors import ReviewWithdrawn, StaleAssignment
from review.models import Assignment, Part, ReviewState, Suitability
from review.services.queue import come_back
from review.services.withdrawal import begin_again_without_evidence

Work = Callable[[HttpRequest, Assignment], HttpResponse]


def own_place(view: Work) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """Find one's own place in a review, whatever has become of it."""

    @wraps(view)
    def find(request: HttpRequest, assignment_id: UUID) -> HttpResponse:
        return view(request, get_object_or_404(selectors.assignments(viewer(request)), pk=assignment_id))

    return find


def of_ones_own(view: Work) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """Find one's own place for a step, keep it for longer or take it up again, and go to the queue when it is lost."""

    @own_place
    @wraps(view)
    def find(request: HttpRequest, assignment: Assignment) -> HttpResponse:
        if assignment.state == Assignment.State.SIGNED:
            return redirect("review:signed", assignment.pk)
        try:
            if not assignment.review.evidence:
                begin_again_without_evidence(actor=viewer(request), review=assignment.review)
                assignment.review.refresh_from_db(fields=["state", "withdrawn_because"])
            if assignment.review.state == ReviewState.WITHDRAWN:
                raise ReviewWithdrawn(assignment.review.withdrawn_because)
            come_back(actor=viewer(request), assignment=assignment)
            return view(request, assignment)
        except StaleAssignment as error:
            messages.error(request, str(error))
            return redirect("review:queue")

    return find


def due_step(assignment: Assignment) -> str:
    """Return the name of the page to which the work has come."""
    if not assignment.analysed_at:
        return "review:probe"
    if assignment.part == Part.ADJUDICATOR and not assignment.differing_read_at:
        return "review:differing"
    if assignment.compared_at or assignment.suitability == Suitability.UNSUITABLE:
        return "review:conclude"
    return "review:candidates"


def record_look(request: HttpRequest, assignment: Assignment, page: str) -> None:
    """Record, with the agency whose review it is, that somebody looked at a page of their work."""
    record_alone(
        kind="review:work:viewed/1",
        actor=viewer(request),
        subject=assignment,
        agency=assignment.review.case.agency,
        purpose=assignment.review.case.purpose,
        payload={"page": page, "review": str(assignment.review_id)},
    )


def record_look_at_candidates(request: HttpRequest, assignment: Assignment, **said: int) -> None:
    """Record that somebody looked at the candidates, or at the one at a position beside the probe."""
    record_alone(
        kind="review:candidates:viewed/1",
        actor=viewer(request),
        subject=assignment,
        agency=assignment.review.case.agency,
        purpose=assignment.review.case.purpose,
        payload={"search": str(assignment.review.search_id), "review": str(assignment.review_id), **said},
    )


def viewer(request: HttpRequest) -> User:
    """Return who is signed in."""
    assert isinstance(request.user, User)
    return request.user
