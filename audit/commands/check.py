"""Verify the whole stored log in the foreground."""

import math
from argparse import ArgumentParser
from functools import partial

from django.core.management.base import CommandError, OutputWrapper

from audit.leases import LeaseLost
from audit.models import Verification
from audit.verification import ask_for_verification, claim, go_on

HELP = "hash the whole stored log anew and compare everything with everything; exit status 1 where it doesn't hold"
TELL_EVERY = 100_000


def add_arguments(parser: ArgumentParser) -> None:
    """Take none."""


def run(out: OutputWrapper) -> None:
    """Begin a verification, or go on with one that was left, and say how it ended."""
    verification = claim(ask_for_verification(actor=None).pk)
    if verification is None:
        raise CommandError("The log is being verified by a worker; its page shows how far that has come.")
    try:
        go_on(verification, seconds=math.inf, told=partial(_tell, out))
    except LeaseLost as taken:
        raise CommandError("Another process has taken this verification up; its page shows how far it is.") from taken
    if verification.finding:
        raise CommandError(verification.finding)
    out.write(
        f"All of it holds: {verification.size:,} entries, {verification.checkpoints:,} checkpoints,"
        f" {verification.erased:,} erased payloads."
    )


def _tell(out: OutputWrapper, verification: Verification) -> None:
    if verification.done % TELL_EVERY < 4096 and verification.done < verification.size:
        out.write(f"{verification.done:,} of {verification.size:,} entries verified")
