"""What an entry says can go for good; that it was there, where, and why it went stays provable."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from audit.erasure import MOST_AT_ONCE, Basis, ErasureRefused, erasable, erase_payloads
from audit.exporting import jobs
from audit.exporting.errors import LeaseLost
from audit.models import Entry, Export, Payload
from audit.proofs import prove_inclusion
from audit.services import record
from audit.tree import included, leaf_hash
from config.roles import APP
from tests.audit_fixtures import connection_of
from tests.audit_rows import write, write_erasure
from tests.sequencing import sequenced, signed

TOLD = "told_5f0c7f5e1f0d4b0aa1c2e3f4"


def told(actor: User, subject: User | None = None, text: str = TOLD) -> Entry:
    return record(
        kind="identification:gallery:changed/1", actor=actor, subject=subject or actor, payload={"fields": [text]}
    )


def erase(actor: User, *entries: Entry, basis: str = Basis.REQUEST) -> list[Entry]:
    sequenced()
    return erase_payloads(
        actor=actor, entries=Entry.objects.filter(pk__in=[entry.pk for entry in entries]), basis=basis
    )


def rows_with(text: str) -> Iterator[str]:
    """Yield the tables in which a text stands anywhere."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{text}%"])
            if cursor.fetchone() != (0,):
                yield table


def test_payload_and_salt_are_nowhere_afterwards(administrator: User) -> None:
    entry = told(administrator)
    salt = bytes(entry.said.salt).hex()
    assert list(rows_with(TOLD)) == list(rows_with(salt)) == ["audit_payload"]
    (erasing,) = erase(administrator, entry)
    assert list(rows_with(TOLD)) == list(rows_with(salt)) == []
    assert Entry.objects.get(pk=entry.pk).payload is None
    assert erasing.payload == {"basis": "request", "count": 1, "entries": [str(entry.uid)]}
    assert (erasing.actor, erasing.agency) == (administrator, administrator.agency)


def test_entry_that_waits_for_its_place_waits_with_its_erasure_too(administrator: User) -> None:
    """Or it could come to stand after the entry that says it was erased, which no verifier would accept."""
    entry = told(administrator)
    with pytest.raises(ErasureRefused, match="one written just now can be in a minute"):
        erase_payloads(actor=administrator, entries=Entry.objects.filter(pk=entry.pk), basis=Basis.REQUEST)
    erase(administrator, entry)
    assert Entry.objects.get(pk=entry.pk).payload is None


def test_leaf_place_and_proofs_stay(administrator: User, settings: Any, tmp_path: Any) -> None:
    settings.AUDIT_KEY_FILE = tmp_path / "key.pem"
    entries = [told(administrator, text=f"{TOLD}{number}") for number in range(5)]
    sequenced()
    before = signed()
    erase(administrator, entries[2])
    entry = Entry.objects.select_related("place").get(pk=entries[2].pk)
    assert bytes(entry.leaf_hash) == leaf_hash(entry.canonical.encode()) == bytes(entries[2].leaf_hash)
    proof = prove_inclusion(entry, before.size)
    assert included(bytes(entry.leaf_hash), entry.place.index, before.size, proof, bytes(before.root))
    after = signed()
    assert after.size == before.size + 1
    assert entries[3].payload == {"fields": [f"{TOLD}3"]}


def test_entry_about_erasing_cannot_be_erased(administrator: User) -> None:
    (erasing,) = erase(administrator, told(administrator))
    with pytest.raises(ErasureRefused, match="is never erased"):
        erase(administrator, erasing)
    assert Entry.objects.get(pk=erasing.pk).payload == erasing.payload


def test_what_is_erased_is_not_erased_again(administrator: User) -> None:
    entry = told(administrator)
    erase(administrator, entry)
    with pytest.raises(ErasureRefused):
        erase(administrator, entry)


def test_auditor_may_not_erase(auditor: User) -> None:
    entry = told(auditor)
    with pytest.raises(PermissionDenied), transaction.atomic():
        erase(auditor, entry)
    assert Entry.objects.get(pk=entry.pk).payload == {"fields": [TOLD]}


