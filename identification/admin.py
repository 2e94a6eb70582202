"""Galleries, policies and encoders in the administration. Cases and photographs are worked on in their own pages."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest

from accounts.models import Agency
from audit.administration import AuditedAdmin
from identification.models import Encoder, Gallery, IdentifierKind, Purpose, PurposePolicy, gallery_kind_of
from identification.services.enrolment import terms_of


class GalleryForm(forms.ModelForm):
    """A gallery with its purposes as boxes to tick; says in words what the database would refuse."""

    agency: Agency
    purposes = forms.MultipleChoiceField(choices=Purpose.choices, widget=forms.CheckboxSelectMultiple)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Gallery.objects.filter(agency=self.agency, name=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("Your agency has a gallery of this name already. Choose another name.")
        return name

    def clean(self) -> dict[str, Any] | None:
        facts = super().clean() or self.cleaned_data
        kind = facts.get("kind") or self.instance.kind
        if kind and any(gallery_kind_of(purpose) != kind for purpose in facts.get("purposes", [])):
            self.add_error(
                "purposes",
                "Humanitarian and incident galleries are never searched together: choose Incident alone for an "
                "incident gallery, and anything else for a humanitarian one.",
            )
        return facts


class PolicyForm(forms.ModelForm):
    """A policy; says in words what the database would refuse, and keeps the corroboration that a purpose asks for."""

    sufficient_kinds = forms.MultipleChoiceField(
        choices=IdentifierKind.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Kinds of identifier of which one, verified, suffices for an identification.",
    )

    def clean_reviewers(self) -> int:
        reviewers: int = self.cleaned_data["reviewers"]
        if reviewers < 2:
            raise forms.ValidationError("Never fewer than two: nobody makes a conclusion stand alone.")
        return reviewers

    def clean_list_length(self) -> int:
        length: int = self.cleaned_data["list_length"]
        if not 1 <= length <= PurposePolicy.MOST_CANDIDATES:
            raise forms.ValidationError(f"A list has 1 to {PurposePolicy.MOST_CANDIDATES} candidates.")
        return length

    def clean_corroboration_required(self) -> bool:
        required: bool = self.cleaned_data["corroboration_required"]
        if not required and self.instance.purpose in (Purpose.DECEASED, Purpose.CAPTURED):
            raise forms.ValidationError("This purpose always asks for an independent identifier other than the face.")
        return required

    def clean_sufficient_together(self) -> int:
        together: int = self.cleaned_data["sufficient_together"]
        if not (together == 0 or 2 <= together <= len(IdentifierKind)):
            raise forms.ValidationError(
                f"Together means two or more of the {len(IdentifierKind)} kinds. Write 0 where none suffice together."
            )
        return together

    def clean(self) -> dict[str, Any] | None:
        facts = super().clean() or self.cleaned_data
        nothing_suffices = not facts.get("sufficient_kinds") and facts.get("sufficient_together") == 0
        if facts.get("corroboration_required") and nothing_suffices:
            self.add_error(
                "sufficient_kinds",
                "An identifier is asked for, so say what suffices: one kind at least, or two or more kinds together.",
            )
        return facts


@admin.register(Gallery)
class GalleryAdmin(AuditedAdmin):
    """Galleries of one's own agency. The kind is chosen once: a gallery never changes sides."""

    form = GalleryForm
    added_kind = "identification:gallery:opened/1"
    changed_kind = "identification:gallery:changed/1"
    agency_path = "agency"
    list_display = ("name", "kind", "opened_at")
    fields = ("name", "kind", "lawful_basis", "purposes")

    def get_form(
        self, request: HttpRequest, obj: Gallery | None = None, change: bool = False, **kwargs: Any
    ) -> type[GalleryForm]:
        form: type[GalleryForm] = super().get_form(request, obj, change, **kwargs)
        form.agency = request.user.agency  # type: ignore[union-attr]
        return form

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
        return ({"fields": form.changed_data} if change else {"gallery_kind": obj.kind}) | terms_of(obj)


@admin.register(PurposePolicy)
class PurposePolicyAdmin(AuditedAdmin):
    """Policies can be tightened; PostgreSQL refuses fewer than two reviewers or a list of more than fifty."""

    form = PolicyForm
    changed_kind = "identification:policy:changed/1"
    list_display = ("purpose", "reviewers", "list_length", "corroboration_required", "precedence")
    readonly_fields = ("purpose",)

    def payload_of(self, obj: models.Model, form: ModelForm, change: bool) -> dict[str, Any]:
        """Say also what the policy is from now on: numbers, codes and yes or no, nothing about anybody."""
        said = super().payload_of(obj, form, change)
        values = {
            field.name: getattr(obj, field.attname) for field in obj._meta.concrete_fields if not field.primary_key
        }
        return said | {"purpose": obj.pk, "values": values}


@admin.register(Encoder)
class EncoderAdmin(AuditedAdmin):
    """Which encoders there are. They are installed and activated with `manage.py encoder`."""

    list_display = ("name", "version", "dimension", "licence", "active", "activated_at")
