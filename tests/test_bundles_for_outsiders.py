"""Bundles that came from the database: both verifiers take them, and the README in them leads through them by hand."""

import io
import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from audit.bundle import BundleCheckpoint
from audit.exporting import jobs
from audit.exporting.cosigned import legible
from audit.exporting.guide import guide
from audit.keys import rotate_key
from audit.kinds import KINDS
from audit.models import Checkpoint, Entry, Export
from audit.notes import COSIGNATURE, Note, Signature, VerifierKey
from audit.selectors import Filters
from audit.verify import verify
from audit.witnesses.configured import Way, witnesses
from audit.witnesses.delivering import deliver
from audit.witnesses.published import published_note
from tests import node, tsa
from tests.audit_fixtures import write_entries, write_viewed
from tests.bundles import made_bundle, made_log
from tests.exporting import exported, held_by_both, lines, member, sequencer, shown, unpacked, worked  # noqa: F401
from tests.readme import ran, typed
from tests.sequencing import signed
from tests.test_audit_pages import erased
from tests.tsa import Authority, needs_openssl
from tests.witness_scene import NAME, Agency, grown, log_keys, outcome

authority = tsa.authority

# --- Both verifiers --------------------------------------------------------------------------------------------------


def test_both_take_a_part_of_a_log(auditor: User) -> None:
    write_entries(auditor, 200)
    facts = held_by_both(exported(auditor, filters=Filters(kind="review:note:signed/1"))).facts
    assert 0 < facts["shown"] < facts["size"] / 4


def test_both_take_an_erased_payload(auditor: User) -> None:
    entry = write_viewed(auditor)
    signed()
    erased(auditor, entry)
    export = exported(auditor)
    assert held_by_both(export).facts["erased"] == 1
    (line,) = (each for each in shown(export.file) if each["entry"]["uid"] == str(entry.uid))
    assert sorted(line) == ["entry", "erased_by", "index"]


def test_both_take_a_log_whose_key_was_handed_over(auditor: User) -> None:
    grown(auditor)
    newer = rotate_key()
    export = exported(auditor)
    assert [bool(each["handover"]) for each in lines(export.file, "keys.jsonl")] == [False, True]
    assert held_by_both(export).facts["key"] == newer.vkey


def test_both_take_a_log_whose_key_was_lost_with_the_new_key_alone(auditor: User, settings) -> None:
    grown(auditor)
    Path(settings.AUDIT_KEY_FILE).unlink()
    newer = rotate_key(lost=True)
    file = exported(auditor).file
    with node.verifier() as javascript:
        assert (verify(file).ok, javascript.verdict(file)["verdict"]) == (False, "broken")
        held = verify(file, keys=(newer.vkey,)).ok, javascript.verdict(file, keys=(newer.vkey,))["verdict"]
        assert held == (True, "holds")


# --- By hand ---------------------------------------------------------------------------------------------------------


@needs_openssl
def test_readme_leads_through_a_real_bundle_whose_key_was_replaced(auditor: User, tmp_path: Path) -> None:
    grown(auditor, 40)
    newer = rotate_key()
    export = exported(auditor, filters=Filters(kind="audit:"))
    folder = unpacked(export, tmp_path)
    assert {line.rpartition(": ")[2] for line in typed(1, folder).splitlines()} == {"OK"}
    computed, said = typed(2, folder).splitlines()
    assert computed.split()[0] == said
    assert "Signature Verified Successfully" in typed(3, folder)
    assert typed(4, folder).splitlines() == [newer.vkey, "Signature Verified Successfully"]
    first = Entry.objects.get(uid=shown(export.file)[0]["entry"]["uid"])
    assert typed(5, folder).split()[0] == bytes(first.leaf_hash).hex()
    assert ran(6, folder) == [f"{export.entries} shown in entries.jsonl", "1 shown in closing.jsonl"]
    assert ran(7, folder) == (folder / "closing.txt").read_text().split("\n")[1:3]


