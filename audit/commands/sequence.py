"""Run the sequencer until it is stopped."""

import signal
from argparse import ArgumentParser

from django.core.management.base import CommandError, OutputWrapper

from audit.commands.as_sequencer import sign_in_as_sequencer
from audit.sequencing import Sequencing
from audit.startup import SEQUENCER, StartRefused, begin

HELP = "give entries their order and sign checkpoints, until it is stopped"


def add_arguments(parser: ArgumentParser) -> None:
    """Take none."""


def run(out: OutputWrapper) -> None:
    sequencing = Sequencing()
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sequencing.stop.set())
    sign_in_as_sequencer()
    try:
        begin(SEQUENCER)
    except StartRefused as refused:
        raise CommandError(str(refused)) from refused
    out.write("The sequencer runs.")
    out.flush()
    sequencing.run()
