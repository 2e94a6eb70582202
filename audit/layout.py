"""The log as a table for people and their spreadsheets, in CSV or JSON Lines. Pure: no Django.

A table proves nothing by itself; the bundle does (audit/bundle). The first line says so, and the log holds the SHA-256
of the file.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from audit.bundle.layout import canonical_json

FORMAT = "countersign-table/1"
JSONL, CSV = "jsonl", "csv"
COLUMNS = (
    "index", "recorded_at", "kind", "sentence", "actor", "actor_roles", "agency", "subject_type", "subject_id", "case",
    "purpose", "request_id", "payload", "erased_by", "leaf_hash", "uid",
)  # fmt: skip
NOTE = (
    "This table is for reading and proves nothing by itself: anybody could have changed it. The proof is the bundle,"
    " which whoever made this can export too. The audit log holds this file's SHA-256."
)
ERASED = "erased"
# What a spreadsheet may take for the start of a formula, the full-width forms included.
SIGNS = "=+@\uff1d\uff0b\uff0d\uff20-"
STARTS_FORMULA = (*SIGNS, "\t", "\r", "\n")
# In many countries spreadsheets separate cells by semicolons, or are told to by tabs, whatever commas and quotes say.
MAY_BEGIN_A_CELL = re.compile(rf"""([;\t\r\n][\s"]*)(?=[{SIGNS}])""")


def head(form: str, about: Mapping[str, Any]) -> str:
    """Return what comes before the entries: what the file is, and in CSV the names of the columns."""
    said = {**about, "format": FORMAT}
    if form == JSONL:
        return canonical_json({**said, "note": NOTE}) + "\n"
    return csv_line((NOTE, canonical_json(said))) + csv_line(COLUMNS)


def entry_line(form: str, entry: Mapping[str, Any]) -> str:
    """Return the line of one entry, which has exactly the columns."""
    if form == JSONL:
        return canonical_json(entry) + "\n"
    return csv_line([_cell(column, entry) for column in COLUMNS])


def csv_line(cells: Sequence[Any]) -> str:
    """Return one row with every cell quoted, and none that a spreadsheet would run as a formula."""
    sink = io.StringIO()
    csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([safe_cell(cell) for cell in cells])
    return sink.getvalue()


def safe_cell(value: Any) -> str:
    """Return the text of a cell, with an apostrophe before what could start a formula in it or in what it is cut to."""
    text = MAY_BEGIN_A_CELL.sub(r"\1'", "" if value is None else str(value))
    return "'" + text if text.lstrip(" ").startswith(STARTS_FORMULA) else text


def _cell(column: str, entry: Mapping[str, Any]) -> Any:
    value = entry[column]
    if column == "payload":
        return ERASED if value is None else canonical_json(value)
    return " ".join(map(str, value)) if isinstance(value, list) else value
