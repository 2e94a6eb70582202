"""Verifying the whole log: that it is taken up again, and that it is on record."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit import tasks, verification
from audit.leases import LeaseLost
from audit.models import Checkpoint, Entry, Verification
from audit.verification import ask_for_verification, claim, go_on
from tests import tampering
from tests.audit_fixtures import verified, write_entries
from tests.sequencing import signed
from tests.tampering import forge_column, forge_leaf

log, owner = tampering.log, tampering.owner


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The verifications for which a worker is called, at the edge to the broker."""
    sent: list[int] = []
    monkeypatch.setattr(verification.celery, "send_task", lambda name, args, **_: sent.append(args[0]))
    return sent


def about_verifications(kind: str) -> QuerySet[Entry]:
    return Entry.objects.filter(kind=kind, subject_type="audit.verification")


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
