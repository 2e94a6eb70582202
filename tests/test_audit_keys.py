"""The key that signs: made once, replaced by handing over, and never lost to an interruption."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.management import CommandError, call_command

from accounts.models import User
from audit.keys import KeyProblem, ensure_key, key_id, load_signer, rotate_key, verifier_keys
from audit.models import Checkpoint, Entry, Leaf, SigningKey
from audit.notes import Note, VerifierKey, handover_text
from tests.audit_fixtures import write_entries
from tests.sequencing import signed
from tests.signer_files import key_file
from tests.stack import environment, wait_until
from tests.threads import in_threads


def test_key_is_made_once_and_is_nobody_elses_to_read(db: None) -> None:
    assert ensure_key() == ensure_key()
    assert key_file().stat().st_mode & 0o777 == 0o600
    assert Entry.objects.filter(kind="audit:key:made/1").count() == 1


def test_old_key_hands_over_and_goes_on_verifying(auditor: User) -> None:
    write_entries(auditor, 3)
    before = signed()
    rotate_key()
    old, new = verifier_keys()
    write_entries(auditor, 3)
    after = signed()
    Note.parsed(before.note).signed_by(old)
    Note.parsed(after.note).signed_by(new)
    handover = Note.parsed(SigningKey.objects.get(vkey=str(new)).handover)
    handover.signed_by(old)
    assert handover.text == f"countersign-handover/1\n{old.name}\n{new}\n"
    said = Entry.objects.get(kind="audit:key:rotated/1").payload
    assert said == {"key_id": new.id.hex(), "vkey": str(new), "replaces": old.id.hex(), "handed_over": True}


def test_rotation_that_was_interrupted_is_ended_by_the_next(db: None) -> None:
    """Killed after the database took the new key and before its file was in place."""
    ensure_key()
    first = key_file().read_bytes()
    second = rotate_key()
    key_file().replace(key_file().with_name(key_file().name + ".next"))
    key_file().write_bytes(first)
    third = rotate_key()
    Note.parsed(third.handover).signed_by(VerifierKey.parsed(second.vkey))
    assert load_signer()[0] == third


def test_interrupted_rotation_is_ended_by_signing(auditor: User) -> None:
    ensure_key()
    first = key_file().read_bytes()
    second = rotate_key()
    key_file().replace(key_file().with_name(key_file().name + ".next"))
    key_file().write_bytes(first)
    assert signed().key == second


def test_lost_key_is_replaced_only_by_saying_so(db: None) -> None:
    ensure_key()
    kept = key_file().read_bytes()
    key_file().unlink()
    with pytest.raises(KeyProblem, match="bring it back"):
        rotate_key()
    key_file().write_bytes(kept)
    with pytest.raises(KeyProblem, match="The key isn't lost"):
        rotate_key(lost=True)
    key_file().unlink()
    assert rotate_key(lost=True).handover == ""
    assert Entry.objects.get(kind="audit:key:rotated/1").payload["handed_over"] is False


def test_file_that_holds_no_key_is_named(db: None) -> None:
    ensure_key()
    key_file().write_text("nothing")
    with pytest.raises(KeyProblem, match="holds no key that can be read"):
        load_signer()


# --- The name of the log -------------------------------------------------------------------------


def test_log_keeps_its_name(auditor: User, settings) -> None:
    """Under another one nothing is signed, and no key is made that would make the change last."""
    write_entries(auditor, 3)
    signed()
    settings.AUDIT_ORIGIN = "other.example/log"
    write_entries(auditor, 3)
    said = "AUDIT_ORIGIN was localhost/countersign when this log began and is other.example/log now: set it back"
    for attempt in (signed, rotate_key, partial(rotate_key, lost=True)):
        with pytest.raises(KeyProblem, match=said):
            attempt()
    assert (Checkpoint.objects.count(), SigningKey.objects.count()) == (1, 1)
    settings.AUDIT_ORIGIN = "localhost/countersign"
    assert signed().size == 7


@pytest.mark.slow
def test_sequencer_says_that_the_name_was_changed(
    transactional_db: None, person_with: Callable[..., User], tmp_path: Path
) -> None:
    """Entries get their places meanwhile; with the name back it goes on."""
    writer, log = person_with("writer"), tmp_path / "sequencer.log"
    write_entries(writer, 3)
    size = signed().size
    write_entries(writer, 3)
    with sequencing(log, AUDIT_ORIGIN="other.example/log"):
        wait_until(lambda: "AUDIT_ORIGIN was localhost/countersign" in log.read_text(), seconds=60, what="it is said")
        assert "set it back" in log.read_text()
        assert Leaf.objects.count() > size
        assert Checkpoint.objects.count() == 1
    with sequencing(log):
        wait_until(lambda: Checkpoint.objects.count() > 1, seconds=60, what="a checkpoint")


@contextmanager
def sequencing(log: Path, **changed: str) -> Iterator[None]:
    with log.open("ab") as out:
        command = [sys.executable, "manage.py", "audit", "sequence"]
        process = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | environment() | changed)
    try:
        yield
    finally:
        process.terminate()
        process.wait(120)


# --- The file --------------------------------------------------------------------------------------


def pem(private: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_key_that_is_there_before_the_log_is_the_first(db: None) -> None:
    """An operator may make it elsewhere."""
    private = Ed25519PrivateKey.generate()
    key_file().parent.mkdir(parents=True)
    key_file().write_bytes(pem(private))
    assert VerifierKey.parsed(ensure_key().vkey).public == private.public_key().public_bytes_raw()
    assert key_file().read_bytes() == pem(private)


def test_another_key_in_the_file_signs_nothing(auditor: User) -> None:
    write_entries(auditor, 3)
    first = signed()
    key_file().write_bytes(pem(Ed25519PrivateKey.generate()))
    write_entries(auditor, 3)
    with pytest.raises(KeyProblem, match=rf"doesn't hold the key that this log is signed with \({key_id(first.key)}\)"):
        signed()
    assert Checkpoint.objects.count() == 1


def test_key_of_another_kind_is_refused(db: None) -> None:
    ensure_key()
    key_file().write_bytes(pem(X25519PrivateKey.generate()))
    with pytest.raises(KeyProblem, match="holds a key that isn't an Ed25519 key: put the log's key in its place"):
        load_signer()


@pytest.mark.parametrize("content", [b"nothing", pem(X25519PrivateKey.generate())], ids=["no key", "another kind"])
def test_before_the_first_key_there_is_none_to_bring_back(db: None, content: bytes) -> None:
    key_file().parent.mkdir(parents=True)
    key_file().write_bytes(content)
    with pytest.raises(KeyProblem, match="take the file away; this log has no key yet"):
        ensure_key()
    key_file().unlink()
    assert ensure_key().handover == ""


def test_log_without_a_key_says_how_one_comes(db: None) -> None:
    for attempt in (load_signer, rotate_key):
        with pytest.raises(KeyProblem, match="no signing key yet: run the sequencer, which makes one"):
            attempt()


def test_file_that_cannot_be_written_leaves_the_old_key_in_use(db: None, settings) -> None:
    settings.SEQUENCER_DATABASE = {}  # this connection, and not one of the sequencer's own
    key = ensure_key()
    in_the_way = key_file().with_name(key_file().name + ".next.partial")
    in_the_way.mkdir()
    with pytest.raises(CommandError, match="Nothing can be signed while a file of the signer can't be written"):
        call_command("audit", "rotate-key")
    assert load_signer()[0] == key
    assert not Entry.objects.filter(kind="audit:key:rotated/1").exists()


# --- Several at once ---------------------------------------------------------------------------------


def test_several_that_begin_at_once_make_one_key(transactional_db: None) -> None:
    keys = in_threads(6, lambda _: ensure_key())
    assert len(set(keys)) == SigningKey.objects.count() == 1
    assert load_signer()[0] == keys[0]


def test_several_that_rotate_at_once_make_one_chain(transactional_db: None) -> None:
    ensure_key()
    in_threads(4, lambda _: rotate_key())
    keys = list(SigningKey.objects.order_by("id"))
    assert len(keys) == 5
    for before, key in pairwise(keys):
        note = Note.parsed(key.handover)
        note.signed_by(VerifierKey.parsed(before.vkey))
        assert note.text == handover_text(VerifierKey.parsed(before.vkey), VerifierKey.parsed(key.vkey))
    assert load_signer()[0] == keys[-1]


def test_key_that_is_replaced_at_this_moment_is_not_taken_for_lost(transactional_db: None) -> None:
    ensure_key()

    def work(which: int) -> None:
        for _ in range(10 if which else 60):
            if which:
                rotate_key()
            else:
                load_signer()

    in_threads(3, work)
    assert load_signer()[0] == SigningKey.objects.latest("id")
    assert SigningKey.objects.count() == 21
