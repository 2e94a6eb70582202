"""A proof as a document: one form for page, public address and command. docs/witnesses.md says how it is checked.

Everything in a document is bound by the proof and by the signatures in it. A key isn't in there: it has to come from
elsewhere.
"""

import json
from typing import Any

from audit.checkpoints import checkpoint_over
from audit.models import Checkpoint, Entry
from audit.proofs import NoProof, prove_consistency, prove_inclusion
from audit.reading import index_of

INCLUSION, CONSISTENCY = "countersign-inclusion-proof/1", "countersign-consistency-proof/1"
MEDIA_TYPE = "application/json"
Document = dict[str, Any]


def inclusion_document(entry: Entry, checkpoint: Checkpoint) -> Document:
    """Return the proof that an entry stands under a checkpoint; NoProof where it doesn't.

    Leaf and payload are the texts that were hashed. An erased payload is null, as that of version 1 is, which stands
    in its leaf.
    """
    proof, said = prove_inclusion(entry, checkpoint.size), getattr(entry, "said", None)
    return {
        "format": INCLUSION,
        "index": index_of(entry),
        "size": checkpoint.size,
        "leaf": entry.canonical,
        "payload": said.content if said else None,
        "salt": bytes(said.salt).hex() if said and said.salt is not None else None,
        "proof": [step.hex() for step in proof],
        "checkpoint": checkpoint.note,
    }


def consistency_document(older: int, newer: int) -> Document:
    """Return the proof that the log under one checkpoint begins with that under an older one, both by their sizes.

    NoProof where there is none. Sizes in between have none either: they would say how the log grew, to the entry.
    """
    first, second = checkpoint_over(older), checkpoint_over(newer)
    if first is None or second is None:
        raise NoProof("Both numbers should be sizes of checkpoints: /audit/checkpoints.txt lists them.")
    return {
        "format": CONSISTENCY,
        "older": older,
        "newer": newer,
        "proof": [step.hex() for step in prove_consistency(older, newer)],
        "older_checkpoint": first.note,
        "newer_checkpoint": second.note,
    }


def written(document: Document) -> str:
    """Return a document as it is handed out."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
