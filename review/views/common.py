"""What the pages of a review have in common: whose work it is, and which step is due."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.models import User
from review import selectors
from review.errors import ReviewWithdrawn, StaleAssignment
from review.models import Assignment, Part, ReviewState, Suitability

Work = Callable[[HttpRequest, Assignment], HttpResponse]


def of_ones_own(view: Work) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """Find one's own open assignment for a step, and go where its work has come to when the step is not due."""

    @wraps(view)
    def find(request: HttpRequest, assignment_id: UUID) -> HttpResponse:
        assignment = get_object_or_404(selectors.assignments(viewer(request)), pk=assignment_id)
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


def due_step(assignment: Assignment) -> str:
    """Return the name of the page to which the work has come."""
    if not assignment.analysed_at:
        return "review:probe"
    if assignment.part == Part.ADJUDICATOR and not assignment.differing_read_at:
        return "review:differing"
    if assignment.compared_at or assignment.suitability == Suitability.UNSUITABLE:
        return "review:conclude"
    return "review:candidates"


def viewer(request: HttpRequest) -> User:
    """Return who is signed in."""
    assert isinstance(request.user, User)
    return request.user
