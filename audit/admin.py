"""People and agencies in the administration. It stands here because accounts lies below the log."""

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.forms import BaseModelFormSet, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from unfold.admin import TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.models import Agency, HeldRole, User
from accounts.policies import is_administrator
from audit.administration import AuditedAdmin, recording_password
from audit.services import record

# What the form of a new account asks besides its fields.
OF_A_NEW_PASSWORD = ("usable_password", "password1", "password2")

for unused in (Group, AccessAttempt, AccessFailureLog, AccessLog):
    admin.site.unregister(unused)


class HeldRoleInline(TabularInline):
    """The roles of a person."""

    model = HeldRole
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(is_administrator(request.user))

    has_change_permission = has_delete_permission = has_view_permission = has_add_permission


class PersonForm(UserChangeForm):
    """An account; says in words what the database would refuse."""

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError("A user with that username already exists.")
        return name


@admin.register(User)
class PersonAdmin(UserAdmin, AuditedAdmin):
    """Accounts of one's own agency and their roles; an account is closed, never removed."""

    added_kind, changed_kind = "accounts:user:opened/1", "accounts:user:changed/1"
    agency_path = "agency"
    form = PersonForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = (HeldRoleInline,)
    list_display = ("full_name", "username", "role_names", "is_active", "last_login")
    list_filter = ("is_active", "held_roles__role")
    search_fields = ("full_name", "username")
    ordering = ("full_name",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("full_name", "email")}),
        ("Account", {"fields": ("is_active", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "full_name", "email", "usable_password", "password1", "password2")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        return super().get_queryset(request).prefetch_related("held_roles")

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Set somebody's password, which is on record as every change is."""
        person = self.get_object(request, id)
        if person is None:
            raise Http404("There is no such account here.")
        return recording_password(super().user_change_password)(request, id, form_url, person=person)

    @admin.display(description="roles")
    def role_names(self, user: User) -> str:
        return ", ".join(role.get_role_display() for role in user.held_roles.all())

    def save_model(self, request: HttpRequest, obj: models.Model, form: ModelForm, change: bool) -> None:
        """A new person belongs to the administrator's agency."""
        if not change:
            assert isinstance(obj, User)
            obj.agency = request.user.agency  # type: ignore[union-attr]
        super().save_model(request, obj, form, change)

    def payload_of(self, obj: models.Model, form: ModelForm, change: bool) -> dict[str, Any]:
        """Say also whether this person can get in from now on."""
        assert isinstance(obj, User)
        said: dict[str, Any] = {"fields": [name for name in form.changed_data if name not in OF_A_NEW_PASSWORD]}
        if not change:
            return said | {"has_password": obj.has_usable_password()}
        return said | ({"active": obj.is_active} if "is_active" in form.changed_data else {})

    @transaction.atomic
    def save_formset(self, request: HttpRequest, form: ModelForm, formset: BaseModelFormSet, change: bool) -> None:
        """Grant and revoke roles, each with its entry."""
        held_before = {role.pk: role.role for role in HeldRole.objects.filter(user=form.instance)}
        super().save_formset(request, form, formset, change)
        held = {role.pk: role.role for role in HeldRole.objects.filter(user=form.instance)}
        for kind, roles in (
            ("accounts:role:granted/1", set(held.values()) - set(held_before.values())),
            ("accounts:role:revoked/1", set(held_before.values()) - set(held.values())),
        ):
            for role in sorted(roles):
                record(kind=kind, actor=request.user, subject=form.instance, payload={"role": role})  # type: ignore[arg-type]


@admin.register(Agency)
class AgencyAdmin(AuditedAdmin):
    """One's own agency."""

    changed_kind = "accounts:agency:changed/1"
    agency_path = "pk"
    list_display = ("name", "code")
