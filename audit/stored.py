"""The rule for each stored entry: hashed anew, believing no column.

Signing (audit/rehash.py) and verifying (audit/checks.py) both go by it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection

from audit.models import Entry
from audit.payload_rules import ERASURE, SALT_BYTES
from audit.reading import leaf_of, read, said_by
from audit.services import commitment, written_time
from audit.tree import leaf_hash

READ = """
SELECT l.leaf_index, e.canonical, e.leaf_hash, e.id, e.uid, e.kind, e.recorded_at, e.actor_id, e.agency_id,
       e.subject_type, e.subject_id, e.case_id, e.purpose, e.request_id, p.salt, p.content, p.erased_by_id
FROM audit_leaf l LEFT JOIN audit_entry e ON e.id = l.entry_id LEFT JOIN audit_payload p ON p.entry_id = e.id
WHERE l.leaf_index >= %s AND l.leaf_index < %s ORDER BY l.leaf_index
"""
COLUMNS = (
    "uid", "kind", "recorded_at", "actor", "agency", "subject_type", "subject_id", "case", "purpose", "request_id",
)  # fmt: skip
# Place (-1 while it waits for one), kind, uid, and the uids that it lists.
Erasing = tuple[int, str, str, set[str]]


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
        yield checked(index, row, erasures), row[15] is not None
        expected += 1
    if expected != end:
        raise DoesNotHold(f"No entry has place {expected:,} in the log: it is gone, or its place is.", expected)


def checked(index: int, row: list[Any], erasures: dict[int, Erasing]) -> bytes:
    """Return the hash of a stored leaf, made anew; DoesNotHold where anything stored with it says otherwise."""
    canonical, stored, _, *columns = row
    if canonical is None:
        raise DoesNotHold(f"The entry with place {index:,} in the log is gone.", index)
    name = f"Entry {index:,} ({columns[0]})"
    leaf = leaf_hash(canonical.encode())
    if leaf != bytes(stored):
        raise DoesNotHold(f"{name} isn't what was hashed when it was written.", index)
    if (said := read(canonical)) is None:
        raise DoesNotHold(f"{name} can't be read: what was hashed is no JSON object.", index)
    if (column := _column_that_differs(said, columns[:10])) is not None:
        raise DoesNotHold(f"{name} is filed under another {column.replace('_', ' ')} than its leaf says.", index)
    if "commitment" in said:
        salt, content, erased_by = columns[10:]
        if content is None:
            _check_erasure(name, index, str(said["uid"]), erasures.get(erased_by))
        elif len(salt or b"") != SALT_BYTES or commitment(bytes(salt), content.encode()) != said["commitment"]:
            raise DoesNotHold(f"What {name[0].lower()}{name[1:]} says isn't what its leaf commits to.", index)
    return leaf


def _column_that_differs(said: dict[str, Any], columns: list[Any]) -> str | None:
    stored = [str(columns[0]), columns[1], written_time(columns[2]), *columns[3:]]
    leaf = said if "case" in said else said | {"case": ""}  # version 1 knew no case
    return next((key for key, value in zip(COLUMNS, stored, strict=True) if leaf.get(key) != value), None)


def _erasures(wanted: Iterable[int | None]) -> dict[int, Erasing]:
    """Return the erasing entries by id: place, kind, and the uids that each lists."""
    ids = {pk for pk in wanted if pk is not None}
    if not ids:
        return {}
    found = Entry.objects.filter(pk__in=ids).select_related("place", "said")
    return {entry.pk: _erasure(entry) for entry in found}


def _erasure(entry: Entry) -> Erasing:
    place, leaf = getattr(entry, "place", None), leaf_of(entry)
    return (
        place.index if place else -1,
        str(leaf.get("kind")),
        str(leaf.get("uid")),
        set(said_by(entry).texts("entries")),
    )


def _check_erasure(name: str, index: int, uid: str, erasing: Erasing | None) -> None:
    what = f"What {name[0].lower()}{name[1:]} said"
    if erasing is None:
        raise DoesNotHold(f"{what} is missing, and no entry of the log erased it.", index)
    at, kind, by, listed = erasing
    if kind != ERASURE or uid not in listed:
        raise DoesNotHold(f"{what} is missing, and entry {by}, which should have erased it, doesn't say so.", index)
    if 0 <= at < index:
        raise DoesNotHold(f"{what} is said to have been erased by entry {at:,}, which came before it.", index)
