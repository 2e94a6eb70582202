"""Verify now: the round that is under way, and those before it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from audit.models import Verification
from audit.policies import can_read_log
from audit.selectors import NOBODY_HERE
from audit.standing import standing
from audit.verification import ask_for_verification
from audit.views.common import permitted

PAGE = 50


@require_GET
def verifications(request: HttpRequest) -> HttpResponse:
    """Show how far the verification under way is and how the earlier ones ended; the first part renews itself."""
    viewer = permitted(request, can_read_log)
    ended = Verification.objects.exclude(state=Verification.State.RUNNING).order_by("-id")
    page = Paginator(ended.select_related("asked_by"), PAGE).get_page(request.GET.get("page"))
    for each in page:
        asker = each.asked_by
        each.asked_in_words = (  # type: ignore[attr-defined]
            "at the command line"
            if asker is None
            else f"by {asker if asker.agency_id == viewer.agency_id else NOBODY_HERE}"
        )
    part = "#progress" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"audit/verifications.html{part}", {"standing": standing(), "page": page})


@require_POST
def verify_now(request: HttpRequest) -> HttpResponse:
    """Begin a verification unless one is under way."""
    viewer = permitted(request, can_read_log)
    if ask_for_verification(actor=viewer).asked_by_id != viewer.pk:
        messages.info(request, "A verification that somebody else asked for is under way; nothing more was begun.")
    return redirect("audit:verifications")
