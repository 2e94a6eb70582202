"""Verifying the whole log: what is caught, that it is taken up again, and that it is on record."""

import json
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit import tasks, verification
from audit.keys import rotate_key
from audit.leases import LeaseLost
from audit.models import Checkpoint, Entry, Leaf, Payload, SigningKey, TreeState, Verification
from audit.tree import leaf_hash
from audit.verification import ask_for_verification, claim, go_on
from tests.audit_fixtures import write_entries
from tests.sequencing import signed
from tests.test_audit_pages import erased, verified


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The verifications for which a worker is called, at the edge to the broker."""
    sent: list[int] = []
    monkeypatch.setattr(verification.celery, "send_task", lambda name, args, **_: sent.append(args[0]))
    return sent


@pytest.fixture
def log(auditor: User) -> Checkpoint:
    """A log of 520 entries and a few, one of them erased, under two checkpoints and two keys."""
    entries = write_entries(auditor, 262)
    signed()
    erased(auditor, next(entry for entry in entries if entry.kind.startswith("identification:")))
    rotate_key()
    write_entries(auditor, 262)
    return signed()


@pytest.fixture
def owner() -> Callable[..., None]:
    """What the owner of the tables can do, who switches every rule off; the test's end undoes it."""
    tables = ["audit_entry", "audit_payload", "audit_leaf", "audit_subtree", "audit_checkpoint", "audit_signingkey"]

    def do(statement: str, values: Sequence[Any] = ()) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype IN ('c', 'f')"
                " AND conrelid::regclass::text = ANY(%s)", [tables],
            )  # fmt: skip
            for table, name in cursor.fetchall():
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(statement, values)

    return do


def at(index: int) -> Entry:
    return Leaf.objects.select_related("entry").get(index=index).entry


def about_verifications(kind: str) -> QuerySet[Entry]:
    return Entry.objects.filter(kind=kind, subject_type="audit.verification")


