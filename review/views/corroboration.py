"""From a conclusion to an identification: recording, verifying, reading and asserting, each on a page of its own."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from audit.services import record_alone
from identification.storage import OriginalChanged
from review import policies, selectors
from review.asserted_document import meaning_of_assertion
from review.errors import NotPermitted, ReviewError
from review.forms.corroboration import AssertionForm, IdentifierForm, VerificationForm
from review.models import Identifier, Review
from review.selectors import corroboration as reading
from review.services import corroboration
from review.views.common import viewer


@require_http_methods(["GET", "POST"])
def record_identifier(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Record an identifier with its file."""
    review = _open_review(request, review_id)
    if not policies.can_record_identifier(viewer(request), review):
        raise PermissionDenied("Recording an identifier needs the intake or the liaison role.")
    if closed := corroboration.why_closed(review.conclusion):
        return _back(request, review, closed)
    form = IdentifierForm(request.POST or None, request.FILES or None)
    done = _taken(
        request,
        form,
        lambda: corroboration.record_identifier(
            actor=viewer(request), conclusion=review.conclusion, **form.cleaned_data
        ),
    )
    if done:
        messages.success(request, "The identifier is recorded. It counts once somebody else has verified it.")
        return redirect(review)
    _record_look(request, review, page="record")
    return _form(request, "review/record_identifier.html", form, review=review)


@require_http_methods(["GET", "POST"])
def verify_identifier(request: HttpRequest, identifier_id: UUID) -> HttpResponse:
    """Verify an identifier that somebody else recorded."""
    identifier = get_object_or_404(reading.identifiers(viewer(request)), pk=identifier_id)
    review = identifier.conclusion.review
    if identifier.recorded_by_id == request.user.pk:
        return _back(request, review, "You recorded this identifier, so somebody else verifies it.")
    if not policies.can_verify_identifier(viewer(request), review):
        raise PermissionDenied("Verifying is for those who work with the case and have not judged the face.")
    if closed := corroboration.why_closed(identifier.conclusion):
        return _back(request, review, closed)
    if hasattr(identifier, "verification"):
        return _back(request, review, "Somebody has verified this identifier already.")
    form = VerificationForm(request.POST or None)
    done = _taken(
        request,
        form,
        lambda: corroboration.verify_identifier(actor=viewer(request), identifier=identifier, **form.cleaned_data),
    )
    if done:
        messages.success(request, "Your verification is recorded.")
        return redirect(review)
    _record_look(request, review, page="verify", identifier=str(identifier.pk))
    shown = reading.Recorded(identifier, may_verify=False)
    return _form(request, "review/verify_identifier.html", form, review=review, recorded=shown, may_read=True)


@require_GET
def identifier_file(request: HttpRequest, identifier_id: UUID) -> HttpResponse:
    """An identifier's file as it came, to be saved: whatever it is, no browser is to show or run it here."""
    identifier = get_object_or_404(reading.identifiers(viewer(request)), pk=identifier_id)
    try:
        data = corroboration.open_file(actor=viewer(request), identifier=identifier)
    except NotPermitted as error:
        raise PermissionDenied(str(error)) from error
    except (OriginalChanged, FileNotFoundError):
        sentence = "The kept file is not the one that came. Ask your administrator to restore it from a backup."
        return _back(request, identifier.conclusion.review, sentence)
    return _attachment(identifier, data)


def _attachment(identifier: Identifier, data: bytes) -> HttpResponse:
    answer = HttpResponse(data, content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=identifier.file_name)
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def assert_identity(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Assert with a signature that a conclusion and what corroborates it suffice."""
    review = _open_review(request, review_id)
    if not policies.can_assert_identity(viewer(request), review):
        raise PermissionDenied("Asserting needs its own role, and somebody who neither asked nor judged the face.")
    found = reading.corroboration_of(viewer(request), review)
    if found is None or found.closed or found.missing:
        return _back(request, review, (found and (found.closed or found.missing)) or "Nobody is named here.")
    form = AssertionForm(request.POST or None, confirmed=found.confirmed)
    done = _taken(request, form, lambda: _signed(request, review, form))
    if done:
        messages.success(request, "You have asserted it. The conclusion says so from now on.")
        return redirect(review)
    _record_look(request, review, page="assert")
    meaning = meaning_of_assertion(corroborated=bool(found.recorded))
    return _form(
        request, "review/assert_identity.html", form, review=review, corroboration=found, meaning=meaning, may_read=True
    )


def _signed(request: HttpRequest, review: Review, form: AssertionForm) -> None:
    leading = form.cleaned_data.get("leading_identifier")
    corroboration.assert_identity(
        actor=viewer(request),
        conclusion=review.conclusion,
        leading_identifier=UUID(leading) if leading else None,
        password=form.cleaned_data["password"],
    )


def _open_review(request: HttpRequest, review_id: UUID) -> Review:
    return get_object_or_404(selectors.ended_reviews(viewer(request)), pk=review_id, conclusion__isnull=False)


def _taken(request: HttpRequest, form: Form, call: Callable[[], object]) -> bool:
    """Whether what was sent was taken; what stands against it is told at the top of the form."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        call()
    except ReviewError as error:
        form.add_error(None, str(error))
        return False
    return True


def _record_look(request: HttpRequest, review: Review, **said: str) -> None:
    record_alone(
        kind="review:corroboration:viewed/1",
        actor=viewer(request),
        subject=review,
        purpose=review.case.purpose,
        payload=said,
    )


def _form(request: HttpRequest, template: str, form: Form, **context: object) -> HttpResponse:
    return render(request, template, {"form": form} | context, status=422 if form.errors else 200)


def _back(request: HttpRequest, review: Review, sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    return redirect(review)
