"""Replace the key that signs checkpoints."""

from argparse import ArgumentParser

from django.core.management.base import CommandError, OutputWrapper

from audit.commands.as_sequencer import sign_in_as_sequencer
from audit.keys import KeyProblem, cant_write, rotate_key

HELP = "replace the key that signs checkpoints; the old one hands over, and the log says so"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--lost", action="store_true", help="the old key is gone: nobody hands over, and every verifier will say so"
    )


def run(out: OutputWrapper, *, lost: bool) -> None:
    sign_in_as_sequencer()
    try:
        key = rotate_key(lost=lost)
    except KeyProblem as problem:
        raise CommandError(str(problem)) from problem
    except OSError as problem:
        raise CommandError(cant_write(problem)) from problem
    out.write(f"The log is signed with a new key from now on. Publish it where the old one is published:\n{key.vkey}")
