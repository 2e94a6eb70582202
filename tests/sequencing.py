"""The sequencer in a test's own process: places and checkpoints without waiting."""

from audit.checkpoints import sign_checkpoint
from audit.keys import ensure_key
from audit.models import Checkpoint
from audit.sequencer import advance_to_the_end


def sequenced() -> int:
    """Give every entry written so far its place; return how many got one.

    A test's own transaction is still running, and what it wrote is visible to itself.
    """
    return advance_to_the_end()


def signed() -> Checkpoint:
    """Return a checkpoint over every entry written so far; settings keep the key in the test's own folder."""
    ensure_key()
    return sign_checkpoint()