def meanings(export: Export) -> dict[str, str]:
    """Return the sentence of each kind that the README of a bundle explains."""
    text = member(export.file, "README.txt").decode().partition("WHAT THE ENTRIES SAY")[2]
    return dict(re.findall(r"^(\S+:\S+/[0-9]+)\n    (.+)$", text, re.MULTILINE))


def kinds_in(export: Export) -> set[str]:
    those = [*shown(export.file), *shown(export.file, "closing.jsonl")]
    return {line["entry"]["kind"] for line in those}


def test_readme_says_in_a_sentence_what_each_kind_means_that_is_shown_and_no_other(auditor: User) -> None:
    write_entries(auditor, 2 * len(KINDS))
    for filters in (Filters(), Filters(kind="review:note:"), Filters(kind="audit:payload:")):
        export = exported(auditor, filters=filters)
        held_by_both(export)
        said = meanings(export)
        assert set(said) == kinds_in(export)
        assert all(sentence.endswith(".") and "|" not in sentence for sentence in said.values())
    assert said["audit:payload:erased/1"].startswith("{actor} had what {count} entries say erased ({basis})")


def test_readme_explains_the_kinds_of_the_whole_log_and_one_that_erased_what_is_shown(auditor: User) -> None:
    entry = write_viewed(auditor)
    signed()
    erased(auditor, entry)
    export = exported(auditor, filters=Filters(kind=entry.kind))
    assert set(meanings(export)) == kinds_in(export) == {entry.kind, "audit:payload:erased/1", "audit:export:made/2"}
    whole = worked(jobs.ask_export(actor=None, form="bundle"))
    assert set(meanings(whole)) == kinds_in(whole) > kinds_in(export)


def test_kind_that_this_version_does_not_know_is_called_that() -> None:
    assert "review:oath:sworn/7\n    A kind that this version" in guide(["review:oath:sworn/7"])


@pytest.mark.parametrize("form", ["bundle", "jsonl"])
def test_days_asked_for_are_moments_with_their_distance_from_utc(auditor: User, settings, form: str) -> None:
    """In Warsaw the second day is one of 25 hours."""
    settings.TIME_ZONE = "Europe/Warsaw"
    days = Filters(since=date(2026, 10, 24), until=date(2026, 10, 25))
    export = exported(auditor, form, filters=days)
    text = member(export.file, "manifest.json") if form == "bundle" else export.file.read_bytes().split(b"\n")[0]
    filters = json.loads(text)["filters"]
    assert (filters["since"], filters["until"]) == ("2026-10-24", "2026-10-25")
    assert (filters["from"], filters["before"]) == ("2026-10-24T00:00:00+02:00", "2026-10-26T00:00:00+01:00")
    if form == "bundle":
        held_by_both(export)


def test_no_moments_are_said_where_no_days_were_asked_for(auditor: User) -> None:
    filters = json.loads(member(exported(auditor).file, "manifest.json"))["filters"]
    assert not {"since", "until", "from", "before"} & filters.keys()


# --- Witnesses and time stamps ---------------------------------------------------------------------------------------


@pytest.fixture
def cosigned(auditor: User, tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch) -> tuple[Checkpoint, str]:
    """A checkpoint that a witness cosigned, and the key of the witness."""
    monkeypatch.setenv("no_proxy", "*")
    abroad = Agency(tmp_path / "witness", log_keys())
    checkpoint = grown(auditor, 5)
    with abroad.there() as keeper:
        settings.AUDIT_WITNESSES = [abroad.setting]
        deliver(name=NAME)
        assert outcome()[0]
        return checkpoint, str(keeper.key)


def notes_by_size(export: Export) -> dict[int, list[str]]:
    """Return the lines of each checkpoint's note."""
    notes = [each["note"].splitlines() for each in lines(export.file, "checkpoints.jsonl")]
    return {int(note[1]): note for note in notes}


