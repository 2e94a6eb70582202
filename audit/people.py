"""Agencies and accounts that the operator makes at the command line; the others are made in the administration.

The operator has no account, so the entries have no actor and say where it was done.
"""

from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from accounts.models import Agency, HeldRole, Role, User
from audit.context import at_command_line
from audit.services import record


@at_command_line()
@transaction.atomic
def add_agency(*, name: str, code: str) -> Agency:
    """Add an agency together with its entry; ValidationError or IntegrityError where it can't be."""
    agency = Agency(name=name, code=code)
    agency.full_clean(validate_unique=False)
    agency.save(force_insert=True)
    record(kind="accounts:agency:added/1", actor=None, subject=agency, agency=agency)
    return agency


@at_command_line()
@transaction.atomic
def open_account(*, agency: Agency, username: str, full_name: str, password: str, roles: Iterable[Role]) -> User:
    """Open an account with its roles, each with its entry; ValidationError or IntegrityError where it can't be."""
    validate_password(password, User(username=username))
    user = User.objects.create_user(username, password=password, full_name=full_name, agency=agency)
    record(kind="accounts:user:opened/1", actor=None, subject=user, agency=agency, payload={"has_password": True})
    for role in roles:
        HeldRole.objects.create(user=user, role=role)
        granted = {"role": role.value}
        record(kind="accounts:role:granted/1", actor=None, subject=user, agency=agency, payload=granted)
    return user
