"""What anybody may have: checkpoints with the cosignatures of those who took them, and proofs between two of them."""

import base64
from typing import Any

import rfc8785

from audit.models import Checkpoint, Delivery
from audit.notes import LONGEST_NOTE
from audit.proofs import NoProof, prove_consistency
from audit.witnesses.configured import Witness, witnesses
from audit.witnesses.cosigning import cosignature_kept
from audit.witnesses.receipts import MOST_LOOKED_AT


def checkpoint_over(entries: int) -> Checkpoint | None:
    """Return the newest checkpoint of this size."""
    return Checkpoint.objects.filter(size=entries).order_by("id").last()


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


def published_proof(older: int, newer: int) -> str:
    """Return, as a line of canonical JSON, the proof that one checkpoint's log begins with another's.

    Hashes are in base64 as in a checkpoint. NoProof where there is none.
    """
    first, second = checkpoint_over(older), checkpoint_over(newer)
    if first is None or second is None:
        raise NoProof("Both numbers should be sizes of checkpoints: /audit/checkpoints.txt lists them.")
    said: dict[str, Any] = {
        "newer": newer,
        "newer_root": _base64(bytes(second.root)),
        "older": older,
        "older_root": _base64(bytes(first.root)),
        "proof": [_base64(step) for step in prove_consistency(older, newer)],
    }
    return rfc8785.dumps(said).decode() + "\n"


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
