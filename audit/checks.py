"""What must hold of the stored log, entry by entry and of the tree over them: hashed anew, believing no column.

Other than the sequencer's own hashing before it signs (audit/rehash.py), this compares everything with everything:
columns with leaves, payloads with commitments and erasures, kept roots, every checkpoint, and the chain of keys.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection

from audit.models import Checkpoint, Entry, SigningKey, Subtree
from audit.notes import BadNote, Note, VerifierKey, handover_text
from audit.notes import Checkpoint as Head
from audit.payload_rules import ERASURE
from audit.rehash import STEP
from audit.services import written_time
from audit.tree import Frontier, leaf_hash

READ = """
SELECT l.leaf_index, e.canonical, e.leaf_hash, e.id, e.uid, e.kind, e.recorded_at, e.actor_id, e.agency_id,
       e.subject_type, e.subject_id, e.case_id, e.purpose, e.request_id, p.salt, p.content, p.erased_by_id
FROM audit_leaf l LEFT JOIN audit_entry e ON e.id = l.entry_id LEFT JOIN audit_payload p ON p.entry_id = e.id
WHERE l.leaf_index >= %s AND l.leaf_index < %s ORDER BY l.leaf_index
"""
# What the sequencer will never look at again must have its place by now; see audit/sequencer.py.
WITHOUT_PLACE = """
SELECT e.uid FROM audit_entry e, audit_treestate s
WHERE (e.written_in < s.settled OR e.id <= s.floor)
    AND NOT EXISTS (SELECT FROM audit_leaf l WHERE l.entry_id = e.id)
ORDER BY e.id LIMIT 1
"""
COLUMNS = (
    "uid", "kind", "recorded_at", "actor", "agency", "subject_type", "subject_id", "case", "purpose", "request_id",
)  # fmt: skip
Completed = list[tuple[int, int, bytes]]


class DoesNotHold(Exception):
    """The first thing that doesn't hold; `index` is the place in the log where it shows, if it has one."""

    def __init__(self, sentence: str, index: int | None = None) -> None:
        super().__init__(sentence)
        self.index = index


def leaves(start: int, end: int) -> Iterator[tuple[bytes, bool]]:
    """Yield the hash of each leaf from start to end, made anew, and whether its payload is erased."""
    with connection.cursor() as cursor:
        cursor.execute(READ, [start, end])
        rows = cursor.fetchall()
    erasures = _erasures(row[16] for row in rows)
    expected = start
    for index, *row in rows:
        if index != expected:
            break
        yield _leaf(index, row, erasures), row[15] is not None
        expected += 1
    if expected != end:
        raise DoesNotHold(f"No entry has place {expected:,} in the log: it is gone, or its place is.", expected)


def _leaf(index: int, row: list[Any], erasures: dict[int, tuple[int, str, str, set[str]]]) -> bytes:
    canonical, stored, _, *columns = row
    if canonical is None:
        raise DoesNotHold(f"The entry with place {index:,} in the log is gone.", index)
    name = f"Entry {index:,} ({columns[0]})"
    leaf = leaf_hash(canonical.encode())
    if leaf != bytes(stored):
        raise DoesNotHold(f"{name} isn't what was hashed when it was written.", index)
    said = json.loads(canonical)
    if (column := _column_that_differs(said, columns[:10])) is not None:
        raise DoesNotHold(f"{name} is filed under another {column.replace('_', ' ')} than its leaf says.", index)
    if "commitment" in said:
        salt, content, erased_by = columns[10:]
        if content is None:
            _check_erasure(name, index, str(said["uid"]), erasures.get(erased_by))
        elif hashlib.sha256(bytes(salt or b"") + content.encode()).hexdigest() != said["commitment"]:
            raise DoesNotHold(f"What {name[0].lower()}{name[1:]} says isn't what its leaf commits to.", index)
    return leaf


def _column_that_differs(said: dict[str, Any], columns: list[Any]) -> str | None:
    stored = [str(columns[0]), columns[1], written_time(columns[2]), *columns[3:]]
    leaf = said if "case" in said else said | {"case": ""}  # version 1 knew no case
    return next((key for key, value in zip(COLUMNS, stored, strict=True) if leaf.get(key) != value), None)


def _erasures(wanted: Iterable[int | None]) -> dict[int, tuple[int, str, str, set[str]]]:
    """Return the erasing entries by id: place, kind, and the uids that each lists."""
    ids = {pk for pk in wanted if pk is not None}
    if not ids:
        return {}
    found = Entry.objects.filter(pk__in=ids).select_related("place", "said")
    return {entry.pk: _erasure(entry) for entry in found}


def _erasure(entry: Entry) -> tuple[int, str, str, set[str]]:
    place = getattr(entry, "place", None)
    payload = entry.payload or {}
    return place.index if place else -1, entry.kind, str(entry.uid), set(payload.get("entries", ()))


def _check_erasure(name: str, index: int, uid: str, erasing: tuple[int, str, str, set[str]] | None) -> None:
    what = f"What {name[0].lower()}{name[1:]} said"
    if erasing is None:
        raise DoesNotHold(f"{what} is missing, and no entry of the log erased it.", index)
    at, kind, by, listed = erasing
    if kind != ERASURE or uid not in listed:
        raise DoesNotHold(f"{what} is missing, and entry {by}, which should have erased it, doesn't say so.", index)
    if 0 <= at < index:
        raise DoesNotHold(f"{what} is said to have been erased by entry {at:,}, which came before it.", index)


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
