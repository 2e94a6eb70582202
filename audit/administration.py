"""The base of every page in the administration: administrators only, their own agency, and on record."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db import models, transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
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


# Removing rows in bulk is no action here either.
admin.site.disable_action("delete_selected")
