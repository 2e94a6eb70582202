"""The log: entries, the tree that gives them their order, checkpoints that others can hold, and exports."""

from audit.models.delivery import Delivery, Stamp
from audit.models.entry import Entry, EntryQuerySet, Payload
from audit.models.export import Export, ExportQuerySet
from audit.models.tree import Checkpoint, CheckpointRequest, Leaf, SigningKey, Subtree, TreeState
from audit.models.verification import Verification

__all__ = [
    "Checkpoint",
    "CheckpointRequest",
    "Delivery",
    "Entry",
    "EntryQuerySet",
    "Export",
    "ExportQuerySet",
    "Leaf",
    "Payload",
    "SigningKey",
    "Stamp",
    "Subtree",
    "TreeState",
    "Verification",
]