def test_administrator_may_not_erase_for_another_agency(administrator: User, outsider: User) -> None:
    own, others = told(administrator), told(outsider)
    with pytest.raises(PermissionDenied), transaction.atomic():
        erase(administrator, own, others)
    assert Entry.objects.get(pk=own.pk).payload
    assert not Entry.objects.filter(kind="audit:payload:erased/1").exists()


def test_basis_is_one_of_those_that_are_known(administrator: User) -> None:
    with pytest.raises(ErasureRefused, match="choose one of request, retention"):
        erase(administrator, told(administrator), basis="because A. Person asked")


def test_what_is_said_about_accounts_and_the_log_itself_stays(administrator: User) -> None:
    """Or an outsider could not see any more who held which role, and what was exported."""
    role = record(kind="accounts:user:changed/1", actor=administrator, subject=administrator, payload={"fields": ["x"]})
    taken = record(
        kind="audit:export:asked/1", actor=administrator, subject=None, payload={"format": "csv", "filters": {}}
    )  # fmt: skip
    with pytest.raises(ErasureRefused, match="is never erased: choose others"):
        erase(administrator, role, taken)
    erase(administrator, role, taken, told(administrator))
    assert all(Entry.objects.get(pk=each.pk).payload for each in (role, taken))


@pytest.mark.slow
def test_many_are_erased_by_several_entries(administrator: User) -> None:
    entries = [told(administrator) for _ in range(MOST_AT_ONCE + 1)]
    made = erase(administrator, *entries)
    assert [(entry.payload or {})["count"] for entry in made] == [MOST_AT_ONCE, 1]
    assert Payload.objects.filter(content__isnull=True).count() == MOST_AT_ONCE + 1


