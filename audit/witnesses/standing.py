"""How far each witness has come, for the page that shows it."""

from dataclasses import dataclass

from audit.checkpoints import newest_checkpoint
from audit.models import Checkpoint, Delivery
from audit.witnesses.configured import Witness, veiled, witnesses
from audit.witnesses.delivering import Attempts
from audit.witnesses.receipts import MOST_LOOKED_AT


@dataclass(frozen=True)
class Standing:
    """One witness: the last checkpoint that it took, what failed last, and what it hasn't seen yet.

    `unproven` counts the rows after that one, or all where it took none, that say that it took a checkpoint and that
    nothing bears out.
    """

    witness: Witness
    accepted: Delivery | None
    failure: Delivery | None
    behind: int
    unproven: int

    @property
    def why_failed(self) -> str:
        """What the last failure was, without anybody's address, which a mail server likes to repeat."""
        return veiled(self.failure.answer) if self.failure else ""

    @property
    def more_unproven(self) -> bool:
        """Whether there may be more such rows than were looked at."""
        return self.unproven >= MOST_LOOKED_AT

    @property
    def fails(self) -> bool:
        """Whether the last attempt failed."""
        return bool(self.failure and (not self.accepted or self.failure.pk > self.accepted.pk))


def standings() -> list[Standing]:
    """Return how far everybody in AUDIT_WITNESSES and AUDIT_TSA_URL has come, in that order."""
    newest = newest_checkpoint()
    return [_standing(witness, newest) for witness in witnesses().values()]


def _standing(witness: Witness, newest: Checkpoint | None) -> Standing:
    attempts = Attempts.at(witness)
    failure = Delivery.objects.to(witness.name).filter(succeeded=False).last()
    behind = max(0, (newest.size if newest else 0) - attempts.held)
    return Standing(witness, attempts.accepted, failure, behind, attempts.unproven)
