"""The log as a table: complete, legible, and nothing in it runs as a formula."""

import csv
import hashlib
import io
import json

import pytest

from accounts.models import User
from audit.layout import COLUMNS, ERASED, STARTS_FORMULA, csv_line, safe_cell
from audit.models import Entry, Payload
from audit.selectors import Filters, timeline
from audit.services import record
from tests.audit_fixtures import write_entries, write_viewed
from tests.exporting import exported, sequencer  # noqa: F401
from tests.sequencing import sequenced


def rows_of(text: str) -> list[dict[str, str]]:
    """Return the rows of a table after its first line, which is about the file."""
    return list(csv.DictReader(io.StringIO(text.partition("\r\n")[2], newline="")))


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_table_holds_every_entry_and_the_log_holds_its_hash(auditor: User, form: str) -> None:
    write_entries(auditor, 150)
    export = exported(auditor, form)
    data = export.file.read_bytes()
    rows = rows_of(data.decode()) if form == "csv" else [json.loads(line) for line in data.splitlines()[1:]]
    made = Entry.objects.filter(kind="audit:export:made/2", subject_id=str(export.pk)).get()
    assert made.payload["file_sha256"] == export.sha256 == hashlib.sha256(data).hexdigest()
    known = Entry.objects.of_agency(auditor.agency).filter(pk__lt=made.pk, place__isnull=False).order_by("place__index")
    assert [row["uid"] for row in rows] == [str(uid) for uid in known.values_list("uid", flat=True)]
    assert len(rows) == export.entries == made.payload["entries"]
    assert b"proves nothing by itself" in data[:300]


def test_row_says_it_in_words_and_in_ids(auditor: User) -> None:
    entry = record(kind="accounts:role:granted/1", actor=auditor, subject=auditor, payload={"role": "reviewer"})
    export = exported(auditor, "csv", Filters(kind="accounts:role:granted/1"))
    (row,) = rows_of(export.file.read_bytes().decode())
    (line,) = timeline(auditor, [entry])
    assert tuple(row) == COLUMNS
    assert (row["sentence"], row["actor"], row["payload"]) == (line.sentence, str(auditor.pk), '{"role":"reviewer"}')
    assert (row["leaf_hash"], row["index"]) == (line.leaf_hash, str(entry.place.index))


def test_erased_payload_is_called_that(auditor: User) -> None:
    entry = write_viewed(auditor)
    sequenced()
    said = {"entries": [str(entry.uid)], "count": 1, "basis": "request"}
    by = record(kind="audit:payload:erased/1", actor=auditor, subject=None, payload=said)
    Payload.objects.filter(pk=entry.pk).update(content=None, salt=None, erased_by=by)
    export = exported(auditor, "csv", Filters(kind=entry.kind))
    row = rows_of(export.file.read_bytes().decode())[0]
    assert (row["payload"], row["erased_by"]) == (ERASED, str(by.uid))


CUT = (
    ("Petrenko;=cmd|'/c calc'!A1", "Petrenko;'=cmd|'/c calc'!A1"),
    ("a; +1", "a; '+1"),
    ('a;"=1', "a;\"'=1"),
    ("a\t-1", "a\t'-1"),
    ("a\n;@SUM(A1)", "a\n;'@SUM(A1)"),
    ("a;\uff1d1;=2", "a;'\uff1d1;'=2"),
    ("well-known; a-b, =c", "well-known; a-b, =c"),
)


@pytest.mark.parametrize(("text", "safe"), CUT)
def test_no_cell_runs_as_a_formula_where_cells_are_separated_otherwise(text: str, safe: str) -> None:
    assert safe_cell(text) == safe
    for separator in ";\t":
        for row in csv.reader(io.StringIO(csv_line(["1", text, "end"])), delimiter=separator):
            assert not [cell for cell in row if cell.strip().startswith(STARTS_FORMULA)]


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1+1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201")


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_runs_as_a_formula(text: str) -> None:
    assert safe_cell(text).startswith("'" + text[0])
    assert csv_line([text]).startswith("\"'")


def test_name_that_is_a_formula_is_text_in_the_table(auditor: User) -> None:
    auditor.full_name = '=HYPERLINK("https://evil.example","Auditor")'
    auditor.save()
    record(kind="accounts:session:opened/1", actor=auditor, subject=auditor)
    export = exported(auditor, "csv", Filters(kind="accounts:session:opened/1"))
    (row,) = rows_of(export.file.read_bytes().decode())
    assert row["sentence"].startswith("'=HYPERLINK")
