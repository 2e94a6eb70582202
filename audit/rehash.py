"""Hashing anew what is stored, before anything is signed: a bit that flipped must stop the signing.

Certificate Transparency's Yeti 2022 log ended by one flipped bit that had been signed.
"""

from collections.abc import Iterator

from audit.models import Leaf, Subtree
from audit.stored import DoesNotHold, leaves
from audit.tree import Frontier, root_of

CHUNK = 4096
# Roots are kept for complete subtrees of 256 leaves, of 256 of these, and so on.
STEP = 8
BLOCK = 1 << STEP


class Corrupt(Exception):
    """What is stored isn't what was hashed; the text names the first place."""


def rehashed(start: int, end: int) -> Iterator[bytes]:
    """Yield the leaf hashes from start to end, made anew from the stored bytes; all that is stored is compared."""
    try:
        for at in range(start, end, CHUNK):
            for leaf, _ in leaves(at, min(at + CHUNK, end)):
                yield leaf
    except DoesNotHold as problem:
        raise Corrupt(str(problem)) from problem


def rehash_blocks(start: int, end: int) -> None:
    """Hash whole blocks anew and compare them with their kept roots; start and end are multiples of a block."""
    for first in range(start, end, CHUNK):
        hashes = list(rehashed(first, min(first + CHUNK, end)))
        positions = range(first >> STEP, min(first + CHUNK, end) >> STEP)
        kept = dict(Subtree.objects.filter(height=STEP, position__in=positions).values_list("position", "root"))
        for at, position in enumerate(positions):
            if root_of(hashes[at * BLOCK : (at + 1) * BLOCK]) != bytes(kept.get(position, b"")):
                raise Corrupt(
                    f"Entries {position * BLOCK} to {(position + 1) * BLOCK - 1} don't lead to their kept root."
                )


def frontier_of(size: int) -> Frontier:
    """Return the frontier at a size, made from the kept roots of blocks and the leaves after the last whole one."""
    whole = size >> STEP
    frontier = Frontier()
    roots = Subtree.objects.filter(height=STEP, position__lt=whole).order_by("position").values_list("position", "root")
    for position, root in roots.iterator(chunk_size=CHUNK):
        if position << STEP != frontier.size:
            raise Corrupt(f"The kept root of entries {frontier.size} to {frontier.size + BLOCK - 1} is missing.")
        frontier.append_subtree(STEP, bytes(root))
    for leaf in stored_leaves(frontier.size, size):
        frontier.append(leaf)
    if frontier.size != size or whole != Subtree.objects.filter(height=STEP).count():
        raise Corrupt(f"The kept roots and the places in the log don't amount to its {size} entries.")
    return frontier


def kept_frontier(size: int, stored: bytes | memoryview) -> Frontier:
    """Return a frontier as it was kept; Corrupt where it can't be one."""
    try:
        return Frontier.from_bytes(size, bytes(stored))
    except ValueError as problem:
        raise Corrupt(f"What was kept of the tree can't be: {problem}.") from problem


def stored_leaves(start: int, end: int) -> list[bytes]:
    """Return the leaf hashes from start to end as they are stored."""
    places = Leaf.objects.filter(index__gte=start, index__lt=end).order_by("index")
    return [bytes(stored) for stored in places.values_list("entry__leaf_hash", flat=True)]