def test_bundle_holds_checkpoints_with_their_cosignatures_and_both_take_it(
    auditor: User, cosigned: tuple[Checkpoint, str]
) -> None:
    checkpoint, _ = cosigned
    later = grown(auditor)
    export = exported(auditor)
    held_by_both(export)
    notes = notes_by_size(export)
    assert "\n".join(notes[checkpoint.size]) + "\n" == published_note(checkpoint)
    assert [line.split(" ")[1] for line in notes[checkpoint.size][4:]] == [log_keys()[0].name, NAME]
    assert "\n".join(notes[later.size]) + "\n" == later.note


@needs_openssl
def test_readme_tells_when_a_witness_signed(auditor: User, cosigned: tuple[Checkpoint, str], tmp_path: Path) -> None:
    checkpoint, key = cosigned
    folder = unpacked(exported(auditor), tmp_path / "unpacked")
    (folder / "WITNESS").write_text(f"{key}\n")
    instead = [(" SIZE", f" {checkpoint.size}")]
    moment, said = typed(9, folder, instead=instead).splitlines()
    assert said == "Signature Verified Successfully"
    at = datetime.strptime(moment, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    assert abs(at - timezone.now()) < timedelta(minutes=1)
    (folder / "WITNESS").write_text(f"{VerifierKey(NAME, bytes(range(32)), COSIGNATURE)}\n")
    assert "Verified Successfully" not in typed(9, folder, instead=instead)


@needs_openssl
def test_readme_checks_a_time_stamp_on_a_checkpoint_that_a_witness_signed_too(
    auditor: User, cosigned: tuple[Checkpoint, str], authority: Authority, tmp_path: Path, settings
) -> None:
    checkpoint, _ = cosigned
    with authority.there() as address:
        settings.AUDIT_TSA_URL, settings.AUDIT_TSA_CERTIFICATES = address, str(authority.certificates)
        (stamping,) = (each.name for each in witnesses().values() if each.way is Way.STAMPED)
        deliver(name=stamping)
        assert outcome(stamping)[0]
        export = exported(auditor)
    held_by_both(export)
    folder = unpacked(export, tmp_path / "unpacked")
    instead = [("SIZE", str(checkpoint.size)), ("TSA.pem", str(authority.certificates))]
    assert "Verification: OK" in typed(8, folder, instead=instead)


@pytest.mark.parametrize("name", ["zeuge.example/größe", "w" * 201])
def test_witness_of_a_name_that_verifiers_refuse_spoils_no_bundle(
    auditor: User, tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr("tests.witness_scene.NAME", name)
    abroad = Agency(tmp_path / "witness", log_keys())
    checkpoint = grown(auditor, 5)
    with abroad.there():
        settings.AUDIT_WITNESSES = [abroad.setting]
        deliver(name=name)
        assert outcome(name)[0]
    assert name in published_note(checkpoint)
    export = exported(auditor)
    held_by_both(export)
    assert "\n".join(notes_by_size(export)[checkpoint.size]) + "\n" == checkpoint.note


def test_line_in_the_name_and_with_the_id_of_a_key_of_the_log_is_left_out() -> None:
    """A witness that tried some billions of keys has one; every verifier would take its line for the log's."""
    log = made_log(3, 4)
    note, key = Note.parsed(log.signed().note), log.signers[0].key
    another = Signature(key.name, bytes(4), bytes(72))
    forged = Note(note.text, (*note.signatures, Signature(key.name, key.id, bytes(72)), another))
    assert legible(forged, [key]).signatures == (*note.signatures, another)
    log.checkpoints = [BundleCheckpoint(str(forged), "2026-11-14T14:05:00.000000Z")]
    assert not verify(io.BytesIO(made_bundle(log))).ok
    log.checkpoints = [BundleCheckpoint(str(legible(forged, [key])), "2026-11-14T14:05:00.000000Z")]
    assert verify(io.BytesIO(made_bundle(log))).ok
