"""What must hold of the tree over the stored entries (audit/stored.py): kept roots, checkpoints, the chain of keys.

Other than the sequencer's own hashing before it signs (audit/rehash.py), this compares everything with everything.
"""

from django.db import connection

from audit.models import Checkpoint, SigningKey, Subtree
from audit.notes import BadNote, Note, VerifierKey, handover_text
from audit.notes import Checkpoint as Head
from audit.rehash import STEP
from audit.stored import DoesNotHold
from audit.tree import Frontier

# What the sequencer will never look at again must have its place by now; see audit/sequencer.py.
WITHOUT_PLACE = """
SELECT e.uid FROM audit_entry e, audit_treestate s
WHERE (e.written_in < s.settled OR e.id <= s.floor)
    AND NOT EXISTS (SELECT FROM audit_leaf l WHERE l.entry_id = e.id)
ORDER BY e.id LIMIT 1
"""
Completed = list[tuple[int, int, bytes]]


def check_kept_roots(completed: Completed) -> None:
    """Compare the roots of complete subtrees, made anew, with those that were kept while the log grew."""
    made = {(height, position): root for height, position, root in completed if height % STEP == 0}
    by_height: dict[int, list[int]] = {}
    for height, position in made:
        by_height.setdefault(height, []).append(position)
    for height, positions in by_height.items():
        rows = Subtree.objects.filter(height=height, position__in=positions).values_list("position", "root")
        kept = {position: bytes(root) for position, root in rows}
        for position in positions:
            if kept.get(position) != made[height, position]:
                first = position << height
                raise DoesNotHold(
                    f"Entries {first:,} to {first + (1 << height) - 1:,} don't lead to the root that was kept of them.",
                    first,
                )


def check_checkpoint(checkpoint: Checkpoint, tree: Frontier) -> None:
    """Compare a checkpoint with the tree over as many entries, made anew: its root, its text, its signature."""
    name = f"The checkpoint over {checkpoint.size:,} entries"
    if bytes(checkpoint.root) != tree.root() or bytes(checkpoint.frontier) != tree.to_bytes():
        raise DoesNotHold(f"{name} was signed over other entries than the log holds now.")
    try:
        note = Note.parsed(checkpoint.note)
        note.signed_by(VerifierKey.parsed(checkpoint.key.vkey))
        head = Head.parsed(note.text)
    except BadNote as problem:
        raise DoesNotHold(f"{name} isn't signed as it should be: {problem}.") from problem
    if (head.size, head.root) != (checkpoint.size, tree.root()):
        raise DoesNotHold(f"{name} is filed under another size or root than its signed text says.")


def check_keys() -> None:
    """Each key must be handed over by the one before, unless that one was lost, which stands in the log."""
    before: VerifierKey | None = None
    for key in SigningKey.objects.order_by("id"):
        try:
            now = VerifierKey.parsed(key.vkey)
            if before is not None and key.handover:
                _check_handover(key.handover, before, now)
        except BadNote as problem:
            when = f"{key.made_at:%d %b %Y, %H:%M}"
            raise DoesNotHold(f"The signing key of {when} isn't as it should be: {problem}.") from problem
        before = now


def _check_handover(handover: str, before: VerifierKey, now: VerifierKey) -> None:
    note = Note.parsed(handover)
    note.signed_by(before)
    if note.text != handover_text(before, now):
        raise BadNote(f"key {before.id.hex()} handed over to another key than {now.id.hex()}")


def check_places() -> None:
    """Every entry at which the sequencer won't look again has its place."""
    with connection.cursor() as cursor:
        cursor.execute(WITHOUT_PLACE)
        if row := cursor.fetchone():
            raise DoesNotHold(f"Entry {row[0]} was written and has no place in the log.")
