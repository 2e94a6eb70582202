"""Write the log to a file."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import CommandError, OutputWrapper

from audit.export import export_log
from audit.layout import CSV, JSONL

HELP = "write the log of all agencies to a file"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--format", dest="form", choices=(JSONL, CSV), default=JSONL)
    parser.add_argument("--out", dest="to", type=Path, required=True)


def run(out: OutputWrapper, *, form: str, to: Path) -> None:
    """Write beside the file and rename: who finds the file finds all of it."""
    partial = to.with_name(to.name + ".partial")
    try:
        with partial.open("wb") as file:
            made = export_log(actor=None, form=form, out=file)
        partial.replace(to)
    except OSError as problem:
        raise CommandError(f"{to} can't be written: {problem.strerror}.") from problem
    finally:
        partial.unlink(missing_ok=True)
    out.write(f"{made.entries} entries in {to}. Root {made.root}.")
