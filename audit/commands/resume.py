"""Let a halted sequencer go on."""

from argparse import ArgumentParser

from django.core.management.base import CommandError, OutputWrapper

from audit.checkpoints import resume
from audit.commands.as_sequencer import sign_in_as_sequencer
from audit.keys import KeyProblem, cant_write
from audit.rehash import Corrupt

HELP = "hash the whole log anew and, if all of it holds, let a halted sequencer go on"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--restored",
        action="store_true",
        help="an older copy of the database was put in place, or the signer's memory is lost; the log will say so",
    )


def run(out: OutputWrapper, *, restored: bool) -> None:
    sign_in_as_sequencer()
    try:
        out.write(f"All {resume(restored=restored)} entries hold. The sequencer goes on.")
    except (Corrupt, KeyProblem) as problem:
        raise CommandError(f"The log stays halted: {problem}") from problem
    except OSError as problem:
        raise CommandError(cant_write(problem)) from problem
