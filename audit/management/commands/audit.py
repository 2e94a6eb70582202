"""`manage.py audit export` and `manage.py audit verify`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.layout import CSV, JSONL
from audit.verify import verify


class Command(BaseCommand):
    """Export the whole log, or verify an export; verifying asks no database."""

    help = "Export the audit log, or verify an export of it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        export = actions.add_parser("export", help="write the log of all agencies to a file")
        export.add_argument("--format", choices=(JSONL, CSV), default=JSONL)
        export.add_argument("--out", type=Path, required=True)
        checked = actions.add_parser("verify", help="recompute every hash of an export")
        checked.add_argument("file", type=Path)

    def handle(self, *, action: str, **options: Any) -> None:
        if action == "verify":
            self._verify(options["file"])
        else:
            self._export(options["format"], options["out"])

    def _verify(self, file: Path) -> None:
        verdict = verify(file)
        if not verdict.ok:
            raise CommandError(verdict.sentence)
        self.stdout.write(verdict.sentence)

    def _export(self, form: str, out: Path) -> None:
        """Write beside the file and rename: who finds the file finds all of it."""
        from audit.export import export_log

        partial = out.with_name(out.name + ".partial")
        try:
            with partial.open("wb") as file:
                made = export_log(actor=None, form=form, out=file)
            partial.replace(out)
        except OSError as problem:
            raise CommandError(f"{out} can't be written: {problem.strerror}.") from problem
        finally:
            partial.unlink(missing_ok=True)
        self.stdout.write(f"{made.entries} entries in {out}. Root {made.root}.")
