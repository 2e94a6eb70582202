"""The key that signs: made once, replaced by handing over, and never lost to an interruption."""

from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import User
from audit.keys import KeyProblem, ensure_key, load_signer, rotate_key, verifier_keys
from audit.models import Entry, SigningKey
from audit.notes import Note, VerifierKey
from tests.audit_fixtures import write_entries
from tests.sequencing import signed


def key_file() -> Path:
    return Path(settings.AUDIT_KEY_FILE)


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
    with pytest.raises(KeyProblem, match="can't be read from"):
        load_signer()