def rewritten(entry: Entry, **changes: Any) -> tuple[str, bytes]:
    canonical = json.dumps(entry.leaf | changes, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return canonical, leaf_hash(canonical.encode())


# --- What holds and what doesn't -----------------------------------------------------------------------------------


def test_whole_log_holds(log: Checkpoint) -> None:
    found = verified()
    assert (found.state, found.finding) == (Verification.State.HELD, "")
    assert (found.done, found.size, found.erased) == (log.size, log.size, 1)
    assert found.checkpoints == Checkpoint.objects.count() == 2


def test_empty_log_holds(db: None) -> None:
    assert verified().state == Verification.State.HELD


def forge_leaf(do: Callable[..., None]) -> None:
    do(
        "UPDATE audit_entry SET canonical = replace(canonical, '\"version\":2', '\"version\":3') WHERE id = %s",
        [at(5).pk],
    )


def forge_leaf_and_hash(do: Callable[..., None]) -> None:
    entry = at(5)
    do("UPDATE audit_entry SET canonical = %s, leaf_hash = %s, purpose = 'x' WHERE id = %s",
       [*rewritten(entry, purpose="x"), entry.pk])  # fmt: skip


def forge_column(do: Callable[..., None]) -> None:
    do("UPDATE audit_entry SET agency_id = NULL WHERE id = %s", [at(5).pk])


def forge_time(do: Callable[..., None]) -> None:
    do("UPDATE audit_entry SET recorded_at = recorded_at - interval '1 day' WHERE id = %s", [at(5).pk])


def forge_payload(do: Callable[..., None]) -> None:
    do("UPDATE audit_payload SET content = '{\"x\":1}' WHERE entry_id = %s", [at(7).pk])


def forge_salt(do: Callable[..., None]) -> None:
    do("UPDATE audit_payload SET salt = sha256('x')::bytea WHERE entry_id = %s", [at(5).pk])


def remove_payload(do: Callable[..., None]) -> None:
    do("DELETE FROM audit_payload WHERE entry_id = %s", [at(5).pk])


def blank_payload(do: Callable[..., None]) -> None:
    do("UPDATE audit_payload SET content = NULL, salt = NULL WHERE entry_id = %s", [at(5).pk])


def put_erasure_down_to_another(do: Callable[..., None]) -> None:
    do("UPDATE audit_payload SET content = NULL, salt = NULL, erased_by_id = %s WHERE entry_id = %s",
       [at(300).pk, at(5).pk])  # fmt: skip


def put_erasure_down_to_another_erasure(do: Callable[..., None]) -> None:
    erasing = Entry.objects.get(kind="audit:payload:erased/1", pk=Payload.objects.get(content=None).erased_by_id)
    do("UPDATE audit_payload SET content = NULL, salt = NULL, erased_by_id = %s WHERE entry_id = %s",
       [erasing.pk, at(5).pk])  # fmt: skip


def remove_place(do: Callable[..., None]) -> None:
    do("DELETE FROM audit_leaf WHERE leaf_index = 5")


def remove_entry(do: Callable[..., None]) -> None:
    do("DELETE FROM audit_entry WHERE id = %s", [at(5).pk])


def cut_the_end_off(do: Callable[..., None]) -> None:
    do("DELETE FROM audit_leaf WHERE leaf_index >= 520")


def swap_two(do: Callable[..., None]) -> None:
    first, second = at(5), at(6)
    do("ALTER TABLE audit_leaf DROP CONSTRAINT audit_leaf_entry_id_key")
    do("UPDATE audit_leaf SET entry_id = CASE leaf_index WHEN 5 THEN %s ELSE %s END WHERE leaf_index IN (5, 6)",
       [second.pk, first.pk])  # fmt: skip


def forge_kept_root(do: Callable[..., None]) -> None:
    do("UPDATE audit_subtree SET root = sha256('x') WHERE height = 8 AND position = 1")


def remove_kept_root(do: Callable[..., None]) -> None:
    do("DELETE FROM audit_subtree WHERE height = 8 AND position = 0")


def forge_root_of_checkpoint(do: Callable[..., None]) -> None:
    do("UPDATE audit_checkpoint SET root = sha256('x') WHERE id = (SELECT min(id) FROM audit_checkpoint)")


def forge_note(do: Callable[..., None]) -> None:
    do("UPDATE audit_checkpoint SET note = replace(note, 'localhost', 'elsewhere')"
       " WHERE id = (SELECT max(id) FROM audit_checkpoint)")  # fmt: skip


def refile_checkpoint(do: Callable[..., None]) -> None:
    newest, first = Checkpoint.objects.latest("id"), Checkpoint.objects.earliest("id")
    do("UPDATE audit_checkpoint SET note = %s, key_id = %s WHERE id = %s", [first.note, first.key_id, newest.pk])


def forge_handover(do: Callable[..., None]) -> None:
    key = SigningKey.objects.latest("id")
    do("UPDATE audit_signingkey SET handover = replace(handover, %s, %s) WHERE id = %s",
       [key.vkey, SigningKey.objects.earliest("id").vkey, key.pk])  # fmt: skip


CAUGHT: list[tuple[Callable[..., None], str, int | None]] = [
    (forge_leaf, r"Entry 5 \(.*\) isn't what was hashed", 5),
    (forge_leaf_and_hash, r"don't lead to the root that was kept|signed over other entries", 0),
    (forge_column, r"Entry 5 \(.*\) is filed under another agency", 5),
    (forge_time, r"Entry 5 \(.*\) is filed under another recorded at", 5),
    (forge_payload, r"What entry 7 \(.*\) says isn't what its leaf commits to", 7),
    (forge_salt, r"What entry 5 \(.*\) says isn't what its leaf commits to", 5),
    (remove_payload, r"What entry 5 \(.*\) said is missing, and no entry", 5),
    (blank_payload, r"What entry 5 \(.*\) said is missing, and no entry", 5),
    (put_erasure_down_to_another, r"should have erased it, doesn't say so", 5),
    (put_erasure_down_to_another_erasure, r"should have erased it, doesn't say so", 5),
    (remove_place, "No entry has place 5", 5),
    (remove_entry, "entry with place 5 in the log is gone", 5),
    (cut_the_end_off, "No entry has place 520", 520),
    (swap_two, r"don't lead to the root that was kept|signed over other entries", 0),
    (forge_kept_root, "Entries 256 to 511 don't lead to the root", 256),
    (remove_kept_root, "Entries 0 to 255 don't lead to the root", 0),
    (forge_root_of_checkpoint, "signed over other entries", None),
    (forge_note, "isn't signed as it should be", None),
    (refile_checkpoint, "another size or root than its signed text", None),
    (forge_handover, "signing key of .* isn't as it should be", None),
]


@pytest.mark.parametrize(("tamper", "sentence", "index"), CAUGHT, ids=lambda one: getattr(one, "__name__", ""))
def test_what_was_tampered_with_is_named(log: Checkpoint, owner, tamper, sentence: str, index: int | None) -> None:
    tamper(owner)
    found = verified()
    assert found.state == Verification.State.FAILED
    assert re.search(sentence, found.finding), found.finding
    assert found.finding.count(". ") == 0, "one sentence"
    if index is not None:
        assert found.at_entry in (index, None)


def test_log_that_was_wound_back_behind_a_checkpoint_is_caught(log: Checkpoint, owner) -> None:
    """Places and the sequencer's state of an earlier moment, while a later checkpoint is still there."""
    first = Checkpoint.objects.earliest("id")
    owner("DELETE FROM audit_leaf WHERE leaf_index >= %s", [first.size])
    TreeState.objects.update(size=first.size, frontier=bytes(first.frontier))
    assert verified().finding == f"No entry has place {first.size} in the log: it is gone, or its place is."


def test_forged_frontier_of_the_sequencer_is_caught(log: Checkpoint) -> None:
    TreeState.objects.update(frontier=bytes(32) + bytes(TreeState.objects.get().frontier)[32:])
    assert "the frontier that was kept" in verified().finding


def test_entry_that_the_sequencer_passed_by_is_caught(log: Checkpoint, auditor: User) -> None:
    entry = write_entries(auditor, 1)[0]
    assert verified().state == Verification.State.HELD, "it waits, and is looked at again"
    TreeState.objects.update(settled=Entry.objects.get(pk=entry.pk).written_in + 1)
    assert verified().finding == f"Entry {entry.uid} was written and has no place in the log."


def test_key_that_was_lost_is_no_failure(log: Checkpoint) -> None:
    Path(settings.AUDIT_KEY_FILE).unlink()
    rotate_key(lost=True)
    signed()
    assert verified().state == Verification.State.HELD


# --- How it goes on ------------------------------------------------------------------------------------------------


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "CHUNK", 100)


