"""Hashing anew what is stored, before anything is signed: a bit that flipped must stop the signing.

Certificate Transparency's Yeti 2022 log ended by one flipped bit that had been signed.
"""

import hashlib
import json
from collections.abc import Iterator

from django.db import connection

from audit.models import Leaf, Subtree
from audit.tree import Frontier, leaf_hash, root_of

CHUNK = 4096
# Roots are kept for complete subtrees of 256 leaves, of 256 of these, and so on.
STEP = 8
BLOCK = 1 << STEP
READ = """
SELECT l.leaf_index, e.canonical, e.leaf_hash, e.uid, p.salt, p.content, p.erased_by_id
FROM audit_leaf l JOIN audit_entry e ON e.id = l.entry_id LEFT JOIN audit_payload p ON p.entry_id = e.id
WHERE l.leaf_index >= %s AND l.leaf_index < %s ORDER BY l.leaf_index
"""


class Corrupt(Exception):
    """What is stored isn't what was hashed; the text names the first place."""


def rehashed(start: int, end: int) -> Iterator[bytes]:
    """Yield the leaf hashes from start to end, made anew from the stored bytes; payloads are compared too."""
    for at in range(start, end, CHUNK):
        with connection.cursor() as cursor:
            cursor.execute(READ, [at, min(at + CHUNK, end)])
            rows = cursor.fetchall()
        if len(rows) != min(at + CHUNK, end) - at:
            raise Corrupt(f"Between entries {at} and {min(at + CHUNK, end)} of the log some have lost their place.")
        for row in rows:
            yield _checked(row)


def _checked(row: tuple) -> bytes:
    index, canonical, stored, uid, salt, content, erased_by = row
    leaf = leaf_hash(canonical.encode())
    if leaf != bytes(stored):
        raise Corrupt(f"Entry {index} ({uid}) isn't what was hashed when it was written.")
    committed = json.loads(canonical).get("commitment")
    if committed is None:  # an entry of version 1 holds its payload
        return leaf
    if content is None and erased_by is None:
        raise Corrupt(f"What entry {index} ({uid}) said is missing, and no erasure explains it.")
    if content is not None and hashlib.sha256(bytes(salt) + content.encode()).hexdigest() != committed:
        raise Corrupt(f"What entry {index} ({uid}) says isn't what its leaf commits to.")
    return leaf


def rehash_blocks(start: int, end: int) -> None:
    """Hash whole blocks anew and compare them with their kept roots; start and end are multiples of a block."""
    for first in range(start, end, CHUNK):
        leaves = list(rehashed(first, min(first + CHUNK, end)))
        positions = range(first >> STEP, min(first + CHUNK, end) >> STEP)
        kept = dict(Subtree.objects.filter(height=STEP, position__in=positions).values_list("position", "root"))
        for at, position in enumerate(positions):
            if root_of(leaves[at * BLOCK : (at + 1) * BLOCK]) != bytes(kept.get(position, b"")):
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
