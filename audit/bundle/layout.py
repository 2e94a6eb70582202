"""The lines of a bundle, to the letter of its format.

Canonical JSON (RFC 8785) of what is known to be canonical already is put together as text: a log has millions of
entries, and what was hashed is written as it was hashed.
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.bundle.container import Stored
from audit.tree import cover

FORMAT = "countersign-bundle/1"
README, VERIFIER = "README.txt", "verify.py"
KEYS, CHECKPOINTS, ENTRIES = "keys.jsonl", "checkpoints.jsonl", "entries.jsonl"
MANIFEST, CLOSING_LINES, CLOSING_NOTE = "manifest.json", "closing.jsonl", "closing.txt"
RECORDS, STAMPS = "records/", "stamps/"


@dataclass(frozen=True)
class BundleKey:
    """A public key as a vkey, with the note by which the key before it named it as its successor."""

    vkey: str
    handover: str | None = None


@dataclass(frozen=True)
class BundleCheckpoint:
    """A signed checkpoint and when it was signed, written as in an entry."""

    note: str
    signed_at: str

    @property
    def size(self) -> int:
        """Return the number of entries under this checkpoint."""
        return int(self.note.split("\n", 2)[1])


@dataclass(frozen=True)
class About:
    """What a bundle says about itself: whose log, which part, for whom, when (as in an entry), up to which size."""

    origin: str
    size: int
    exported_at: str
    exported_by: int | None = None
    agency: int | None = None
    filters: Mapping[str, Any] | None = None


def canonical_json(value: Any) -> str:
    """Return RFC 8785 JSON of text, whole numbers, truth values, None, lists and dictionaries with ASCII keys.

    On these the standard library agrees with RFC 8785 to the byte; without floats nothing else is left.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def key_line(key: BundleKey) -> str:
    """Return a line of keys.jsonl."""
    return canonical_json({"handover": key.handover, "key": key.vkey}) + "\n"


def checkpoint_line(checkpoint: BundleCheckpoint) -> str:
    """Return a line of checkpoints.jsonl."""
    return canonical_json({"note": checkpoint.note, "signed_at": checkpoint.signed_at}) + "\n"


def entry_line(index: int, leaf: str, payload: str, salt: bytes) -> str:
    """Return the line of an entry with its payload; leaf and payload are the canonical texts that were hashed."""
    return f'{{"entry":{leaf},"index":{index},"payload":{payload},"salt":"{salt.hex()}"}}\n'


def erased_line(index: int, leaf: str, erased_by: str) -> str:
    """Return the line of an entry whose payload was erased, with the uid of the entry that says so."""
    return f'{{"entry":{leaf},"erased_by":{canonical_json(erased_by)},"index":{index}}}\n'


def first_version_line(index: int, leaf: str) -> str:
    """Return the line of an entry of version 1, which holds its payload in the leaf."""
    return f'{{"entry":{leaf},"index":{index}}}\n'


def hidden_line(index: int, height: int, root: bytes) -> str:
    """Return the line of a complete subtree of entries that aren't shown."""
    return f'{{"hash":"{root.hex()}","height":{height},"index":{index}}}\n'


def hidden_ranges(start: int, end: int, boundaries: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the complete subtrees that hide leaves start to end (without end), as (height, first leaf).

    They are cut at each boundary, so that the root of every checkpoint can be made. Boundaries ascend: they are looked
    up before every entry that is shown, and of a long log there are thousands.
    """
    if start == end:
        return
    inside = boundaries[bisect_right(boundaries, start) : bisect_left(boundaries, end)]
    for cut in (*inside, end):
        yield from cover(start, cut)
        start = cut


def manifest_line(about: About, shown: int, members: Sequence[Stored]) -> str:
    """Return manifest.json: what the bundle is, and every file before this one."""
    files = [{"bytes": member.size, "name": member.name, "sha256": member.sha256} for member in members]
    said = {
        "agency": about.agency,
        "entries": shown,
        "exported_at": about.exported_at,
        "exported_by": about.exported_by,
        "files": files,
        "filters": dict(about.filters or {}),
        "format": FORMAT,
        "origin": about.origin,
        "size": about.size,
    }
    return canonical_json(said) + "\n"
