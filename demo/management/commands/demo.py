"""`manage.py demo [--exit]`: the main job, end to end, with fictional people. See README.md."""

import os
import socket
import subprocess
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audit.context import at_command_line
from config.processes import ProcessEnded, Processes, commands, running
from demo.people import ACCOUNTS, PASSWORD, NotADemonstration, make_staff
from demo.report import Report
from demo.run import Demonstration
from identification.recognition.cores import cores


class Command(BaseCommand):
    """Set up, run the main job, show what happened, and serve."""

    help = "Run the main job end to end with fictional people, then serve."
    requires_system_checks: list[str] = []  # noqa: RUF012  (Django's own declaration)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--exit", action="store_true", help="stop after the log was verified")
        parser.add_argument("--port", type=int, default=8000)

    @at_command_line()
    def handle(self, *args: Any, port: int, **options: Any) -> None:
        report = Report(self.stdout)  # type: ignore[arg-type]
        refuse_a_taken_port(port)
        with report.step("Migrating"):
            migrate()
        named = commands(port, concurrency=worker_processes())
        try:
            with running(named, logs=settings.VAR_DIR / "logs", environment={}) as processes:
                processes.wait_for_web(f"http://127.0.0.1:{port}/sign-in/")
                self._run(report, processes, port, **options)
        except (ProcessEnded, NotADemonstration) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            report.say(
                "\nStopping the web server, the workers, the scheduler, the sequencer and, where this command started "
                "them, the bundled servers."
            )

    def _run(self, report: Report, processes: Processes, port: int, **options: Any) -> None:
        demonstration = Demonstration(report, processes, make_staff())
        for title, step in (
            ("Choosing the encoder", demonstration.choose_encoder),
            ("Enrolling the gallery", demonstration.enrol_gallery),
            ("Opening cases", demonstration.open_cases),
            ("Reviewing", demonstration.review),
            ("Corroborating", demonstration.corroborate),
            ("Proving the log", demonstration.prove_log),
        ):
            with report.step(title) as results:
                results.append(step())
        report.say(report.table())
        if not report.all_held:
            raise CommandError("Not every expectation held; the table says which.")
        if not options["exit"]:
            self._serve(report, processes, port)

    def _serve(self, report: Report, processes: Processes, port: int) -> None:
        report.say(f"\nCountersign serves on http://127.0.0.1:{port}  (Ctrl-C stops everything)\n")
        for name, (full_name, roles) in ACCOUNTS.items():
            report.say(f"  {name:14} {full_name:20} {', '.join(role.label for role in roles)}")
        report.say(f"\n  The password of each: {PASSWORD}")
        processes.watch()


def worker_processes() -> int:
    """Return how many worker processes a demonstration needs; each holds its own models, about 0.9 GB."""
    return min(4, cores())


def refuse_a_taken_port(port: int) -> None:
    """Say so when somebody else serves there."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise CommandError(f"Port {port} is taken. Stop what listens there, or choose another with --port.")


def migrate() -> None:
    """Migrate as the owner of the tables, and gather static files; this process can't do either as it runs."""
    owner = {"DATABASE_URL": os.environ.get("OWNER_DATABASE_URL", os.environ.get("DATABASE_URL", ""))}
    for command, environment in (
        (["migrate", "--no-input", "--verbosity", "0"], owner),
        (["collectstatic", "--no-input", "--verbosity", "0"], {}),
    ):
        subprocess.run([sys.executable, "manage.py", *command], check=True, env=os.environ | environment)  # noqa: S603
