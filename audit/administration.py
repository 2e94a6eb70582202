"""The base of every page in the administration: administrators only, their own agency, and on record."""

from collections.abc import Callable
from typing import Any, ClassVar

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import ModelAdmin

from accounts.models import User
from accounts.policies import is_administrator
from audit.services import record


class AuditedAdmin(ModelAdmin):
    """Nothing is removed here, every change is an entry, and another agency's rows are not there."""

    # The kinds of the entries for a new row and for a changed one; None: not possible here.
    added_kind: ClassVar[str | None] = None
    changed_kind: ClassVar[str | None] = None
    # The path from a row to its agency; None: rows that all agencies share.
    agency_path: ClassVar[str | None] = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(is_administrator(request.user))

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(is_administrator(request.user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.added_kind is not None and bool(is_administrator(request.user))

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.changed_kind is not None and bool(is_administrator(request.user))

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        assert isinstance(request.user, User)
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(**{self.agency_path: request.user.agency_id}) if self.agency_path else rows

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: models.Model, form: ModelForm, change: bool) -> None:
        """Save the row and its entry together."""
        super().save_model(request, obj, form, change)
        self.record_change(request, obj, form, change)

    def record_change(self, request: HttpRequest, obj: models.Model, form: ModelForm, change: bool) -> None:
        """Add the entry: which fields changed, never to what."""
        kind = self.changed_kind if change else self.added_kind
        if kind is None or (change and not form.changed_data):
            return
        record(kind=kind, actor=request.user, subject=obj, payload=self.payload_of(obj, form, change))  # type: ignore[arg-type]

    def payload_of(self, obj: models.Model, form: ModelForm, change: bool) -> dict[str, Any]:
        """Return the payload of the entry."""
        return {"fields": form.changed_data}


View = Callable[..., HttpResponse]


def recording_password(view: View) -> View:
    """Wrap a page on which a password is set: its entry and the new password stand together."""

    @transaction.atomic
    def wrapped(request: HttpRequest, *args: Any, person: Any = None, **kwargs: Any) -> HttpResponse:
        changed = person or request.user
        assert isinstance(changed, User)
        before = changed.password
        response = view(request, *args, **kwargs)
        changed.refresh_from_db(fields=["password"])
        if changed.password != before:
            said = {"fields": ["password"], "has_password": changed.has_usable_password()}
            record(kind="accounts:user:changed/1", actor=request.user, subject=changed, payload=said)  # type: ignore[arg-type]
        return response

    return wrapped


@login_not_required
def sign_in_elsewhere(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG001
    """The administration has no sign-in of its own; who is signed in and no administrator is told so."""
    if is_administrator(request.user):
        return redirect("admin:index")
    if request.user.is_authenticated:
        raise PermissionDenied("The administration is open to administrators.")
    return redirect_to_login(request.GET.get("next") or "/admin/")


def _with_the_policy_of_unfold(admin_view: View) -> View:
    return lambda *args, **kwargs: csp_replace(settings.ADMIN_CONTENT_SECURITY_POLICY)(admin_view(*args, **kwargs))


# Removing rows in bulk is no action here either.
admin.site.disable_action("delete_selected")
admin.site.login = sign_in_elsewhere  # type: ignore[method-assign]
admin.site.password_change = recording_password(admin.site.password_change)  # type: ignore[assignment,method-assign]
admin.site.admin_view = _with_the_policy_of_unfold(admin.site.admin_view)  # type: ignore[assignment,method-assign]
