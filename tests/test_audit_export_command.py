"""An export at the command line: what the operator may ask for, and who is told of it."""

import io
import random
import uuid
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from audit.exporting.selection import selected
from audit.models import Entry, Export, Leaf
from audit.selectors import NO_FILTERS, Filters
from audit.verify import verify
from identification.models import Case
from tests.audit_fixtures import write_entries
from tests.bundles import made_signer
from tests.exporting import sequencer, shown, uids, uids_of  # noqa: F401
from tests.sequencing import signed


def commanded(*arguments: str) -> str:
    said = io.StringIO()
    call_command("audit", *arguments, stdout=said)
    return said.getvalue()


@pytest.mark.usefixtures("other_agency")
def test_operator_gets_all_agencies(auditor: User, outside_auditor: User, tmp_path: Path) -> None:
    write_entries(auditor, 20)
    write_entries(outside_auditor, 20)
    file = tmp_path / "log.zip"
    said = commanded("export", "--out", str(file))
    assert f"entries in {file}" in said
    assert "It holds" in commanded("verify", str(file))
    assert verify(file).facts["shown"] == verify(file).facts["size"]
    assert [path.name for path in tmp_path.iterdir() if path.is_file() and path.suffix != ".pem"] == ["log.zip"]


def test_command_takes_a_case_by_its_number_and_a_person_by_name(
    auditor: User, requester: User, case: Case, tmp_path: Path
) -> None:
    file = tmp_path / "case.zip"
    commanded("export", "--out", str(file), "--case", case.number, "--person", "requester")
    assert set(uids(file)) == uids_of(Entry.objects.filter(case=str(case.pk), actor=requester))
    for wrong in (["--case", "2020-9999"], ["--person", "nobody"]):
        with pytest.raises(CommandError, match=r"^No"):
            commanded("export", "--out", str(file), *wrong)


def said_of_exports() -> list[tuple[int | None, str, dict]]:
    """Return agency, case and filters of what was recorded of exports."""
    made = Entry.objects.filter(kind__startswith="audit:export:").order_by("id")
    return [(each.agency_id, each.case, (each.payload or {})["filters"]) for each in made]


def test_operators_export_is_told_to_the_agency_that_it_is_about(
    auditor: User, requester: User, case: Case, tmp_path: Path
) -> None:
    """What belongs to no agency is every auditor's to read, and whom another agency looks into isn't."""
    commanded("export", "--out", str(tmp_path / "one.csv"), "--format", "csv", "--case", case.number)
    commanded("export", "--out", str(tmp_path / "two.zip"), "--person", "requester")
    commanded("export", "--out", str(tmp_path / "all.zip"))
    of_the_case, of_the_person = {"case": str(case.pk)}, {"person": requester.pk}
    assert said_of_exports() == [
        *[(case.agency_id, str(case.pk), of_the_case)] * 2, *[(requester.agency_id, "", of_the_person)] * 2,
        *[(None, "", {})] * 2,
    ]  # fmt: skip


def test_operators_export_about_two_agencies_names_nobody(
    auditor: User, outside_auditor: User, case: Case, tmp_path: Path
) -> None:
    of_another = ["--person", outside_auditor.username, "--kind", "audit:log:"]
    commanded("export", "--out", str(tmp_path / "two.zip"), "--case", case.number, *of_another)
    commanded("export", "--out", str(tmp_path / "gone.zip"), "--case", str(uuid.uuid4()))
    assert said_of_exports() == [
        *[(None, "", {"kind": "audit:log:", "not_said": ["case", "person"]})] * 2,
        *[(None, "", {"not_said": ["case"]})] * 2,
    ]  # fmt: skip


def test_command_verifies_against_what_somebody_kept_and_knows(auditor: User, tmp_path: Path) -> None:
    write_entries(auditor, 20)
    file, kept, checkpoint = tmp_path / "log.zip", tmp_path / "kept.txt", signed()
    kept.write_text(checkpoint.note)
    commanded("export", "--out", str(file))
    stranger = str(made_signer(random.Random(1)).key)
    against = ("--checkpoint", str(kept), "--key", stranger, "--key", checkpoint.key.vkey)
    said = commanded("verify", str(file), *against)
    assert f"Nothing under the kept checkpoint, over {checkpoint.size}, was changed since." in said
    assert "came with the bundle" not in said
    with pytest.raises(CommandError, match="None of the keys that were given"):
        commanded("verify", str(file), "--key", stranger)
    kept.write_text(str(made_signer(random.Random(1)).sign(checkpoint.note.split("\n\n")[0] + "\n")))
    with pytest.raises(CommandError, match="checkpoint is one of another log"):
        commanded("verify", str(file), "--checkpoint", str(kept))


def test_size_that_was_never_signed_cannot_be_held(auditor: User, tmp_path: Path) -> None:
    write_entries(auditor, 20)
    size = signed().size
    for wrong in (size + 1, -1, 2**70):
        with pytest.raises(CommandError, match=f"No checkpoint over {wrong} entries"):
            commanded("export", "--out", str(tmp_path / "log.zip"), "--hold", str(size), "--hold", str(wrong))
    assert not Export.objects.exists()
    commanded("export", "--out", str(tmp_path / "log.zip"), "--hold", str(size))


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["Ivan Petrenko", "x:y/1", "review", "review:note:signed", ":"])
def test_kind_that_the_log_does_not_know_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="The log knows no kind"):
        commanded("export", "--out", str(tmp_path / "log.zip"), "--kind", kind)
    assert not Export.objects.exists()


def test_export_leaves_alone_what_stands_beside_its_file(auditor: User, tmp_path: Path) -> None:
    beside = tmp_path / "log.zip.partial"
    beside.write_text("somebody's own")
    commanded("export", "--out", str(tmp_path / "log.zip"))
    assert beside.read_text() == "somebody's own"
    assert {path.name for path in tmp_path.glob("log.zip*")} == {"log.zip", "log.zip.partial"}


def test_export_to_nowhere_is_a_sentence_and_leaves_nothing(auditor: User, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be written"):
        commanded("export", "--out", str(tmp_path / "no" / "log.zip"))
    assert not Export.objects.exists()


def test_whole_log_of_the_operator_needs_no_list_of_places(db: None) -> None:
    assert selected(Export(format="bundle"), 10**7).indices == range(10**7)
    assert not Leaf.objects.exists()
    assert Filters() == NO_FILTERS
