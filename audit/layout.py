"""How an export is written: one set of functions for the exporter and the verifier.

Standard library alone. An export begins with a header (what was asked for, when) and ends with a
trailer (how many entries, their Merkle root, the hash of the header). In JSON Lines every line is
canonical JSON; in CSV the header stands in the trailer's last cell, as the first row names columns.
"""

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from typing import Any

FORMAT = "countersign-audit-export/1"
ALGORITHM = "RFC 6962 SHA-256"
JSONL, CSV = "jsonl", "csv"
COLUMNS = (
    "number", "recorded_at", "kind", "actor", "actor_roles", "agency", "subject_type", "subject_id",
    "purpose", "request_id", "payload", "leaf_hash", "canonical",
)  # fmt: skip
# What a spreadsheet may take for the start of a formula, the full-width forms included.
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def canonical_json(value: Any) -> str:
    """Return RFC 8785 JSON of text, whole numbers, truth values, None, lists and dictionaries with ASCII keys.

    On these the standard library agrees with RFC 8785 to the byte; without floats nothing else is left.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def header(form: str, *, agency: int | None, filters: Mapping[str, Any], exported_at: str) -> dict[str, Any]:
    """Return what an export says about itself; agency None means all of them."""
    return {
        "agency": agency,
        "exported_at": exported_at,
        "filters": dict(filters),
        "form": form,
        "format": FORMAT,
        "tree": ALGORITHM,
    }


def header_sha256(head: Mapping[str, Any]) -> str:
    """Return the hash by which the trailer holds the header."""
    return hashlib.sha256(canonical_json(head).encode()).hexdigest()


def first_line(form: str, head: Mapping[str, Any]) -> str:
    """Return the line that an export begins with."""
    return csv_line(COLUMNS) if form == CSV else canonical_json(head) + "\n"


def entry_line(form: str, number: int, canonical: str, leaf: str) -> str:
    """Return the line of one entry; leaf is its hash in hexadecimal digits."""
    if form == JSONL:
        return f'{{"entry":{canonical},"leaf_hash":"{leaf}","number":{number}}}\n'
    return csv_line((number, *_readable(json.loads(canonical)), leaf, canonical))


def last_line(form: str, head: Mapping[str, Any], *, entries: int, root: str) -> str:
    """Return the closing line, which binds the header, the number of entries and their root."""
    trailer: dict[str, Any] = {"entries": entries, "header_sha256": header_sha256(head), "root": root}
    if form == JSONL:
        return canonical_json(trailer) + "\n"
    said = canonical_json(trailer | {"header": head})
    return csv_line(("root", *[""] * (len(COLUMNS) - 3), root, said))


def csv_line(cells: tuple[Any, ...]) -> str:
    """Return one row with every cell quoted, and none that a spreadsheet would run as a formula.

    The last cell, canonical JSON, begins with a brace, so that it never needs the apostrophe and stays exact.
    """
    sink = io.StringIO()
    csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([safe_cell(cell) for cell in cells])
    return sink.getvalue()


def safe_cell(value: Any) -> str:
    """Return the text of a cell, with an apostrophe before what could start a formula."""
    text = "" if value is None else str(value)
    return "'" + text if text.lstrip(" ").startswith(STARTS_FORMULA) else text


def _readable(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the cells for people; all of them come from the entry, so that the verifier can make them again."""
    roles = entry.get("actor_roles")
    return (
        entry.get("recorded_at"),
        entry.get("kind"),
        entry.get("actor"),
        " ".join(map(str, roles)) if isinstance(roles, list) else roles,
        entry.get("agency"),
        entry.get("subject_type"),
        entry.get("subject_id"),
        entry.get("purpose"),
        entry.get("request_id"),
        canonical_json(entry.get("payload")),
    )
