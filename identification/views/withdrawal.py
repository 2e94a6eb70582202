"""Withdrawing a reference: asked once, with a reason."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.models import User
from audit.services import record_alone
from identification import policies, selectors
from identification.errors import IdentificationError
from identification.forms import WithdrawalForm
from identification.services.withdrawal import withdraw_reference


@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, reference_id: UUID) -> HttpResponse:
    """Say what will happen, ask for the reason, and withdraw the reference."""
    assert isinstance(request.user, User)
    viewer: User = request.user
    reference = get_object_or_404(selectors.references(viewer), pk=reference_id)
    if not policies.can_withdraw_reference(viewer, reference.gallery):
        raise PermissionDenied("Withdrawing a reference needs the intake or the administrator role.")
    if reference.withdrawn_at:
        messages.info(request, "This reference has been withdrawn already.")
        return redirect(reference.gallery)
    form = WithdrawalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            withdraw_reference(actor=viewer, reference=reference, reason=form.cleaned_data["reason"])
        except IdentificationError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"The reference of {reference.person} was withdrawn.")
            return redirect(reference.gallery)
    said = {"person": str(reference.person_id), "gallery": str(reference.gallery_id)}
    record_alone(kind="identification:reference:viewed/1", actor=viewer, subject=reference, payload=said)
    return render(request, "identification/withdraw_reference.html", {"reference": reference, "form": form})
