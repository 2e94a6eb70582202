"""Proofs from what is stored: a place in the log, and that a later log begins with an earlier one."""

from functools import lru_cache

from audit.models import Entry, Leaf, Subtree
from audit.reading import index_of
from audit.rehash import STEP, stored_leaves
from audit.tree import Subtrees, consistency_proof, inclusion_proof, root_of


class NoProof(LookupError):
    """What was asked has no proof; the text says why."""


def stored_subtrees() -> Subtrees:
    """Return a function that gives the root of a complete subtree (height, first leaf), reading at most 255 hashes."""

    @lru_cache(maxsize=1024)
    def root(height: int, first: int) -> bytes:
        kept = height // STEP * STEP
        found = (
            _kept(kept, first >> kept, 1 << (height - kept)) if kept else stored_leaves(first, first + (1 << height))
        )
        if len(found) != 1 << (height - kept):
            raise NoProof(f"The log holds no complete subtree of height {height} at entry {first}.")
        return root_of(found)

    return root


def _kept(height: int, position: int, number: int) -> list[bytes]:
    rows = Subtree.objects.filter(height=height, position__gte=position, position__lt=position + number)
    return [bytes(root) for root in rows.order_by("position").values_list("root", flat=True)]


def prove_inclusion(entry: Entry, size: int) -> list[bytes]:
    """Return the path from an entry to the root of the log at this size; NoProof where it has no place there."""
    index = index_of(entry)
    if index is None or index >= size:
        raise NoProof(f"Entry {entry.uid} has no place among the first {size} entries.")
    return inclusion_proof(stored_subtrees(), index, size)


def prove_consistency(older: int, newer: int) -> list[bytes]:
    """Return the proof that the log at one size begins with the log at a smaller one."""
    if not 0 < older <= newer or not Leaf.objects.filter(index=newer - 1).exists():
        raise NoProof(f"There is no proof from {older} to {newer}: both must be sizes that the log has had.")
    return consistency_proof(stored_subtrees(), older, newer)
