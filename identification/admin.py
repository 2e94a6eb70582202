"""Galleries, policies and encoders in the administration. Cases and photographs are worked on in their own pages."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest

from audit.administration import AuditedAdmin
from identification.models import Encoder, Gallery, Purpose, PurposePolicy


class GalleryForm(forms.ModelForm):
    """A gallery with its purposes as boxes to tick."""

    purposes = forms.MultipleChoiceField(choices=Purpose.choices, widget=forms.CheckboxSelectMultiple)


@admin.register(Gallery)
class GalleryAdmin(AuditedAdmin):
    """Galleries of one's own agency. The kind is chosen once: a gallery never changes sides."""

    form = GalleryForm
    added_kind = "identification:gallery:opened/1"
    changed_kind = "identification:gallery:changed/1"
    agency_path = "agency"
    list_display = ("name", "kind", "opened_at")
    fields = ("name", "kind", "lawful_basis", "purposes")

    def get_readonly_fields(self, request: HttpRequest, obj: Gallery | None = None) -> tuple[str, ...]:
        return ("kind",) if obj else ()

    def save_model(self, request: HttpRequest, obj: models.Model, form: ModelForm, change: bool) -> None:
        """A new gallery belongs to the administrator's agency."""
        if not change:
            assert isinstance(obj, Gallery)
            obj.agency = request.user.agency  # type: ignore[union-attr]
        super().save_model(request, obj, form, change)

    def payload_of(self, obj: models.Model, form: ModelForm, change: bool) -> dict[str, Any]:
        assert isinstance(obj, Gallery)
        return {"fields": form.changed_data} if change else {"gallery_kind": obj.kind}


@admin.register(PurposePolicy)
class PurposePolicyAdmin(AuditedAdmin):
    """Policies can be tightened; PostgreSQL refuses fewer than two reviewers or a list of more than fifty."""

    changed_kind = "identification:policy:changed/1"
    list_display = ("purpose", "reviewers", "list_length", "corroboration_required")
    readonly_fields = ("purpose",)


@admin.register(Encoder)
class EncoderAdmin(AuditedAdmin):
    """Which encoders there are. They are installed and activated with `manage.py encoder`."""

    list_display = ("name", "version", "dimension", "licence", "active", "activated_at")
