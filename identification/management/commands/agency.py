"""`manage.py agency NAME CODE USERNAME`: the first agency of an installation and its administrator."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction

from accounts.models import Agency, HeldRole, Role, User
from audit.context import at_command_line
from audit.services import record


class Command(BaseCommand):
    """Everything else is done by that administrator in the browser, under /admin/."""

    help = "Make an agency and its first administrator. The password is asked for, or read from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="as people know it")
        parser.add_argument("code", help="short, lower case")
        parser.add_argument("username", help="the administrator's name to sign in with")

    @at_command_line()
    def handle(self, *args: Any, name: str, code: str, username: str, **options: Any) -> None:
        password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        try:
            validate_password(password, User(username=username))
            make_agency(name=name, code=code, username=username, password=password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except IntegrityError as error:
            raise CommandError("An agency with this code, or an account with this name, is there already.") from error
        self.stdout.write(f"{name} and its administrator {username} are there. Sign in and open /admin/.")


@transaction.atomic
def make_agency(*, name: str, code: str, username: str, password: str) -> Agency:
    """Make both, on record as done at the command line."""
    agency = Agency(name=name, code=code)
    agency.full_clean(validate_unique=False)
    agency.save(force_insert=True)
    user = User.objects.create_user(username, password=password, full_name=username, agency=agency)
    HeldRole.objects.create(user=user, role=Role.ADMINISTRATOR)
    record(
        kind="accounts:role:granted/1",
        actor=None,
        subject=user,
        agency=agency,
        payload={"role": Role.ADMINISTRATOR.value},
    )
    return agency
