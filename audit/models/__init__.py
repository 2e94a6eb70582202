"""The log: entries, the tree that gives them their order, and the checkpoints that others can hold."""

from audit.models.delivery import Delivery, Stamp
from audit.models.entry import Entry, EntryQuerySet, Payload
from audit.models.tree import Checkpoint, CheckpointRequest, Leaf, SigningKey, Subtree, TreeState
from audit.models.verification import Verification

__all__ = [
    "Checkpoint",
    "CheckpointRequest",
    "Delivery",
    "Entry",
    "EntryQuerySet",
    "Leaf",
    "Payload",
    "SigningKey",
    "Stamp",
    "Subtree",
    "TreeState",
    "Verification",
]
