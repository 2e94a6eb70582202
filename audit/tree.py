"""The Merkle tree of RFC 6962, section 2.1, with the standard library alone.

A leaf is hashed as SHA-256(0x00 || data) and a node as SHA-256(0x01 || left || right), so that
neither can be passed off as the other. The tree over n leaves splits at the largest power of two
below n; growing it therefore needs only the roots of the complete subtrees at its right edge.
"""

import hashlib
from collections.abc import Iterable


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that grows at its right edge and remembers O(log n) hashes.

    `subtrees` holds the roots of the complete subtrees from left to right, the largest first: one
    for every bit set in `size`. This is all that a sequencer has to keep to go on growing.
    """

    def __init__(self) -> None:
        self.size = 0
        self.subtrees: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add a leaf by its hash; every trailing one in the size merges two subtrees of one size."""
        merges, node = self.size, leaf
        while merges & 1:
            node = node_hash(self.subtrees.pop(), node)
            merges >>= 1
        self.subtrees.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over all leaves so far; that of no leaves is the hash of nothing."""
        if not self.subtrees:
            return hashlib.sha256(b"").digest()
        *rest, node = self.subtrees
        for left in reversed(rest):
            node = node_hash(left, node)
        return node


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()
