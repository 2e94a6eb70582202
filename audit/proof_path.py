"""An inclusion proof told step by step, for people."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.tree import beside, node_hash


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
    node, start, end = leaf, index, index + 1
    for number, ((first, after), sibling) in enumerate(zip(beside(index, size), proof, strict=True), 1):
        is_left = first < start
        node = node_hash(sibling, node) if is_left else node_hash(node, sibling)
        start, end = min(start, first), max(end, after)
        told.append(Step(number, sibling, is_left, (first, after - 1), (start, end - 1), node))
    return told
