"""`manage.py agency NAME CODE USERNAME`: the first agency of an installation and its administrator."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction

from accounts.models import Agency, Role
from accounts.typed import typed_password
from audit.people import add_agency, open_account


class Command(BaseCommand):
    """Everything else is done by that administrator in the browser, under /admin/."""

    help = "Make an agency and its first administrator. The password is asked for, or read from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="as people know it")
        parser.add_argument("code", help="short, lower case")
        parser.add_argument("username", help="the administrator's name to sign in with")

    def handle(self, *args: Any, name: str, code: str, username: str, **options: Any) -> None:
        password = typed_password()
        try:
            make_agency(name=name, code=code, username=username, password=password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except IntegrityError as error:
            raise CommandError("An agency with this code, or an account with this name, is there already.") from error
        self.stdout.write(f"{name} and its administrator {username} are there. Sign in and open /admin/.")


@transaction.atomic
def make_agency(*, name: str, code: str, username: str, password: str) -> Agency:
    """Make both, or neither."""
    agency = add_agency(name=name, code=code)
    open_account(agency=agency, username=username, full_name=username, password=password, roles=[Role.ADMINISTRATOR])
    return agency
