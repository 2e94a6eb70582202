"""Verify an export; this asks no database."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import CommandError, OutputWrapper

from audit.verify import verify

HELP = "recompute every hash of an export"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path)


def run(out: OutputWrapper, *, file: Path) -> None:
    verdict = verify(file)
    if not verdict.ok:
        raise CommandError(verdict.sentence)
    out.write(verdict.sentence)
