"""The newest checkpoint goes to every witness, each on its own; one that is away disturbs nothing.

Only the newest is ever handed over. A witness that was away gets it with a proof from the last one that it took, so
nothing has to be made up for. What went wrong is tried again after a minute, then after twice as long each time, up to
an hour, as each worker remembers it (audit/witnesses/pauses.py). What rows say puts off nothing unless it is borne out.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from audit.checkpoints import newest_checkpoint
from audit.models import Checkpoint, Delivery, Stamp
from audit.witnesses import pauses
from audit.witnesses.configured import SEALED, Witness, witnesses
from audit.witnesses.handing import Receipt, hand_over
from audit.witnesses.post import Undelivered
from audit.witnesses.receipts import last_taken
from audit.witnesses.seals import seal
from audit.witnesses.stamping import Token

logger = logging.getLogger(__name__)

# Held while a witness is asked, together with a number of its name.
DELIVERY_LOCK = 0x0C0DE
LONGEST_SENTENCE = 1000
UNPROVEN = (
    "%s rows that say that %s took a checkpoint count for nothing, since nothing bears them out: unless its key or"
    " certificate, or SECRET_KEY, was changed, or they are from before letters and posts had a seal, have somebody look"
    " who added them to audit_delivery."
)


@dataclass(frozen=True)
class Attempts:
    """How far one witness has come: the last checkpoint that it took, and since when.

    `unproven` counts the rows after it, or all where it took none, that say that it took one and nothing bears out.
    """

    accepted: Delivery | None
    accepted_at: datetime | None
    unproven: int

    @classmethod
    def at(cls, witness: Witness) -> "Attempts":
        """Read what is borne out."""
        last = last_taken(witness)
        return cls(last.delivery, last.since, last.unproven)

    @property
    def held(self) -> int:
        """How many entries the witness is thought to hold."""
        return self.accepted.checkpoint.size if self.accepted else 0

    def waits_for(self, witness: Witness, newest: Checkpoint, now: datetime) -> bool:
        """Whether the newest checkpoint should be handed over at this moment."""
        if self.accepted and self.accepted.checkpoint_id >= newest.pk:
            return False
        return not (self.accepted_at and _within(self.accepted_at, timedelta(seconds=witness.every), now))


def due_witnesses() -> list[str]:
    """Return the names of those to whom the newest checkpoint should be handed at this moment."""
    newest, now = newest_checkpoint(), timezone.now()
    if newest is None:
        return []
    awake = {name: witness for name, witness in witnesses().items() if not pauses.left_alone(witness)}
    return [name for name, witness in awake.items() if Attempts.at(witness).waits_for(witness, newest, now)]


def deliver(*, name: str) -> Delivery | None:
    """Hand the newest checkpoint to one witness and keep what became of it; None where nothing was to be done.

    Two at once hand it over once: the second finds the first at it, or finds it done.
    """
    witness = witnesses().get(name)
    with _alone(name) as alone:
        newest = newest_checkpoint()
        if witness is None or newest is None or not alone or pauses.left_alone(witness):
            return None
        attempts = Attempts.at(witness)
        if not attempts.waits_for(witness, newest, timezone.now()):
            return None
        if attempts.unproven:
            logger.warning(UNPROVEN, attempts.unproven, witness.name)
        return _attempt(witness, newest, attempts.held)


def _attempt(witness: Witness, checkpoint: Checkpoint, held: int) -> Delivery:
    """No transaction is open while the other side is waited for: entries would wait for their places with it."""
    try:
        receipt = hand_over(witness, checkpoint, held)
    except Undelivered as problem:
        pauses.failed(witness)
        return _keep(witness, checkpoint, succeeded=False, answer=str(problem)[:LONGEST_SENTENCE])
    if witness.way in SEALED:  # what was sent isn't sent again because its row can't be written
        pauses.succeeded(witness)
    kept = _keep_receipt(witness, checkpoint, receipt)
    pauses.succeeded(witness)
    return kept


@transaction.atomic
def _keep_receipt(witness: Witness, checkpoint: Checkpoint, receipt: Receipt) -> Delivery:
    if receipt.token:
        _keep_stamp(witness, checkpoint, receipt.token)
    return _keep(witness, checkpoint, succeeded=True, answer=receipt.answer)


def _keep_stamp(witness: Witness, checkpoint: Checkpoint, token: Token) -> None:
    """Keep a time stamp once, whoever else keeps it at the same moment.

    A row that is in its place without being it is no reason not to: each stamp has its own row.
    """
    Stamp.objects.get_or_create(
        checkpoint=checkpoint, authority=witness.name, token=token.answer, defaults={"stamped_at": token.stamped_at}
    )


def _keep(witness: Witness, checkpoint: Checkpoint, *, succeeded: bool, answer: str) -> Delivery:
    now = timezone.now()
    if succeeded and witness.way in SEALED:
        answer = seal(witness, checkpoint, now)
    # PostgreSQL keeps no NUL in a text, and what went wrong may quote a stranger.
    return Delivery.objects.create(
        checkpoint=checkpoint, witness=witness.name, tried_at=now, succeeded=succeeded,
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


def _within(moment: datetime, pause: timedelta, now: datetime) -> bool:
    """Whether it was less than a pause ago; a clock that was set back doesn't make us wait for it."""
    return timedelta(0) <= now - moment < pause
