"""Verify an export; this asks no database."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import CommandError, OutputWrapper

from audit.verify import verify

HELP = "recompute every hash of an export"


def add_arguments(parser: ArgumentParser) -> None:
    """What is verified, and against what: what somebody kept or knows from elsewhere."""
    parser.add_argument("file", type=Path)
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="a checkpoint of the log that you have kept")
    parser.add_argument(
        "--key", action="append", default=[], dest="keys", metavar="KEY",
        help="a key that you know, or a file of keys, one a line; may be given more than once",
    )  # fmt: skip


def run(out: OutputWrapper, *, file: Path, checkpoint: Path | None, keys: list[str]) -> None:
    verdict = verify(file, checkpoint, keys)
    if not verdict.ok:
        raise CommandError(verdict.sentence)
    out.write(verdict.sentence)
