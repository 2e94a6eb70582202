"""The newest checkpoint goes to every witness, each on its own; one that is away disturbs nothing.

Only the newest is ever handed over. A witness that was away gets it with a proof from the last one that it took, so
nothing has to be made up for. What went wrong is tried again after a minute, then after twice as long each time, up to
an hour.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from audit.checkpoints import newest_checkpoint
from audit.models import Checkpoint, Delivery, Stamp
from audit.witnesses.configured import Witness, witnesses
from audit.witnesses.cosigning import cosignature_kept
from audit.witnesses.handing import Receipt, hand_over
from audit.witnesses.post import Undelivered

# Held while a witness is asked, together with a number of its name.
DELIVERY_LOCK = 0x0C0DE
# A little less than the minute between two looks, so that the next look finds it due.
FIRST_PAUSE = timedelta(seconds=50)
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_SENTENCE = 1000
# Rows that don't hold are passed over up to here; a witness says itself which size it holds.
MOST_LOOKED_AT = 100


@dataclass(frozen=True)
class Attempts:
    """How far one witness has come: the last checkpoint that it took, and what failed since.

    Of a witness that cosigns, only a cosignature that holds shows that it took one.
    """

    accepted: Delivery | None
    failed: tuple[Delivery, ...]

    @classmethod
    def at(cls, witness: Witness) -> "Attempts":
        """Read them; of the failures the newest few, the newest first."""
        attempts = Delivery.objects.to(witness.name)
        taken = attempts.filter(succeeded=True).reverse()[:MOST_LOOKED_AT]
        accepted = next((each for each in taken if not witness.key or cosignature_kept(witness, each)), None)
        since = attempts.filter(succeeded=False, id__gt=accepted.pk if accepted else 0)
        return cls(accepted, tuple(since.reverse()[:8]))

    @property
    def held(self) -> int:
        """How many entries the witness is thought to hold."""
        return self.accepted.checkpoint.size if self.accepted else 0

    def waits_for(self, witness: Witness, newest: Checkpoint, now: datetime) -> bool:
        """Whether the newest checkpoint should be handed over at this moment."""
        if self.accepted and self.accepted.checkpoint_id >= newest.pk:
            return False
        if self.accepted and _within(self.accepted, timedelta(seconds=witness.every), now):
            return False
        return not (self.failed and _within(self.failed[0], self._pause(), now))

    def _pause(self) -> timedelta:
        return min(FIRST_PAUSE * int(2 ** (len(self.failed) - 1)), LONGEST_PAUSE)


def due_witnesses() -> list[str]:
    """Return the names of those to whom the newest checkpoint should be handed at this moment."""
    newest, now = newest_checkpoint(), timezone.now()
    if newest is None:
        return []
    return [name for name, witness in witnesses().items() if Attempts.at(witness).waits_for(witness, newest, now)]


def deliver(*, name: str) -> Delivery | None:
    """Hand the newest checkpoint to one witness and keep what became of it; None where nothing was to be done.

    Two at once hand it over once: the second finds the first at it, or finds it done.
    """
    witness = witnesses().get(name)
    with _alone(name) as alone:
        newest = newest_checkpoint()
        if witness is None or newest is None or not alone:
            return None
        attempts = Attempts.at(witness)
        if not attempts.waits_for(witness, newest, timezone.now()):
            return None
        return _attempt(witness, newest, attempts.held)


def _attempt(witness: Witness, checkpoint: Checkpoint, held: int) -> Delivery:
    """No transaction is open while the other side is waited for: entries would wait for their places with it."""
    try:
        receipt = hand_over(witness, checkpoint, held)
    except Undelivered as problem:
        return _keep(witness, checkpoint, succeeded=False, answer=str(problem)[:LONGEST_SENTENCE])
    return _keep_receipt(witness, checkpoint, receipt)


@transaction.atomic
def _keep_receipt(witness: Witness, checkpoint: Checkpoint, receipt: Receipt) -> Delivery:
    if receipt.token:
        Stamp.objects.create(
            checkpoint=checkpoint, token=receipt.token.answer, stamped_at=receipt.token.stamped_at,
            authority=witness.name,
        )  # fmt: skip
    return _keep(witness, checkpoint, succeeded=True, answer=receipt.answer)


def _keep(witness: Witness, checkpoint: Checkpoint, *, succeeded: bool, answer: str) -> Delivery:
    # PostgreSQL keeps no NUL in a text, and what went wrong may quote a stranger.
    return Delivery.objects.create(
        checkpoint=checkpoint, witness=witness.name, tried_at=timezone.now(), succeeded=succeeded,
        answer=answer.replace("\x00", ""),
    )  # fmt: skip


@contextmanager
def _alone(name: str) -> Iterator[bool]:
    """Hold the lock of one witness, on this connection and without a transaction; False where another holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [DELIVERY_LOCK, name])
        alone = bool(cursor.fetchone()[0])
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [DELIVERY_LOCK, name])


def _within(delivery: Delivery, pause: timedelta, now: datetime) -> bool:
    """Whether it was tried less than a pause ago; a clock that was set back doesn't make us wait for it."""
    return timedelta(0) <= now - delivery.tried_at < pause
