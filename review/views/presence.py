"""Being there: a page says that somebody works on it, is being left, or is left for later."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from review.errors import StaleAssignment
from review.models import Assignment
from review.services import leases, queue
from review.views.common import own_place, viewer


@own_place
@require_POST
def stay(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Extend the lease, or say in a sentence why the place can't be kept."""
    try:
        queue.come_back(actor=viewer(request), assignment=assignment)
    except StaleAssignment as error:
        return JsonResponse({"sentence": str(error)}, status=409)
    return HttpResponse(status=204)


@own_place
@require_POST
def leave(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """The page was closed or left for another."""
    leases.leave(actor=viewer(request), assignment=assignment)
    return HttpResponse(status=204)


@own_place
@require_POST
def later(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Leave a review for later: its place is free at once, what was written stays."""
    try:
        leases.leave_for_later(actor=viewer(request), assignment=assignment)
    except StaleAssignment as error:
        messages.error(request, str(error))
    else:
        messages.info(request, "Left for later. What you wrote is kept; go on with it while a place there is free.")
    return redirect("review:queue")
