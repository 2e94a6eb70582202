"""`manage.py audit ACTION`: what operators do with the log; the actions are in audit/commands."""

from argparse import ArgumentParser
from contextlib import nullcontext
from typing import Any

from django.core.management.base import BaseCommand

from audit.commands import ACTIONS, SERVICES
from audit.context import at_command_line


class Command(BaseCommand):
    """Hand an action its arguments."""

    help = "Sequence, export, verify and prove the audit log."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, action in ACTIONS.items():
            action.add_arguments(actions.add_parser(name, help=action.HELP))

    def handle(self, *, action: str, **options: Any) -> None:
        of_django = {"verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks"}
        of_django |= {"stdout", "stderr"}  # from call_command
        with nullcontext() if action in SERVICES else at_command_line():
            ACTIONS[action].run(self.stdout, **{key: said for key, said in options.items() if key not in of_django})
