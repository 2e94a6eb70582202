"""The queue: one card, the next case; giving a review back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from review.errors import ReviewError
from review.forms.work import DeclineForm
from review.models import Assignment
from review.selectors.waiting import queue_of
from review.services import queue as queueing
from review.views.common import of_ones_own, viewer


@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """One card: the next case."""
    return render(request, "review/queue.html", {"queue": queue_of(viewer(request))})


@require_POST
def take_next(request: HttpRequest) -> HttpResponse:
    """Hand out the next review."""
    try:
        assignment = queueing.take_next(actor=viewer(request))
    except ReviewError as error:
        messages.error(request, str(error))
        return redirect("review:queue")
    if assignment is None:
        messages.info(request, "No review waits for you now.")
        return redirect("review:queue")
    return redirect(assignment)


@require_http_methods(["GET", "POST"])
@of_ones_own
def decline(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Give a review back, without penalty."""
    form = DeclineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        queueing.decline(actor=viewer(request), assignment=assignment, reason=form.cleaned_data["reason"])
        messages.info(request, "You gave the review back. Somebody else will do it.")
        return redirect("review:queue")
    return render(request, "review/decline.html", {"assignment": assignment, "form": form})
