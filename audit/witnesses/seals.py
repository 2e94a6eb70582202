"""Of a letter or a post nothing comes back that could be checked: the program seals its row itself, with SECRET_KEY.

Whoever only signs in to the database as the web can add a row, but not seal it. A seal holds for one witness, one
checkpoint and one moment, so that a row that is copied says nothing new.
"""

from datetime import UTC, datetime

from django.core.signing import BadSignature, Signer

from audit.models import Checkpoint, Delivery
from audit.witnesses.configured import Witness

SALT = "audit.delivery"


def seal(witness: Witness, checkpoint: Checkpoint, tried_at: datetime) -> str:
    """Return the seal of a delivery that succeeded."""
    return Signer(salt=SALT).signature(_sealed(witness, checkpoint, tried_at))


def holds(witness: Witness, delivery: Delivery) -> bool:
    """Whether a row was sealed with this SECRET_KEY, or one of SECRET_KEY_FALLBACKS."""
    said = _sealed(witness, delivery.checkpoint, delivery.tried_at)
    try:
        return Signer(salt=SALT).unsign(f"{said}:{delivery.answer}") == said
    except BadSignature:
        return False


def _sealed(witness: Witness, checkpoint: Checkpoint, tried_at: datetime) -> str:
    return f"{witness.name}\n{tried_at.astimezone(UTC).isoformat()}\n{checkpoint.note}"
