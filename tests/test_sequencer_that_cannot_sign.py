"""What keeps the sequencer from signing is told where people look: what stopped, since when, and what to do."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import User
from audit.checkpoints import request_checkpoint, resume
from audit.exporting.errors import PutOff
from audit.exporting.waiting import checkpoint_over_everything
from audit.models import Checkpoint, Leaf, TreeState
from audit.sequencer import Halted
from audit.sequencing import Sequencing
from tests import tampering
from tests.audit_fixtures import write_entries
from tests.sequencing import sequenced, signed
from tests.signer_files import key_file, memory
from tests.stack import environment, wait_until
from tests.test_audit_pages import entry_about

owner = tampering.owner
PAGES = ("checkpoints", "log", "verifications")
SAID = "Nothing is signed any more"


@pytest.fixture
def told(client: Client, auditor: User) -> Callable[[str], str]:
    """Return what a page says, as somebody reads it."""
    client.force_login(auditor)

    def text(name: str) -> str:
        answer = client.get(reverse(f"audit:{name}"))
        assert answer.status_code == 200
        return " ".join(answer.content.decode().replace("&#x27;", "'").replace("&quot;", '"').split())

    return text


def attempted() -> TreeState:
    """Let the sequencer look once, as it does twice a second; return what is known of it then."""
    sequencing = Sequencing()
    sequencing.stop.set()  # nobody waits for the pause after it
    with suppress(Halted):
        sequencing.attempt()
    return TreeState.objects.get()


def next_to(file: Path) -> Path:
    return file.with_name("kept")


def name_changed(settings: Any) -> Callable[[], Any]:
    before, settings.AUDIT_ORIGIN = settings.AUDIT_ORIGIN, "other.example/log"
    return lambda: setattr(settings, "AUDIT_ORIGIN", before)


def key_gone(_: Any) -> Callable[[], Any]:
    kept = key_file().rename(next_to(key_file()))
    return lambda: kept.rename(key_file())


def key_written_over(_: Any) -> Callable[[], Any]:
    before = key_file().read_bytes()
    key_file().write_text("nothing")
    return lambda: key_file().write_bytes(before)


def key_behind_a_password(_: Any) -> Callable[[], Any]:
    before = key_file().read_bytes()
    private = load_pem_private_key(before, password=None)
    key_file().write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    return lambda: key_file().write_bytes(before)


def unreadable(file: Path) -> Callable[[], Any]:
    """Put a folder in its place, which not even root reads as a file."""
    kept = file.rename(next_to(file))
    file.mkdir()

    def back() -> None:
        file.rmdir()
        kept.rename(file)

    return back


def no_room(_: Any) -> Callable[[], Any]:
    in_the_way = memory().with_name(memory().name + ".partial")
    in_the_way.mkdir()
    return in_the_way.rmdir


HINDRANCES: dict[str, tuple[Callable[[Any], Callable[[], Any]], str]] = {
    "AUDIT_ORIGIN changed": (
        name_changed,
        "AUDIT_ORIGIN was localhost/countersign when this log began and is other.example/log now: set it back",
    ),
    "no key": (key_gone, "doesn't hold the key that this log is signed with"),
    "another file": (key_written_over, "holds no key that can be read: put the log's key in its place"),
    "a locked key": (key_behind_a_password, "holds no key that can be read: put the log's key in its place"),
    "unreadable key": (lambda _: unreadable(key_file()), "The signing key can't be read from"),
    "unreadable memory": (lambda _: unreadable(memory()), "can't be read (Is a directory): let the sequencer read it."),
    "nothing can be written": (no_room, "Nothing can be signed while a file of the signer can't be written"),
}  # fmt: skip


@pytest.mark.parametrize("what", HINDRANCES)
def test_what_keeps_from_signing_is_told_until_it_is_mended(told, auditor: User, settings, what: str) -> None:
    happens, said = HINDRANCES[what]
    write_entries(auditor, 3)
    assert attempted().stopped == ""
    assert "At work" in told("checkpoints")
    mended = happens(settings)
    write_entries(auditor, 3)
    state = attempted()
    assert state.size == Leaf.objects.count() > 6, "entries get their places meanwhile"
    assert_told(told, said, state)
    assert "Signing goes on by itself once your operator has seen to that" in told("checkpoints")
    mended()
    assert attempted().stopped == ""
    assert_gone(told)


def assert_told(told: Callable[[str], str], said: str, state: TreeState) -> None:
    since = date_format(timezone.localtime(state.stopped_at), "j M Y, H:i")
    for page in PAGES:
        text = told(page)
        assert SAID in text, page
        assert f"It stopped on {since}." in text, page
        assert said in text, page
        assert "At work" not in text, page


def assert_gone(told: Callable[[str], str]) -> None:
    assert all(SAID not in told(page) for page in PAGES)
    assert "At work" in told("checkpoints")


def memory_gone(_: Any) -> Callable[[], Any]:
    kept = memory().rename(next_to(memory()))
    return lambda: kept.rename(memory())


def memory_damaged(_: Any) -> Callable[[], Any]:
    before = memory().read_bytes()
    memory().write_bytes(before[:-20])
    return lambda: memory().write_bytes(before)


HALTS: dict[str, tuple[Callable[[Any], Callable[[], Any]], str]] = {
    "no memory": (memory_gone, "which should hold what was signed last, is missing: bring it back"),
    "a damaged memory": (memory_damaged, "which should hold what was signed last, is damaged: bring it back"),
}


@pytest.mark.parametrize("what", HALTS)
def test_halt_is_told_until_the_sequencer_signs_again(told, auditor: User, what: str) -> None:
    happens, said = HALTS[what]
    write_entries(auditor, 3)
    attempted()
    mended = happens(None)
    write_entries(auditor, 3)
    state = attempted()
    assert_told(told, said, state)
    assert "Halted since" in told("checkpoints")
    assert "then runs <code>manage.py audit resume</code>" in told("log")
    mended()
    assert attempted().halted, "until somebody has it go on"
    resume()
    assert attempted().stopped == ""
    assert_gone(told)


def test_stored_bytes_that_are_others_are_told(told, auditor: User, owner) -> None:
    write_entries(auditor, 9)
    sequenced()
    tampering.forge_leaf(owner)
    assert_told(told, "isn't what was hashed when it was written.", attempted())


def test_it_began_with_the_first_reason(auditor: User, settings) -> None:
    signed()
    name_changed(settings)
    began = attempted().stopped_at
    key_gone(settings)
    memory_gone(settings)
    assert attempted().stopped_at == began
    settings.AUDIT_ORIGIN = "localhost/countersign"
    later = attempted()
    assert "doesn't hold the key" in later.hindered
    assert later.stopped_at == began
    next_to(key_file()).rename(key_file())


def test_first_start_without_a_place_for_the_key_is_told(told, auditor: User, settings) -> None:
    """Nothing is known of the sequencer by then, not even that it was seen."""
    key_file().parent.mkdir(parents=True, exist_ok=True)
    in_the_way = key_file().with_name(key_file().name + ".partial")
    in_the_way.mkdir()
    assert_told(told, "Nothing can be signed while a file of the signer can't be written", attempted())
    assert "has never been seen" not in told("checkpoints")
    in_the_way.rmdir()
    attempted()
    assert_gone(told)


def test_sequencer_that_went_away_while_it_could_not_sign_is_told_of_both(told, auditor: User, settings) -> None:
    signed()
    name_changed(settings)
    attempted()
    TreeState.objects.update(seen_at=timezone.now() - timedelta(minutes=5))
    text = told("checkpoints")
    assert SAID in text
    assert "t been seen since" in text


def test_nobody_is_promised_a_checkpoint_meanwhile(told, client: Client, auditor: User, case, settings) -> None:
    signed()
    assert "The next is due by" in told("checkpoints")
    name_changed(settings)
    entry = entry_about(case, auditor)
    request_checkpoint()
    attempted()
    text = told("checkpoints")
    assert "The next was asked for and waits until the sequencer can sign." in text
    assert '<button class="primary" disabled>Sign a checkpoint now' in text
    page = client.get(reverse("audit:entry", args=(entry.uid,))).content.decode()
    assert '<button class="primary" disabled>Sign a checkpoint now' in page


def test_export_says_why_it_waits(auditor: User, settings) -> None:
    signed()
    name_changed(settings)
    attempted()
    settings.EXPORT_WAIT_SECONDS = 0
    with pytest.raises(PutOff, match=r"until your operator has looked: AUDIT_ORIGIN was"):
        checkpoint_over_everything(lambda: None)


def test_process_tells_with_the_rights_of_its_own_role(
    transactional_db: None, person_with: Callable[..., User], tmp_path: Path
) -> None:
    write_entries(person_with("writer"), 3)
    with (tmp_path / "sequencer.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "audit", "sequence"], stdout=log, stderr=log, env=os.environ | environment()
        )
    try:
        wait_until(Checkpoint.objects.exists, seconds=120, what="signed")
        back = key_gone(None)
        request_checkpoint()
        wait_until(lambda: "doesn't hold the key" in TreeState.objects.get().stopped, seconds=60, what="told")
        back()
        wait_until(lambda: TreeState.objects.get().stopped_at is None, seconds=60, what="signs again")
    finally:
        process.terminate()
        process.wait(120)
        connection.close()
    assert TreeState.objects.get().stopped == ""
