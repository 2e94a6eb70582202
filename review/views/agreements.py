"""Agreements between agencies, and reviews for which there are too few people: for administrators."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from review import policies
from review.errors import ReviewError
from review.forms.agreements import AgreementForm
from review.models import Agreement
from review.selectors.agreements import agreements as agreements_of
from review.selectors.agreements import other_agencies
from review.selectors.shortage import reviews_lacking_people
from review.services import agreements as agreeing
from review.views.common import viewer


@require_http_methods(["GET", "POST"])
def agreements(request: HttpRequest) -> HttpResponse:
    """With whom the agency has agreed; proposing one more; and what waits because people are lacking."""
    if not policies.can_see_agreements(request.user):
        raise PermissionDenied("Agreements are open to administrators.")
    form = AgreementForm(request.POST or None, viewer=viewer(request))
    if request.method == "POST" and form.is_valid():
        try:
            agreeing.propose_agreement(actor=viewer(request), **form.cleaned_data)
        except ReviewError as error:
            form.add_error(None, str(error))
        else:
            messages.info(request, "Proposed. It holds once an administrator of the other agency accepts it.")
            return redirect("review:agreements")
    context = {
        "agreements": agreements_of(viewer(request)),
        "others": other_agencies(viewer(request)).exists(),
        "lacking": reviews_lacking_people(viewer(request)),
        "form": form,
    }
    return render(request, "review/agreements.html", context)


@require_POST
def accept(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """Put an agreement into force."""
    return _done(request, agreement_id, agreeing.accept_agreement, "Accepted. Your reviewers are given their reviews.")


@require_POST
def end(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """End an agreement."""
    return _done(request, agreement_id, agreeing.end_agreement, "Ended. Nothing more is given or signed by it.")


def _done(request: HttpRequest, agreement_id: UUID, do: Callable[..., None], sentence: str) -> HttpResponse:
    agreement: Agreement = get_object_or_404(agreements_of(viewer(request)), pk=agreement_id)
    try:
        do(actor=viewer(request), agreement=agreement)
    except ReviewError as error:
        messages.error(request, str(error))
    else:
        messages.info(request, sentence)
    return redirect("review:agreements")
