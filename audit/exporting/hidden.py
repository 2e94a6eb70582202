"""The hashes that stand for entries which aren't shown."""

from functools import lru_cache

from audit.proofs import stored_subtrees
from audit.rehash import BLOCK, STEP, stored_leaves
from audit.tree import Subtrees, root_of


def hidden_subtrees() -> Subtrees:
    """Return a function that gives the root of a complete subtree (height, first leaf).

    Large ones come from the roots that are kept, so that a small part of a large log is quick. Small ones are hashed
    from blocks of leaves, each read once, so that a part with many small gaps is quick too.
    """
    kept = stored_subtrees()

    @lru_cache(maxsize=4)
    def block(number: int) -> list[bytes]:
        return stored_leaves(number * BLOCK, (number + 1) * BLOCK)

    def root(height: int, first: int) -> bytes:
        if height >= STEP:
            return kept(height, first)
        at = first % BLOCK
        return root_of(block(first // BLOCK)[at : at + (1 << height)])

    return root
