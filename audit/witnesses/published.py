"""What anybody may have: checkpoints with the cosignatures of those who took them."""

from audit.models import Checkpoint, Delivery
from audit.notes import LONGEST_NOTE
from audit.witnesses.configured import Witness, witnesses
from audit.witnesses.cosigning import cosignature_kept
from audit.witnesses.delivering import MOST_LOOKED_AT


def cosignatures(checkpoint: Checkpoint) -> list[str]:
    """Return the lines by which witnesses cosigned, the newest of each, verified now: a row alone proves nothing."""
    return [lines for witness in witnesses().values() if (lines := _newest_of(witness, checkpoint))]


def _newest_of(witness: Witness, checkpoint: Checkpoint) -> str:
    if witness.key is None:
        return ""
    kept = Delivery.objects.to(witness.name).filter(checkpoint=checkpoint, succeeded=True).reverse()[:MOST_LOOKED_AT]
    return next(filter(None, (cosignature_kept(witness, each) for each in kept)), "")


def published_note(checkpoint: Checkpoint) -> str:
    """Return the note as it is published: the log's signature first, then cosignatures while a note has room."""
    note = checkpoint.note
    for lines in cosignatures(checkpoint):
        if len((note + lines).encode()) <= LONGEST_NOTE:
            note += lines
    return note
