"""`manage.py createsuperuser`, in the place of Django's own: here is no superuser."""

from typing import Any

from django.contrib.auth.management.commands.createsuperuser import Command as OfDjango
from django.core.management.base import CommandError


class Command(OfDjango):
    """Refuses, whichever of the options of Django's own are given."""

    help = "There is no superuser: use `manage.py agency`."
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError(
            "There is no superuser here, as what somebody may do follows from their roles: use `manage.py agency NAME "
            "CODE USERNAME`, which makes an agency and its administrator, on record."
        )
