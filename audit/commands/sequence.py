"""Run the sequencer until it is stopped."""

import signal
from argparse import ArgumentParser

from django.core.management.base import OutputWrapper

from audit.commands.as_sequencer import sign_in_as_sequencer
from audit.sequencing import Sequencing
from audit.startup import record_start

HELP = "give entries their order and sign checkpoints, until it is stopped"


def add_arguments(parser: ArgumentParser) -> None:
    """Take none."""


def run(out: OutputWrapper) -> None:
    sequencing = Sequencing()
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sequencing.stop.set())
    sign_in_as_sequencer()
    record_start(service="sequencer")
    out.write("The sequencer runs.")
    out.flush()
    sequencing.run()
