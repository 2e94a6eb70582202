"""An inclusion proof told step by step, for people and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audit.models import Checkpoint, Entry
from audit.proofs import prove_inclusion
from audit.reading import leaf_of, said_by
from audit.selectors import index_of
from audit.tree import node_hash


@dataclass(frozen=True)
class Step:
    """One step from the leaf upwards: what it is joined with, on which side, and what comes of it."""

    number: int
    sibling: bytes
    sibling_is_left: bool
    # The entries under each, the first and the last, both included.
    joined_with: tuple[int, int]
    covers: tuple[int, int]
    node: bytes

    @property
    def sibling_hex(self) -> str:
        """The sibling's hash in hexadecimal digits."""
        return self.sibling.hex()

    @property
    def node_hex(self) -> str:
        """The resulting hash in hexadecimal digits."""
        return self.node.hex()


def steps(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> list[Step]:
    """Return the steps of a proof; the node of the last one is the root if the proof holds."""
    told: list[Step] = []
    node = leaf
    for number, ((start, end, middle), sibling) in enumerate(zip(_splits(index, size), proof, strict=True), 1):
        is_left = index >= middle
        node = node_hash(sibling, node) if is_left else node_hash(node, sibling)
        beside = (start, middle - 1) if is_left else (middle, end - 1)
        told.append(Step(number, sibling, is_left, beside, (start, end - 1), node))
    return told


def _splits(index: int, size: int) -> list[tuple[int, int, int]]:
    """Return where the tree splits on the way to a leaf (start, end, middle), the lowest first (RFC 6962, 2.1)."""
    splits, start, end = [], 0, size
    while end - start > 1:
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        splits.append((start, end, middle))
        start, end = (start, middle) if index < middle else (middle, end)
    return splits[::-1]


def proof_document(entry: Entry, size: int, checkpoint: Checkpoint | None) -> dict[str, Any]:
    """Return all that somebody needs to check an entry's place by hand; NoProof where it has none at this size."""
    proof = prove_inclusion(entry, size)
    index, leaf = index_of(entry), bytes(entry.leaf_hash)
    assert index is not None  # or there would be no proof
    told = steps(leaf, index, size, proof)
    stored, said = getattr(entry, "said", None), said_by(entry)
    salt = stored.salt if stored else None
    # Salted and hashed is the text; where it isn't the JSON that it should be, it is handed on as it stands.
    as_text = {} if said.readable or said.erased or not stored else {"payload_text": stored.content}
    return {
        "format": "countersign-inclusion-proof/1",
        "entry": leaf_of(entry),
        "leaf": entry.canonical,
        "leaf_hash": leaf.hex(),
        "index": index,
        "size": size,
        "proof": [step.hex() for step in proof],
        "root": (told[-1].node if told else leaf).hex(),
        "payload": said.words if said.readable else None,
        **as_text,
        "salt": bytes(salt).hex() if salt is not None else None,
        "checkpoint": checkpoint.note if checkpoint else None,
        "key": checkpoint.key.vkey if checkpoint else None,
    }
