"""A bundle holds what was asked for, proves itself, says what it left out, and is on the record."""

import hashlib
import io
import json
import random
import uuid
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from audit.exporting.selection import NAMES_NOBODY, selected
from audit.models import Checkpoint, Entry, Export, Payload
from audit.selectors import Filters
from audit.services import record
from audit.verify import verify
from identification.models import Case
from review.models import Assessment, Conclusion
from tests import corroboration_scene, factories
from tests.audit_fixtures import write_entries
from tests.exporting import asked, exported, held, member, sequencer, shown, uids, uids_of, worked  # noqa: F401
from tests.sequencing import signed

conclusion = corroboration_scene.conclusion
NO_CANDIDATE = {"kind": "identification:search:run/1", "key": "candidates"}


def manifest(export: Export) -> dict:
    return json.loads(member(export.file, "manifest.json"))


def kinds(export: Export) -> set[str]:
    return {line["entry"]["kind"] for line in shown(export.file)}


def test_bundle_of_everything_holds(auditor: User) -> None:
    write_entries(auditor, 300)
    export = exported(auditor)
    facts, size = held(export).facts, manifest(export)["size"]
    assert set(uids(export.file)) == uids_of(Entry.objects.of_agency(auditor.agency), size)
    assert export.entries == facts["shown"] == len(uids(export.file))
    assert facts["size"] == size == export.entries  # what belongs to no agency is in
    assert export.sha256 == hashlib.sha256(export.file.read_bytes()).hexdigest()


def test_bundle_is_for_nobody_elses_eyes(auditor: User) -> None:
    export = exported(auditor)
    assert (export.file.stat().st_mode & 0o777, export.file.parent.stat().st_mode & 0o077) == (0o600, 0)
    assert [path.name for path in export.file.parent.iterdir()] == [export.file.name]


def test_asking_and_making_are_entries_and_the_log_holds_the_manifest(auditor: User) -> None:
    export = exported(auditor, filters=Filters(kind="audit:log:viewed/1"))
    asking = Entry.objects.get(kind="audit:export:asked/1")
    made = Entry.objects.get(kind="audit:export:made/2")
    assert asking.payload == {"format": "bundle", "filters": {"kind": "audit:log:viewed/1"}}
    assert made.payload["manifest_sha256"] == hashlib.sha256(member(export.file, "manifest.json")).hexdigest()
    assert {made.subject_id, asking.subject_id} == {str(export.pk)}
    (closing,) = shown(export.file, "closing.jsonl")
    assert closing["entry"]["uid"] == str(made.uid)


