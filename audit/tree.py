"""The Merkle tree of RFC 6962 and RFC 9162, with the standard library alone.

A leaf is hashed as SHA-256(0x00 || data) and a node as SHA-256(0x01 || left || right), so that neither can be passed
off as the other. The tree over n leaves splits at the largest power of two below n. Every range of leaves falls into
complete subtrees (`cover`), so that growing, proving and hiding all work with the roots of complete subtrees.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

HASH_BYTES = 32
# Returns the root of the complete subtree of this height (0 is a leaf) whose first leaf has this index.
Subtrees = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def joined(parts: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees, from left to right; that of none is the hash of nothing."""
    if not parts:
        return hashlib.sha256(b"").digest()
    *rest, node = parts
    for left in reversed(rest):
        node = node_hash(left, node)
    return node


def cover(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the complete subtrees that make up leaves start to end (without end), as (height, first leaf).

    Walking right, the largest that begins at its place and fits; from leaf 0 these are the ones of a frontier.
    """
    while start < end:
        height = (end - start).bit_length() - 1
        if start:
            height = min(height, (start & -start).bit_length() - 1)
        yield height, start
        start += 1 << height


class Frontier:
    """A tree that grows at its right edge and remembers O(log n) hashes.

    `subtrees` holds the roots of the complete subtrees from left to right, the largest first: one
    for every bit set in `size`. This is all that a sequencer has to keep to go on growing.
    """

    def __init__(self, size: int = 0, subtrees: Iterable[bytes] = ()) -> None:
        self.size, self.subtrees = size, list(subtrees)
        if size.bit_count() != len(self.subtrees):
            raise ValueError(f"A frontier of {size} leaves has {size.bit_count()} subtrees, not {len(self.subtrees)}")

    @classmethod
    def from_bytes(cls, size: int, stored: bytes) -> "Frontier":
        """Return the frontier that `to_bytes` stored."""
        return cls(size, (stored[at : at + HASH_BYTES] for at in range(0, len(stored), HASH_BYTES)))

    def to_bytes(self) -> bytes:
        """Return its subtrees one after the other."""
        return b"".join(self.subtrees)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf by its hash; return the subtrees that it completes, as (height, position, root).

        Every trailing one in the size merges two subtrees of one size. `position` counts subtrees of that height.
        """
        return self.append_subtree(0, leaf)

    def append_subtree(self, height: int, root: bytes) -> list[tuple[int, int, bytes]]:
        """Add a complete subtree of 2**height leaves by its root; it must begin at a multiple of that."""
        position, above = divmod(self.size, 1 << height)
        if above:
            raise ValueError(f"A subtree of height {height} can't begin at leaf {self.size}")
        self.size += 1 << height
        completed = []
        while position & 1:
            root = node_hash(self.subtrees.pop(), root)
            position, height = position >> 1, height + 1
            completed.append((height, position, root))
        self.subtrees.append(root)
        return completed

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        return joined(self.subtrees)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def range_root(subtrees: Subtrees, start: int, end: int) -> bytes:
    """Return the hash of the node over leaves start to end; it must be a node of the tree."""
    return joined([subtrees(height, first) for height, first in cover(start, end)])


def _split(size: int) -> int:
    """Return the largest power of two below a size above one."""
    return 1 << ((size - 1).bit_length() - 1)


def beside(index: int, size: int) -> list[tuple[int, int]]:
    """Return which leaves (start to end, without end) a leaf is joined with on its way up to the root, step by step."""
    if not 0 <= index < size:
        raise ValueError(f"A tree of {size} leaves has no leaf {index}")
    ranges, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def inclusion_proof(subtrees: Subtrees, index: int, size: int) -> list[bytes]:
    """Return the audit path of a leaf in the tree of this size (RFC 6962, 2.1.1), from the leaf upwards."""
    return [range_root(subtrees, start, end) for start, end in beside(index, size)]


def consistency_proof(subtrees: Subtrees, older: int, newer: int) -> list[bytes]:
    """Return the proof that the tree of `newer` leaves begins with that of `older` (RFC 6962, 2.1.2)."""
    if not 0 < older <= newer:
        raise ValueError(f"No tree of {newer} leaves begins with one of {older}")
    path, start, end = [], 0, newer
    while end != older:
        middle = start + _split(end - start)
        if older <= middle:
            path.append(range_root(subtrees, middle, end))
            end = middle
        else:
            path.append(range_root(subtrees, start, middle))
            start = middle
    if start:
        path.append(range_root(subtrees, start, end))
    return path[::-1]


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from the leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    number, last, node = index, size - 1, leaf
    for step in proof:
        if not last:
            return False
        if number & 1 or number == last:
            node = node_hash(step, node)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            node = node_hash(node, step)
        number, last = number >> 1, last >> 1
    return not last and node == root


def consistent(older: int, newer: int, proof: Sequence[bytes], older_root: bytes, newer_root: bytes) -> bool:
    """Whether the proof shows that the newer tree begins with the older one (RFC 9162, 2.1.4.2)."""
    if not 0 < older <= newer:
        return False
    if older == newer:
        return not proof and older_root == newer_root
    steps = list(proof) if older & (older - 1) else [older_root, *proof]
    if not steps:
        return False
    number, last = older - 1, newer - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if not last:
            return False
        if number & 1 or number == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            new = node_hash(new, step)
        number, last = number >> 1, last >> 1
    return not last and old == older_root and new == newer_root