def test_it_goes_on_where_it_was_left(log: Checkpoint, small_chunks, monkeypatch) -> None:
    pk = ask_for_verification(actor=None).pk
    asked: list[int] = []
    leaves = verification.leaves
    monkeypatch.setattr(verification, "leaves", lambda start, end: asked.append(start) or leaves(start, end))
    first = claim(pk)
    assert first is not None
    with pytest.raises(KeyboardInterrupt):
        go_on(first, seconds=60, told=_interrupt_at(300))
    Verification.objects.filter(pk=pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    second = claim(pk)
    assert second is not None
    assert go_on(second, seconds=60)
    assert asked == list(range(0, log.size, 100)), "no chunk was hashed twice, none left out"
    found = Verification.objects.get(pk=pk)
    assert (found.state, found.checkpoints, found.erased) == (Verification.State.HELD, 2, 1)


def _interrupt_at(done: int) -> Callable[[Verification], None]:
    def told(verification: Verification) -> None:
        if verification.done >= done:
            raise KeyboardInterrupt

    return told


def test_one_who_was_overtaken_leaves_it(log: Checkpoint, small_chunks) -> None:
    first = claim(ask_for_verification(actor=None).pk)
    assert first is not None
    Verification.objects.filter(pk=first.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    assert claim(first.pk) is not None
    with pytest.raises(LeaseLost):
        go_on(first, seconds=60)
    assert not about_verifications("audit:log:verified/1").exists()


def test_nobody_takes_up_what_somebody_works_on(log: Checkpoint) -> None:
    pk = ask_for_verification(actor=None).pk
    assert claim(pk) is not None
    assert claim(pk) is None


def test_slices_call_for_the_next_until_it_has_ended(log: Checkpoint, small_chunks, called, monkeypatch) -> None:
    monkeypatch.setattr(verification, "SLICE_SECONDS", 0.0)
    pk = ask_for_verification(actor=None).pk
    done = []
    while Verification.objects.get(pk=pk).state == Verification.State.RUNNING:
        tasks.continue_verification(pk)
        done.append(Verification.objects.get(pk=pk).done)
    assert done == [*range(100, log.size, 100), log.size]
    assert called == [pk] * (len(done) - 1)
    tasks.continue_verification(pk)  # a message that comes twice
    assert about_verifications("audit:log:verified/1").count() == 1


def test_sweep_takes_up_what_a_killed_worker_left(log: Checkpoint, called) -> None:
    pk = ask_for_verification(actor=None).pk
    claim(pk)
    tasks.continue_verifications()
    assert called == []
    Verification.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    tasks.continue_verifications()
    assert called == [pk]


def test_entries_written_meanwhile_are_left_to_the_next(log: Checkpoint, auditor: User) -> None:
    asked = claim(ask_for_verification(actor=None).pk)
    assert asked is not None
    write_entries(auditor, 50)
    signed()
    assert go_on(asked, seconds=60)
    found = Verification.objects.get(pk=asked.pk)
    assert (found.state, found.size) == (Verification.State.HELD, log.size)


# --- Asking, the page, the command -----------------------------------------------------------------------------------


def test_asking_and_result_are_on_record(log: Checkpoint, auditor: User, called) -> None:
    found = verified(auditor)
    asked, ended = Entry.objects.filter(subject_type="audit.verification").order_by("id")
    assert (asked.kind, asked.actor, asked.subject_id) == ("audit:verification:asked/1", auditor, str(found.pk))
    assert (ended.kind, ended.actor, ended.agency) == ("audit:log:verified/1", None, auditor.agency)
    assert ended.payload == {"size": log.size, "done": log.size, "outcome": "all_of_it_holds"}


def test_failure_is_on_record_with_its_place(log: Checkpoint, owner, auditor: User, called) -> None:
    forge_column(owner)
    verified(auditor)
    ended = about_verifications("audit:log:verified/1").get()
    assert ended.payload == {"size": log.size, "done": 0, "outcome": "it_does_not_hold", "index": 5}


def test_only_one_runs_at_a_time(log: Checkpoint, auditor: User, administrator: User, called) -> None:
    first, second = ask_for_verification(actor=auditor), ask_for_verification(actor=administrator)
    assert first.pk == second.pk
    assert about_verifications("audit:verification:asked/1").count() == 1
    with pytest.raises(DatabaseError, match="audit_verification_one_runs"), transaction.atomic():
        Verification.objects.create(size=1)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"state": "held", "ended_at": None, "done": 5}, "audit_verification_ends_once"),
        ({"ended_at": timezone.now()}, "audit_verification_ends_once"),
        ({"state": "failed", "ended_at": timezone.now()}, "audit_verification_says_what_fails"),
        ({"finding": "Something."}, "audit_verification_says_what_fails"),
        ({"state": "held", "ended_at": timezone.now(), "done": 4}, "audit_verification_holds_as_a_whole"),
    ],
)
def test_rules_of_a_verification(db: None, changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(DatabaseError, match=rule), transaction.atomic():
        Verification.objects.create(**{"size": 5, "lease": uuid.uuid4(), **changes})


def test_reviewer_cannot_ask(first_reviewer: User) -> None:
    with pytest.raises(PermissionDenied):
        ask_for_verification(actor=first_reviewer)


def test_page_begins_shows_and_tells_the_end(client: Client, log: Checkpoint, auditor: User, called) -> None:
    client.force_login(auditor)
    page = reverse("audit:verifications")
    assert "Nothing has been verified yet" in client.get(page).content.decode()
    client.post(reverse("audit:verify-now"))
    Verification.objects.update(done=256)
    running = client.get(page).content.decode()
    assert f"256 of {Verification.objects.get().size} entries verified" in running
    fragment = client.get(page, headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith('<div class="stack" id="progress">')
    assert 'id="begin" hx-swap-oob="true" disabled>' in fragment
    Verification.objects.update(done=0)
    verified(auditor)
    ended = client.get(page, headers={"HX-Request": "true"}).content.decode()
    assert 'id="begin" hx-swap-oob="true">' in ended, "the button can be pressed again"
    for text in (ended, client.get(page).content.decode()):
        assert "All of it holds" in text
        assert "asked for by Auditor" in text


def test_page_names_nobody_of_another_agency(
    client: Client, log: Checkpoint, auditor: User, outside_auditor: User
) -> None:
    verified(auditor)
    client.force_login(outside_auditor)
    text = client.get(reverse("audit:verifications")).content.decode()
    assert "asked for by Somebody of another agency" in text
    assert "asked for by Auditor" not in text


def test_failure_stands_on_the_log(client: Client, log: Checkpoint, owner, auditor: User) -> None:
    forge_leaf(owner)
    verified(auditor)
    client.force_login(auditor)
    for name in ("audit:log", "audit:verifications", "audit:checkpoints"):
        text = client.get(reverse(name)).content.decode()
        assert "The log doesn" in text
        assert "isn&#x27;t what was hashed" in text, name


def test_command_verifies_in_the_foreground(log: Checkpoint, owner, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit", "check")
    said = capsys.readouterr().out
    assert f"All of it holds: {log.size} entries, 2 checkpoints, 1 erased payloads." in said
    forge_leaf(owner)
    with pytest.raises(CommandError, match="isn't what was hashed"):
        call_command("audit", "check")


def test_command_goes_on_with_one_that_was_left(log: Checkpoint, called) -> None:
    pk = ask_for_verification(actor=None).pk
    call_command("audit", "check")
    assert Verification.objects.get().pk == pk


def test_command_leaves_one_that_a_worker_is_at(log: Checkpoint) -> None:
    claim(ask_for_verification(actor=None).pk)
    with pytest.raises(CommandError, match="by a worker"):
        call_command("audit", "check")
