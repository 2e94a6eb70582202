"""A checkpoint over everything that is committed, from the sequencer, which is a process of its own."""

import time
from collections.abc import Callable

from django.conf import settings

from audit.checkpoints import answer_to, request_checkpoint
from audit.exporting.errors import PutOff
from audit.models import Checkpoint, TreeState

LOOK_EVERY_SECONDS = 0.2
AWAY = (
    "The sequencer isn't running: ask your operator to start it (`manage.py audit sequence`); the export is tried again"
    " until then."
)


def checkpoint_over_everything(still_waits: Callable[[], None]) -> Checkpoint:
    """Ask for a checkpoint over what is committed by now and wait for it; PutOff where none comes in time.

    `still_waits` is called again and again, so that the lease is kept over a wait.
    """
    request = request_checkpoint()
    until = time.monotonic() + settings.EXPORT_WAIT_SECONDS
    while (answer := answer_to(request)) is None:
        if time.monotonic() > until:
            raise PutOff(_why())
        still_waits()
        pause()
    return answer


def pause() -> None:
    """Let the sequencer work."""
    time.sleep(LOOK_EVERY_SECONDS)


def _why() -> str:
    state = TreeState.objects.first() or TreeState()
    return f"Nothing is signed any more until your operator has looked: {state.stopped}" if state.stopped else AWAY
