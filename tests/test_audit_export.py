"""An export holds what was asked for, verifies, and is itself on the record."""

import io
import json
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from audit.export import Exported, export_log
from audit.models import Entry
from audit.selectors import NO_FILTERS, Filters
from audit.verify import verify_file
from tests.audit_fixtures import write_entries


def exported(actor: User | None, form: str, filters: Filters = NO_FILTERS) -> tuple[bytes, Exported]:
    out = io.BytesIO()
    made = export_log(actor=actor, form=form, out=out, filters=filters)
    return out.getvalue(), made


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_export_verifies(auditor: User, form: str) -> None:
    write_entries(auditor, 90)
    data, made = exported(auditor, form)
    found = verify_file(io.BytesIO(data), form)
    assert found.ok, found.sentence
    assert (found.entries, found.root) == (90, made.root)


def test_export_is_recorded_and_does_not_hold_its_own_entry(auditor: User) -> None:
    write_entries(auditor, 3)
    data, made = exported(auditor, "jsonl")
    entry = Entry.objects.get(kind="audit:export:made/1", id__gt=Entry.objects.order_by("id")[2].pk)
    payload = entry.payload
    assert payload == {"format": "jsonl", "filters": {}, **vars(made)}
    assert str(entry.uid).encode() not in data
    assert verify_file(io.BytesIO(exported(auditor, "jsonl")[0]), "jsonl").entries == 4


def test_export_holds_only_the_exporters_agency(auditor: User, outside_auditor: User) -> None:
    write_entries(auditor, 10)
    write_entries(outside_auditor, 4)
    assert exported(outside_auditor, "csv")[1].entries == 4
    assert exported(None, "csv")[1].entries == 15


def test_export_keeps_the_filters(auditor: User) -> None:
    write_entries(auditor, 60)
    today = timezone.localdate()
    filters = Filters(kind="audit:log:viewed/1", person=auditor.pk, since=today, until=today)
    data, made = exported(auditor, "jsonl", filters)
    assert made.entries == Entry.objects.filter(kind="audit:log:viewed/1").count()
    assert json.loads(data.splitlines()[0])["filters"]["since"] == today.isoformat()


def test_reviewer_cannot_export(first_reviewer: User) -> None:
    with pytest.raises(PermissionDenied):
        exported(first_reviewer, "jsonl")


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_commands_export_and_verify(auditor: User, tmp_path: Path, form: str) -> None:
    write_entries(auditor, 5)
    file = tmp_path / f"log.{form}"
    said = io.StringIO()
    call_command("audit", "export", "--format", form, "--out", str(file), stdout=said)
    call_command("audit", "verify", str(file), stdout=said)
    assert "5 entries in" in said.getvalue()
    assert "All 5 entries hold" in said.getvalue()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_verify_command_names_the_broken_entry_without_the_database(tmp_path: Path) -> None:
    from tests.audit_fixtures import made_up_export

    file = tmp_path / "log.jsonl"
    file.write_bytes(made_up_export("jsonl", 5).replace(b'"version":1', b'"version":2', 1))
    with pytest.raises(CommandError, match=r"Entry 1 \(line 2, "):
        call_command("audit", "verify", str(file))


def test_export_to_nowhere_is_a_sentence_and_leaves_nothing(auditor: User, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be written"):
        call_command("audit", "export", "--out", str(tmp_path / "no" / "log.jsonl"))
