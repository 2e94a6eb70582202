"""The reviews of one face from the first to the latest, and opening an ended one anew."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from audit.services import record_alone
from review import selectors
from review.errors import NotPermitted, ReviewError
from review.forms.reopening import ReopenForm
from review.selectors.history import history_of
from review.services.reopening import reopen_review
from review.views.common import viewer


@require_GET
def history(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """What each review of a face came to, and why the next one was begun."""
    review = get_object_or_404(
        selectors.reviews(viewer(request)).select_related("case", "probe__photograph"), pk=review_id
    )
    told = history_of(viewer(request), review)
    # One entry for each outcome read: who has read one doesn't judge the face blind any more; who saw that a review
    # is open, does.
    for each in told:
        record_alone(
            kind="review:history:viewed/1" if each.ended else "review:review:viewed/1",
            actor=viewer(request),
            subject=each.review,
            purpose=review.case.purpose,
        )
    return render(request, "review/history.html", {"review": review, "told": told})


@require_POST
def reopen(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Open an ended review anew."""
    review = get_object_or_404(selectors.ended_reviews(viewer(request)), pk=review_id)
    form = ReopenForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say in a sentence what is new. Nothing was reopened.")
        return redirect(review)
    try:
        reopen_review(actor=viewer(request), review=review, reason=form.cleaned_data["reason"])
    except NotPermitted as error:
        raise PermissionDenied(str(error)) from error
    except ReviewError as error:
        messages.error(request, str(error))
        return redirect(review)
    messages.success(request, "Reopened. The face is searched for again, and the conclusion is marked until then.")
    return redirect("review:history", review.pk)