def test_every_changed_byte_of_a_real_bundle_is_caught(auditor: User, tmp_path: Path) -> None:
    write_entries(auditor, 60)
    whole, draw = exported(auditor).file.read_bytes(), random.Random(5)
    for _ in range(150):
        changed = bytearray(whole)
        changed[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        assert not verify(io.BytesIO(bytes(changed))).ok


@pytest.mark.parametrize("what", ["kind", "all of a thing", "person", "days", "purpose"])
def test_filters_narrow_and_the_rest_is_counted(auditor: User, administrator: User, what: str) -> None:
    write_entries(auditor, 130)
    write_entries(administrator, 130)
    today = timezone.localdate()
    filters, fits = {
        "kind": (Filters(kind="review:note:signed/1"), {"kind": "review:note:signed/1"}),
        "all of a thing": (Filters(kind="review:note:"), {"kind__startswith": "review:note:"}),
        "person": (Filters(person=administrator.pk), {"actor": administrator}),
        "days": (Filters(since=today, until=today), {}),
        "purpose": (Filters(purpose="incident"), {"purpose": "incident"}),
    }[what]
    export = exported(auditor, filters=filters)
    facts, size = held(export).facts, manifest(export)["size"]
    nobody = {line["entry"]["uid"] for line in shown(export.file) if names_nobody(line)}
    wanted = uids_of(Entry.objects.of_agency(auditor.agency).filter(**fits), size)
    assert set(uids(export.file)) == wanted | nobody
    assert facts["size"] == size >= facts["shown"]
    assert manifest(export)["filters"].items() >= filters.as_payload().items()


def names_nobody(line: dict) -> bool:
    said, kind = line.get("payload", {}), line["entry"]["kind"]
    if kind == "identification:search:run/1":
        return said.get("candidates") == 0
    return kind == "review:conclusion:reached/1" and said.get("outcome") in {"no_candidate", "unsuitable"}


def test_days_before_anything_happened_show_nothing(auditor: User) -> None:
    write_entries(auditor, 30)
    export = exported(auditor, filters=Filters(until=timezone.localdate() - timedelta(days=400)))
    assert held(export).facts["shown"] == export.entries == 0


def test_other_agencies_are_never_shown(auditor: User, outside_auditor: User) -> None:
    own, others = write_entries(auditor, 40), write_entries(outside_auditor, 40)
    export = exported(outside_auditor)
    assert {str(entry.uid) for entry in others} <= set(uids(export.file))
    assert not {str(entry.uid) for entry in own} & set(uids(export.file))
    whole = export.file.read_bytes()
    assert not any(entry.canonical.encode() in whole or bytes(entry.said.salt).hex().encode() in whole for entry in own)


def test_bundle_of_a_case(auditor: User, requester: User, conclusion: Conclusion) -> None:
    factories.open_case(requester)
    case = str(conclusion.review.case_id)
    export = exported(auditor, filters=Filters(case=case))
    held(export)
    assert set(uids(export.file)) == uids_of(Entry.objects.filter(case=case), manifest(export)["size"])
    assert {"identification:search:run/1", "review:conclusion:reached/1"} <= kinds(export)
    assert Entry.objects.get(kind="audit:export:made/2").case == case


def searched_without_candidates(actor: User, case: Case, agency_of: User) -> Entry:
    said = {"probe": str(case.pk), "encoder": "dlib-resnet 1.0", "galleries": [], "gallery_size": 0,
             "persons": 0, "method": "exact",
            "settings": {}, "list_length": 20, "cut_off": None, "candidates": 0, "case": str(case.pk)}  # fmt: skip
    return record(
        kind="identification:search:run/1", actor=actor, subject=case, agency=agency_of.agency, payload=said
    )  # fmt: skip


def test_searches_that_proposed_nobody_are_always_in(
    auditor: User, outside_auditor: User, requester: User, case: Case, conclusion: Conclusion
) -> None:
    empty = searched_without_candidates(requester, case, auditor)
    elsewhere = searched_without_candidates(requester, case, outside_auditor)
    export = exported(auditor, filters=Filters(kind="accounts:session:opened/1", person=auditor.pk))
    held(export)
    assert uids(export.file) == [str(empty.uid)]
    assert str(elsewhere.uid) not in uids(export.file)
    assert any("candidates=0" in said for said in manifest(export)["filters"]["always"])
    assert not uids(exported(auditor, filters=Filters(kind="x:", case=str(uuid.uuid4()))).file)
    assert not uids(exported(auditor, filters=Filters(kind="x:", until=timezone.localdate() - timedelta(9))).file)


@pytest.mark.parametrize("outcome", ["no_candidate", "unsuitable"])
def test_conclusions_that_name_nobody_are_always_in(
    auditor: User, review, first_reviewer: User, second_reviewer: User, outcome: str
) -> None:
    for reviewer in (first_reviewer, second_reviewer):
        factories.signed(reviewer, unsuitable=outcome == "unsuitable")
    export = exported(auditor, filters=Filters(kind="accounts:session:opened/1"))
    (line,) = shown(export.file)
    assert (line["entry"]["kind"], line["payload"]["outcome"]) == ("review:conclusion:reached/1", outcome)
    assert f"review:conclusion:reached/1 outcome={outcome}" in manifest(export)["filters"]["always"]


def test_every_outcome_that_names_nobody_is_always_in() -> None:
    """A new outcome is either one of these or names somebody: the constraint on conclusions says which."""
    (said,) = (each for each in Conclusion._meta.constraints if each.name == "conclusion_says_what_was_found")
    of_nobody = {dict(part.children)["outcome"] for part in said.condition.children if is_of_nobody(part)}
    always = {value for kind, _, value in NAMES_NOBODY if kind == "review:conclusion:reached/1"}
    assert always == of_nobody == {"no_candidate", "unsuitable"}


def is_of_nobody(part: Q) -> bool:
    return dict(part.children).get("person__isnull") is True


def test_conclusion_that_names_somebody_is_in_only_if_asked_for(auditor: User, conclusion: Conclusion) -> None:
    assert "review:conclusion:reached/1" not in kinds(exported(auditor, filters=Filters(kind="accounts:")))


def erase(entry: Entry, actor: User) -> Entry:
    said = {"entries": [str(entry.uid)], "count": 1, "basis": "request"}
    by = record(kind="audit:payload:erased/1", actor=actor, subject=None, payload=said)
    Payload.objects.filter(pk=entry.pk).update(content=None, salt=None, erased_by=by)
    return by


def test_what_erased_a_payload_is_in_whatever_was_asked_for(auditor: User, requester: User, case: Case) -> None:
    found = record(
        kind="identification:case:viewed/1", actor=requester, subject=case, agency=auditor.agency
    )  # fmt: skip
    proposing = searched_without_candidates(requester, case, auditor)
    signed()
    erasures = [erase(each, auditor) for each in (found, proposing)]
    export = exported(auditor, filters=Filters(kind="identification:case:viewed/1"))
    assert held(export).facts["erased"] == 2
    assert {str(each.uid) for each in (found, proposing, *erasures)} <= set(uids(export.file))


def test_log_is_looked_through_by_ranges_with_a_word_after_each(
    auditor: User, requester: User, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What erased an entry stands in another range, and comes in its order."""
    viewed = Filters(kind="identification:case:viewed/1")
    for _ in range(5):
        entry = record(kind="identification:case:viewed/1", actor=requester, subject=case, agency=auditor.agency)
    signed()
    erase(entry, auditor)
    size, export = signed().size, Export(agency=auditor.agency, format="csv", filters=viewed.as_payload())
    at_once, words = list(selected(export, size).indices), []
    monkeypatch.setattr("audit.exporting.selection.RANGE", 3)
    assert list(selected(export, size, lambda: words.append(1)).indices) == at_once == sorted(set(at_once))
    assert len(words) == -(-size // 3) > 1
    assert len(at_once) > 5


def test_an_erasure_during_the_export_begins_it_anew(
    auditor: User, requester: User, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = record(kind="identification:case:viewed/1", actor=requester, subject=case, agency=auditor.agency)
    times: list[int] = []

    def with_an_erasure(export: Export, size: int, *_: object):
        found = selected(export, size)
        if not times:
            erase(entry, auditor)
        times.append(size)
        return found

    monkeypatch.setattr("audit.exporting.bundle.selected", with_an_erasure)
    export = exported(auditor, filters=Filters(kind="identification:case:viewed/1"))
    assert (held(export).facts["erased"], len(times)) == (1, 2)
    assert times[0] < times[1]


def test_checkpoint_that_somebody_holds_can_be_compared(auditor: User, tmp_path: Path) -> None:
    for _ in range(60):
        write_entries(auditor, 3)
        signed()
    oldest = Checkpoint.objects.order_by("id").first()
    assert oldest is not None
    kept = tmp_path / "kept.txt"
    kept.write_text(oldest.note)
    assert "is hidden here" in verify(exported(auditor, filters=Filters(kind="x:y:z/1")).file, kept).sentence
    export = exported(auditor, filters=Filters(kind="x:y:z/1"), hold=(oldest.size,))
    assert verify(export.file, kept).ok
    assert manifest(export)["filters"]["hold"] == [oldest.size]


@pytest.mark.slow
def test_small_part_of_a_larger_log_reads_little(auditor: User) -> None:
    write_entries(auditor, 5000)
    signed()
    asked_for = asked(auditor, filters=Filters(kind="review:note:signed/1"))
    with connection.execute_wrapper(counting := Counting()):
        export = worked(asked_for)
    facts = held(export).facts
    assert facts["size"] > 5000
    assert 0 < facts["shown"] < 160
    assert export.bytes < 1_500_000
    assert counting.statements < 150


class Counting:
    """Counts statements on their way to the database."""

    def __init__(self) -> None:
        self.statements = 0

    def __call__(self, execute, sql, params, many, context):
        self.statements += 1
        return execute(sql, params, many, context)


# --- Documents that entries name -------------------------------------------------------------------------------------


def documents(export: Export) -> set[str]:
    with zipfile.ZipFile(export.file) as bundle:
        return {name for name in bundle.namelist() if name.startswith("records/")}


def test_signed_documents_come_along_where_the_report_may_be_read(auditor: User, conclusion: Conclusion) -> None:
    export = exported(auditor)
    held(export)
    names = {f"records/{each.document_sha256}.json" for each in conclusion.review.assessments.all()}
    assert documents(export) == names
    assert len(names) == 2
    assert manifest(export)["filters"]["records_included"] == 2


def test_documents_of_a_review_under_way_stay_out_and_are_counted(
    auditor: User, review, people, first_reviewer: User
) -> None:
    factories.signed(first_reviewer, people[0])
    document = Assessment.objects.get().document
    export = exported(auditor)
    held(export)
    said = manifest(export)["filters"]
    assert (documents(export), said["records_named"], said["records_included"]) == (set(), 1, 0)
    assert document.encode() not in export.file.read_bytes()


# --- Who may ---------------------------------------------------------------------------------------------------------


def test_reviewer_cannot_export(first_reviewer: User) -> None:
    with pytest.raises(PermissionDenied):
        asked(first_reviewer)


def test_who_has_lost_the_role_meanwhile_gets_nothing(auditor: User) -> None:
    export = asked(auditor)
    auditor.held_roles.all().delete()
    worked(export)
    assert (export.state, export.reason) == ("failed", "Whoever asked for it may not export the log any more.")
    assert not Entry.objects.filter(kind="audit:export:made/2").exists()
