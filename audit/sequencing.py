"""The sequencer as a process: `manage.py audit sequence`."""

import logging
import threading
import time

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection

from audit.checkpoints import request_waits, sign_checkpoint
from audit.keys import KeyProblem, cant_write, ensure_key
from audit.sequencer import Halted, advance_to_the_end, halt, hinder, look_at_everything, seen

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.5
SEEN_EVERY_SECONDS = 5
# After something that only people can mend, or a database that is away.
PAUSE_SECONDS = 5


class Sequencing:
    """Looks for new entries twice a second, and signs when it is time or when somebody waits."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._sign_at = self._seen_at = 0.0
        # At the beginning, and after every interruption: the database may be another by then.
        self._everything = True

    def run(self) -> None:
        """Go on until `stop` is set. A database that is away, or a key that is missing, is waited for."""
        while not self.stop.is_set():
            try:
                self.attempt()
            except (OperationalError, Halted) as problem:
                logger.error("%s", problem)  # noqa: TRY400  (the sentence says it all)
                connection.close()
                self._everything = True
                self.stop.wait(PAUSE_SECONDS)
            self.stop.wait(LOOK_EVERY_SECONDS)

    def attempt(self) -> None:
        """Look; what only people can mend is told where they see it."""
        try:
            self.look()
        except IntegrityError as problem:
            halt(f"The tables of the tree don't agree with each other: {str(problem).strip()}")
        except (KeyProblem, OSError) as problem:
            hinder(cant_write(problem) if isinstance(problem, OSError) else str(problem))
            self.stop.wait(PAUSE_SECONDS)

    def look(self) -> None:
        """Sequence what has come, and sign if it is due."""
        self._say_alive()
        if not self._sign_at:
            ensure_key()
        if self._everything:
            look_at_everything()
            self._everything = False
        advance_to_the_end()
        now = time.monotonic()
        if now >= self._sign_at or request_waits():
            sign_checkpoint()
            self._sign_at = now + settings.AUDIT_CHECKPOINT_SECONDS

    def _say_alive(self) -> None:
        if time.monotonic() >= self._seen_at:
            seen()
            self._seen_at = time.monotonic() + SEEN_EVERY_SECONDS
