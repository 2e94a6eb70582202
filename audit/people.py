"""Agencies and accounts that the operator makes at the command line; the others are made in the administration.

The operator has no account, so the entries have no actor and say where it was done.
"""

from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from accounts.models import Agency, HeldRole, Role, User
from audit.kinds.keys import AT_COMMAND_LINE
from audit.services import record

BY_OPERATOR = {"at": AT_COMMAND_LINE}


@transaction.atomic
def add_agency(*, name: str, code: str) -> Agency:
    """Add an agency together with its entry; ValidationError or IntegrityError where it can't be."""
    agency = Agency(name=name, code=code)
    agency.full_clean(validate_unique=False)
    agency.save(force_insert=True)
    record(kind="accounts:agency:added/1", actor=None, subject=agency, agency=agency, payload=BY_OPERATOR)
    return agency


@transaction.atomic
def open_account(*, agency: Agency, username: str, full_name: str, password: str, roles: Iterable[Role]) -> User:
    """Open an account with its roles, each with its entry; ValidationError or IntegrityError where it can't be."""
    validate_password(password, User(username=username))
    user = User.objects.create_user(username, password=password, full_name=full_name, agency=agency)
    said = {"has_password": True} | BY_OPERATOR
    record(kind="accounts:user:opened/1", actor=None, subject=user, agency=agency, payload=said)
    for role in roles:
        HeldRole.objects.create(user=user, role=role)
        granted = {"role": role.value} | BY_OPERATOR
        record(kind="accounts:role:granted/1", actor=None, subject=user, agency=agency, payload=granted)
    return user
