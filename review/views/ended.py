"""What a review came to, as a document."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from audit.services import record_alone
from review import selectors, standing
from review.forms.reopening import ReopenForm
from review.report import report_of
from review.selectors.history import may_reopen
from review.views.common import viewer
from review.views.report import with_pictures


@require_GET
def conclusion(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """What a review came to, as a document."""
    review = get_object_or_404(selectors.ended_reviews(viewer(request)), pk=review_id)
    record_alone(kind="review:conclusion:viewed/1", actor=viewer(request), subject=review, purpose=review.case.purpose)
    assessments = list(review.assessments.select_related("reviewer", "person").order_by("-part", "reviewer_id"))
    conclusion = getattr(review, "conclusion", None)
    context = {
        "review": review,
        "is_not": standing.what_it_is_not(review) if conclusion else "",
        "next_step": standing.next_step(review) if conclusion else "",
        "assessments": assessments,
        "listed": review.search.candidates.count(),
        "candidate": selectors.candidate_concluded(review),
        "reopened": standing.reopened_in_words(review) if hasattr(review, "reopening") else "",
        "may_reopen": may_reopen(viewer(request), review),
        "reopen_form": ReopenForm(),
        "report": report_of(review, with_pictures=with_pictures(request, review)),
    }
    return render(request, "review/conclusion.html", context)
