"""What must hold of the tree over the stored entries (audit/stored.py): kept roots, checkpoints, the chain of keys.

Other than the sequencer's own hashing before it signs (audit/rehash.py), this compares everything with everything.
"""

from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from audit.models import Checkpoint, Entry, SigningKey, Subtree
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
KEY_MADE, KEY_ROTATED = KEY_KINDS = ("audit:key:made/1", "audit:key:rotated/1")
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
        head = _signed_head(checkpoint)
    except BadNote as problem:
        raise DoesNotHold(f"{name} isn't signed as it should be: {problem}.") from problem
    if (head.size, head.root) != (checkpoint.size, tree.root()):
        raise DoesNotHold(f"{name} is filed under another size or root than its signed text says.")


def _signed_head(checkpoint: Checkpoint) -> Head:
    """Return what a checkpoint says; BadNote unless its key, and no other, signed it in the log's name."""
    note, key = Note.parsed(checkpoint.note), VerifierKey.parsed(checkpoint.key.vkey)
    note.signed_by(key)
    if len(note.signatures) != 1:
        raise BadNote("another signature than that of the log's key stands under it")
    head = Head.parsed(note.text)
    if head.origin != key.name:
        raise BadNote(f"it is one of {head.origin}, the key one of {key.name}")
    return head


def check_keys() -> None:
    """Each key must be in the log, and handed over by the one before unless its entry says that nobody handed over.

    A checkpoint whose key isn't among them would be compared with nothing.
    """
    said, before = _said_of_keys(), None
    for key in SigningKey.objects.order_by("id"):
        try:
            now = _checked_key(key, before, said)
        except BadNote as problem:
            when = f"{key.made_at:%d %b %Y, %H:%M}"
            raise DoesNotHold(f"The signing key of {when} isn't as it should be: {problem}.") from problem
        before = now
    stranger = Checkpoint.objects.filter(~Exists(SigningKey.objects.filter(pk=OuterRef("key_id")))).first()
    if stranger is not None:
        raise DoesNotHold(f"The checkpoint over {stranger.size:,} entries is signed by no key of this log.")


def _said_of_keys() -> list[dict[str, Any]]:
    """Return what entries say of new keys. One that waits for its place counts: that it gets one is looked at too."""
    entries = Entry.objects.filter(kind__in=KEY_KINDS).select_related("said").order_by("id")
    said = [{**(entry.payload or {}), "kind": entry.kind} for entry in entries]
    return [{key: value for key, value in words.items() if key != "at"} for words in said]


def _checked_key(key: SigningKey, before: VerifierKey | None, said: list[dict[str, Any]]) -> VerifierKey:
    """Return a key as it is published; BadNote unless its entry and its handover bear it out."""
    now = VerifierKey.parsed(key.vkey)
    entry: dict[str, Any] = {"kind": KEY_MADE, "key_id": now.id.hex(), "vkey": key.vkey}
    if before is not None:
        entry |= {"kind": KEY_ROTATED, "replaces": before.id.hex(), "handed_over": bool(key.handover)}
    if entry not in said:
        raise BadNote(f"no entry of the log says that key {now.id.hex()} {_came(before, key)}")
    if before is not None and key.handover:
        _check_handover(key.handover, before, now)
    return now


def _came(before: VerifierKey | None, key: SigningKey) -> str:
    if before is None:
        return "was made"
    return f"replaced {before.id.hex()}, which {'handed over' if key.handover else 'was lost'}"


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