def test_somebody_who_was_faster_is_noticed(administrator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = told(administrator)
    found = [Entry.objects.get(pk=entry.pk)]
    erase(administrator, entry)
    monkeypatch.setattr("audit.erasure.erasable", lambda _: Entry.objects.filter(pk__in=[e.pk for e in found]))
    with pytest.raises(ErasureRefused, match="Somebody else"), transaction.atomic():
        erase(administrator, entry)


def test_role_of_the_web_cannot_write_an_entry_and_erase_it_before_anybody_saw_it(db: None) -> None:
    """Only the sequencer gives places, and without one nothing is erased."""
    clear = "UPDATE audit_payload SET content = NULL, salt = NULL, erased_by_id = %s WHERE entry_id = %s"
    with connection_of(APP) as app, app.transaction(force_rollback=True), app.cursor() as cursor:
        listed, uid = write(cursor, said=TOLD)
        erasing = write_erasure(cursor, uid)
        with pytest.raises(Exception, match="audit_payload_is_only_erased"):
            cursor.execute(clear, [erasing, listed])


# --- Exports that hold it --------------------------------------------------------------------


def an_export(asker: User | None, state: str, **more: Any) -> Export:
    export = Export.objects.create(
        asked_by=asker, agency=asker.agency if asker else None, format="csv", state=state, sha256="0" * 64,
        finished_at=timezone.now() if state == "ready" else None, **more,
    )  # fmt: skip
    export.file.parent.mkdir(parents=True, exist_ok=True)
    export.file.write_text(TOLD)
    return export


def test_exports_that_may_hold_it_are_removed(
    administrator: User, auditor: User, outsider: User, settings: Any, tmp_path: Any
) -> None:
    settings.EXPORT_DIR = tmp_path / "exports"
    own, others = (an_export(asker, "ready") for asker in (auditor, outsider))
    erase(administrator, told(administrator))
    own.refresh_from_db()
    assert (own.state, own.file.exists(), own.reason) == ("expired", False, jobs.ERASED)
    others.refresh_from_db()
    assert (others.state, others.file.exists()) == ("ready", True)


def test_worker_that_has_read_it_already_begins_anew(
    administrator: User, auditor: User, settings: Any, tmp_path: Any
) -> None:
    settings.EXPORT_DIR = tmp_path / "exports"
    asked = Export.objects.create(asked_by=auditor, agency=auditor.agency, format="csv")
    held, operators = jobs.claim(asked.pk), an_export(None, "waiting")
    operators_held = jobs.claim(operators.pk)
    assert held is not None
    assert operators_held is not None
    erase(administrator, told(administrator))
    for export in (held, operators_held):
        with pytest.raises(LeaseLost), transaction.atomic():
            jobs.finish(export, sha256="0" * 64)
    states = {each.pk: (each.state, each.attempts) for each in Export.objects.all()}
    assert states == {held.pk: ("waiting", 0), operators_held.pk: ("failed", 1)}


# --- The command -----------------------------------------------------------------------------


def test_command_erases_what_is_said_about_one_thing(administrator: User, auditor: User, capsys: Any) -> None:
    about_one, about_another = told(administrator, auditor), told(administrator)
    sequenced()
    call_command(
        "audit", "erase", "--subject", f"accounts.user:{auditor.pk}", "--basis", "retention", "--by", "administrator"
    )
    assert f"What 1 entry about accounts.user {auditor.pk} said is erased" in capsys.readouterr().out
    assert Entry.objects.get(pk=about_one.pk).payload is None
    assert Entry.objects.get(pk=about_another.pk).payload


def test_command_says_before_what_would_happen(administrator: User, capsys: Any) -> None:
    told(administrator)
    sequenced()
    call_command(
        "audit",
        "erase",
        "--subject",
        f"accounts.user:{administrator.pk}",
        "--basis",
        "order",
        "--by",
        "administrator",
        "--dry-run",
    )
    assert "What 1 entry about" in capsys.readouterr().out
    assert erasable(Entry.objects.filter(subject_id=str(administrator.pk))).count() == 1


@pytest.mark.parametrize(("subject", "said"), [("accounts.user", "names nothing"), ("accounts.user:0", "None of")])
def test_command_says_what_is_wrong(administrator: User, subject: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("audit", "erase", "--subject", subject, "--basis", "order", "--by", administrator.username)


def test_command_wants_to_know_who_answers_for_it(auditor: User, administrator: User, outsider: User) -> None:
    """The operator alone can't: an erasure names who had it done."""
    entry = told(administrator)
    sequenced()
    command = ("audit", "erase", "--subject", f"accounts.user:{administrator.pk}", "--basis", "order")
    with pytest.raises(CommandError, match="--by"):
        call_command(*command)
    wrong = {"nobody": "Nobody has", auditor.username: "may not erase", outsider.username: "may not erase|agency"}
    for name, said in wrong.items():
        with pytest.raises(CommandError, match=said), transaction.atomic():
            call_command(*command, "--by", name)
    assert Entry.objects.get(pk=entry.pk).payload
    call_command(*command, "--by", administrator.username)
    (erasing,) = Entry.objects.filter(kind="audit:payload:erased/1")
    assert (erasing.actor, erasing.leaf["actor_roles"], erasing.agency) == (None, [], administrator.agency)
    assert (erasing.payload["at"], erasing.payload["answers_for"]) == ("command-line", administrator.pk)


def test_nobody_erases_for_whom_nobody_answers(administrator: User, auditor: User) -> None:
    entry = told(administrator)
    sequenced()
    for answering in (None, auditor):
        with pytest.raises(PermissionDenied), transaction.atomic():
            erase_payloads(
                actor=None, answers_for=answering, entries=Entry.objects.filter(pk=entry.pk), basis=Basis.ORDER
            )
    assert Entry.objects.get(pk=entry.pk).payload


def test_who_is_signed_in_cannot_name_somebody_else_who_may(administrator: User, auditor: User) -> None:
    entry = told(administrator)
    sequenced()
    with pytest.raises(PermissionDenied), transaction.atomic():
        erase_payloads(
            actor=auditor, answers_for=administrator, entries=Entry.objects.filter(pk=entry.pk), basis=Basis.ORDER
        )
    assert Entry.objects.get(pk=entry.pk).payload
