"""The comparison report of an ended review, as a page and as a PDF; each one made is on record."""

import hashlib
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from audit.services import record_alone
from identification.models import Face, Purpose
from review import selectors
from review.models import Review
from review.report import pdf_of, report_of
from review.report.pictures import jpeg_of
from review.services.exposure import ExposureCapped, count_face
from review.views.common import viewer


@require_GET
def report(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """The report as a page that prints well."""
    review = _ended(request, review_id)
    pictures = with_pictures(request, review)
    _made(request, review, format="html", pictures=pictures)
    context = {
        "review": review,
        "report": report_of(review, with_pictures=pictures),
        "deceased": review.case.purpose == Purpose.DECEASED,
    }
    return render(request, "review/report.html", context)


@require_GET
def report_pdf(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """The report as a PDF to keep; the log holds the hash of what was handed out."""
    review = _ended(request, review_id)
    pictures = with_pictures(request, review)
    data = pdf_of(report_of(review, with_pictures=pictures))
    _made(request, review, format="pdf", pictures=pictures, sha256=hashlib.sha256(data).hexdigest())
    name = f"report-{review.case.number}-{str(review.pk)[:8]}.pdf"
    return HttpResponse(
        data, content_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@require_GET
def picture(request: HttpRequest, review_id: UUID, number: int) -> HttpResponse:
    """One picture of the report, with its markers drawn on it."""
    review = _ended(request, review_id)
    shown = _may_be_shown(request, review)
    wanted = report_of(review, with_pictures=True).picture(number) if shown else None
    data = jpeg_of(wanted) if wanted else None
    if wanted is None or data is None:
        raise Http404("There is no such picture.")
    record_alone(
        kind="identification:photograph:viewed/1",
        actor=viewer(request),
        subject=Face.objects.get(pk=wanted.face_id),
        purpose=review.case.purpose,
        payload={"variant": "report", "review": str(review.pk)},
    )
    return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


def with_pictures(request: HttpRequest, review: Review) -> bool:
    """Pictures of the deceased are shown to those who ask; others unless somebody asks that they be left out.

    Whoever reviews has them counted like any other, and gets none beyond the day's limit.
    """
    usual = review.case.purpose != Purpose.DECEASED
    wanted = {"1": True, "0": False}.get(request.GET.get("pictures", ""), usual)
    return wanted and _may_be_shown(request, review)


def _may_be_shown(request: HttpRequest, review: Review) -> bool:
    try:
        count_face(viewer=viewer(request), review=review)
    except ExposureCapped:
        return False
    return True


def _ended(request: HttpRequest, review_id: UUID) -> Review:
    """Return an ended review of which the viewer may know."""
    return get_object_or_404(selectors.ended_reviews(viewer(request)), pk=review_id)


def _made(request: HttpRequest, review: Review, **payload: object) -> None:
    record_alone(
        kind="review:report:made/1",
        actor=viewer(request),
        subject=review,
        purpose=review.case.purpose,
        payload=payload,
    )
