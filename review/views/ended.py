"""What a review came to, as a document."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from audit.services import record_alone
from identification.models import Purpose
from review import selectors, standing
from review.report import report_of
from review.views.common import viewer
from review.views.report import with_pictures


@require_GET
def conclusion(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """What a review came to, as a document."""
    review = get_object_or_404(selectors.ended_reviews(viewer(request)), pk=review_id)
    record_alone(kind="review:conclusion:viewed/1", actor=viewer(request), subject=review, purpose=review.case.purpose)
    assessments = list(review.assessments.select_related("reviewer", "person").order_by("-part", "reviewer_id"))
    context = {
        "review": review,
        "is_not": standing.WHAT_IT_IS_NOT[Purpose(review.case.purpose)],
        "next_step": standing.NEXT_STEP[Purpose(review.case.purpose)],
        "assessments": assessments,
        "listed": review.search.candidates.count(),
        "candidate": selectors.candidate_concluded(review),
        "report": report_of(review, with_pictures=with_pictures(request, review)),
    }
    return render(request, "review/conclusion.html", context)
