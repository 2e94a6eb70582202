"""`manage.py changepassword USERNAME`, in the place of Django's own, which leaves no entry in the log."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.services import set_password
from accounts.typed import typed_password


class Command(BaseCommand):
    """A password is a signature: it is set as everywhere else, and the log says that the operator set it."""

    help = "Set the password of an account, on record. It is asked for twice, or read from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="the name that this person signs in with")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError("There is no account with this name. Type it as the person signs in.")
        try:
            set_password(actor=None, user=user, password=typed_password())
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(
            f"{username} has a new password, which is on record. Ask them to choose their own in its place."
        )
