"""The administration's addresses and forms, and what it leaves on record."""

from typing import Any

from django.urls import reverse

from accounts.models import Role, User
from audit.models import Entry

NEW_PASSWORD = "quite-another-passphrase"


def page_of(kind: str, action: str, *args: object) -> str:
    return reverse(f"admin:{kind}_{action}", args=args)


def changes(kind: str) -> list[dict[str, Any]]:
    return [entry.payload for entry in Entry.objects.filter(kind=kind).order_by("id")]


def roles_form(user: User | None = None, *add: Role, remove: tuple[Role, ...] = ()) -> dict[str, Any]:
    """The fields of the roles under an account's form."""
    held = list(user.held_roles.all()) if user else []
    data: dict[str, Any] = {"held_roles-INITIAL_FORMS": len(held), "held_roles-TOTAL_FORMS": len(held) + len(add)}
    for number, role in enumerate(held):
        data |= {
            f"held_roles-{number}-id": role.pk,
            f"held_roles-{number}-user": user.pk,
            f"held_roles-{number}-role": role.role,
        }
        if role.role in remove:
            data[f"held_roles-{number}-DELETE"] = "on"
    for number, role in enumerate(add, start=len(held)):
        data |= {f"held_roles-{number}-role": role.value, f"held_roles-{number}-user": user.pk if user else ""}
    return data


def account_form(user: User, **facts: object) -> dict[str, Any]:
    data = {"username": user.username, "full_name": user.full_name, "email": user.email, "is_active": "on"}
    return data | roles_form(user) | facts
