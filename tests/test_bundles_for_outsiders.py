"""Bundles that came from the database: both verifiers take them, and the README in them leads through them by hand."""

from pathlib import Path

from accounts.models import User
from audit.keys import rotate_key
from audit.models import Entry
from audit.selectors import Filters
from audit.verify import verify
from tests import node
from tests.audit_fixtures import write_entries, write_viewed
from tests.exporting import exported, held_by_both, lines, sequencer, shown, unpacked  # noqa: F401
from tests.readme import ran, typed
from tests.sequencing import signed
from tests.test_audit_pages import erased
from tests.tsa import needs_openssl
from tests.witness_scene import grown

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
