"""What an operator types at the command line nobody signed in has done, and the log says that the operator did."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import User
from audit import context
from audit.checks import check_keys
from audit.models import Entry, Payload
from audit.selectors import Filters, entries, sentence, timeline
from audit.services import record
from identification.models import Encoder
from identification.services.encoders import activate_encoder
from tests import exporting
from tests.audit_fixtures import payload_for, write_viewed
from tests.audit_rows import write_erasure
from tests.calibrations import made, written
from tests.exporting import exported
from tests.sequencing import sequenced, signed
from tests.staged import Stage, newest_id, stage  # noqa: F401  (a fixture)

sequencer = exporting.sequencer


def erase(s: Stage, _: Path) -> tuple[str, ...]:
    write_viewed(s.administrator)
    sequenced()
    subject = f"accounts.user:{s.administrator.pk}"
    return ("audit", "erase", "--subject", subject, "--basis", "order", "--by", s.administrator.username)


def export(s: Stage, folder: Path) -> tuple[str, ...]:
    write_viewed(s.auditor)
    signed()
    return "audit", "export", "--format", "csv", "--out", str(folder / "log.csv")


def check(s: Stage, _: Path) -> tuple[str, ...]:
    write_viewed(s.auditor)
    signed()
    return "audit", "check"


def rotate_key(s: Stage, _: Path) -> tuple[str, ...]:
    s.settings.SEQUENCER_DATABASE = {}  # this connection, and not one of the sequencer's own
    write_viewed(s.auditor)
    signed()
    return "audit", "rotate-key"


def prepare(s: Stage, _: Path) -> tuple[str, ...]:
    assert s.new
    assert s.faces
    return "encoder", "activate", "brought"


def cancel(s: Stage, folder: Path) -> tuple[str, ...]:
    call_command(*prepare(s, folder))
    return "encoder", "cancel"


def activate(s: Stage, _: Path) -> tuple[str, ...]:
    assert s.new
    return "encoder", "activate", "brought"


def remove(s: Stage, _: Path) -> tuple[str, ...]:
    assert s.new
    return "encoder", "remove", "brought"


def calibrate(s: Stage, folder: Path) -> tuple[str, ...]:
    return "encoder", "calibrate", s.encoder.name, "--from", str(written(made(s.encoder), folder))


COMMANDS: dict[Callable[[Stage, Path], tuple[str, ...]], dict[str, str]] = {
    erase: {
        "audit:payload:erased/1": "The operator had what 1 entry says erased (order), for which Administrator answers;"
        " that leaves the log whole."
    },
    export: {
        "audit:export:asked/1": "The operator asked for an export of this log (csv).",
        "audit:export:made/2": "The operator exported 3 entries of this log (csv).",
    },
    check: {"audit:verification:asked/1": "The operator asked for this log, 2 entries, to be verified."},
    rotate_key: {"audit:key:rotated/1": "The operator replaced the key that signs checkpoints of this log ("},
    prepare: {"identification:encoder:preparation-started/1": "The operator had faces embedded by encoder "},
    cancel: {"identification:encoder:preparation-cancelled/1": "The operator stopped the preparation of encoder "},
    activate: {"identification:encoder:activated/1": "The operator made encoder "},
    remove: {"identification:encoder:removed/1": "The operator removed encoder "},
    calibrate: {"identification:encoder:calibrated/1": "The operator calibrated encoder "},
}
# What the program does of itself while a command runs.
BY_ITSELF = {"audit:log:verified/1"}


@pytest.mark.parametrize("command", COMMANDS)
def test_entry_says_that_the_operator_did_it(
    db: None, stage: Stage, tmp_path: Path, command: Callable[[Stage, Path], tuple[str, ...]]  # noqa: F811
) -> None:  # fmt: skip
    typed = command(stage, tmp_path)
    before = newest_id()
    call_command(*typed, stdout=io.StringIO())
    left = list(Entry.objects.filter(pk__gt=before).exclude(kind__in=BY_ITSELF).order_by("id"))
    assert [entry.kind for entry in left] == list(COMMANDS[command])
    for entry, line in zip(left, timeline(stage.auditor, left), strict=True):
        assert (entry.actor, entry.leaf["actor_roles"], (entry.payload or {})["at"]) == (None, [], "command-line")
        assert line.sentence.startswith(COMMANDS[command][entry.kind])


def test_the_service_that_orders_and_signs_is_no_operator(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    for action in ("sequence", "check"):
        monkeypatch.setattr(f"audit.commands.{action}.run", lambda *_, **__: seen.append(context.at.get()))
        call_command("audit", action)
    assert (*seen, context.at.get()) == ("", "command-line", "")


def test_what_the_program_does_of_itself_says_countersign(encoder: Encoder) -> None:
    kind = "identification:encoder:activated/1"
    said = {key: value for key, value in payload_for(kind).items() if key != "at"}
    entry = record(kind=kind, actor=None, subject=encoder, payload=said)
    assert sentence(entry, {}).startswith("Countersign made unknown the active encoder")


def test_who_is_signed_in_has_acted_wherever_it_is_written(administrator: User, new: Encoder) -> None:
    with context.at_command_line():
        activate_encoder(actor=administrator, name=new.name)
    entry = Entry.objects.get(kind="identification:encoder:activated/1")
    assert (entry.actor, "at" in (entry.payload or {})) == (administrator, False)


def test_kind_that_has_no_place_for_it_is_written_as_ever(db: None) -> None:
    with context.at_command_line():
        entry = record(kind="audit:key:made/1", actor=None, subject=None, payload=payload_for("audit:key:made/1"))
    assert entry.payload == payload_for("audit:key:made/1")


def test_who_did_it_may_be_erased_and_then_either_may_have(new: Encoder) -> None:
    call_command("encoder", "activate", new.name, stdout=io.StringIO())
    entry = Entry.objects.get(kind="identification:encoder:activated/1")
    sequenced()
    with connection.cursor() as cursor:
        by = write_erasure(cursor, str(entry.uid))
    Payload.objects.filter(entry=entry).update(content=None, salt=None, erased_by=by)
    again = Entry.objects.select_related("said__erased_by__place").get(pk=entry.pk)
    assert sentence(again, {}).startswith("Countersign or the operator made")


def test_rotation_by_an_operator_is_one_that_verifies(auditor: User, settings: Any) -> None:
    settings.SEQUENCER_DATABASE = {}
    write_viewed(auditor)
    signed()
    call_command("audit", "rotate-key", stdout=io.StringIO())
    check_keys()


def test_erasure_of_before_says_who_was_named_as_its_actor(administrator: User) -> None:
    said = {"entries": [], "count": 3, "basis": "request"}
    entry = record(kind="audit:payload:erased/1", actor=administrator, subject=None, payload=said)
    (line,) = timeline(administrator, [entry])
    assert line.sentence == "Administrator had what 3 entries say erased (request), which leaves the log whole."


def test_export_that_a_worker_made_was_asked_for_by_somebody(auditor: User) -> None:
    exported(auditor, "jsonl")
    asked, done = (Entry.objects.get(kind=f"audit:export:{kind}") for kind in ("asked/1", "made/2"))
    assert (asked.actor, done.actor, done.agency) == (auditor, None, auditor.agency)
    (line,) = timeline(auditor, [done])
    assert line.sentence.startswith("An export of")
    assert line.sentence.endswith("of this log was made for Auditor (jsonl).")
    assert list(entries(auditor, Filters(person=auditor.pk))) == [asked]
