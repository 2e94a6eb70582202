"""Print a checkpoint as it is published."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import CommandError, OutputWrapper

from audit.checkpoints import checkpoint_over, newest_checkpoint
from audit.witnesses.published import published_note

HELP = "print the newest checkpoint, or the one over so many entries, with its cosignatures"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--size", type=int, help="how many entries it is over")
    parser.add_argument("--out", dest="to", type=Path, help="a file to write it to")


def run(out: OutputWrapper, *, size: int | None, to: Path | None) -> None:
    found = newest_checkpoint() if size is None else checkpoint_over(size)
    if found is None:
        raise CommandError("There is no such checkpoint: the sequencer signs the first when it runs.")
    if to is None:
        out.write(published_note(found), ending="")
        return
    try:
        to.write_text(published_note(found), encoding="utf-8", newline="\n")
    except OSError as problem:
        raise CommandError(f"{to} can't be written: {problem.strerror}.") from problem
    out.write(f"The checkpoint over {found.size} entries is in {to}.")
