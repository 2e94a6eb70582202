"""The signer remembers what it signed, in a file beside its key: without it, or against it, nothing is signed."""

import base64
import re
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection

from accounts.models import User
from audit.checkpoints import resume
from audit.keys import KeyProblem, load_signer, rotate_key
from audit.models import Checkpoint, TreeState
from audit.notes import Checkpoint as Head
from audit.notes import Note
from audit.rehash import Corrupt
from audit.sequencer import Halted
from tests.audit_fixtures import write_entries
from tests.sequencing import sequenced, signed
from tests.signer_files import memory, remembered_beyond


def grown(actor: User) -> Checkpoint:
    write_entries(actor, 3)
    return signed()


def halted(actor: User) -> str:
    """Return why nothing is signed any more; that must be so, and stand in the database."""
    before = Checkpoint.objects.count()
    with pytest.raises(Halted) as caught:
        grown(actor)
    assert Checkpoint.objects.count() == before
    with pytest.raises(Halted):
        sequenced()
    said = TreeState.objects.get().halted
    assert str(caught.value) == said
    return said


def test_memory_is_the_last_note_and_nobody_elses_to_read(auditor: User) -> None:
    grown(auditor)
    newest = grown(auditor)
    assert memory().read_text() == newest.note
    assert memory().stat().st_mode & 0o777 == 0o600


def test_what_was_signed_is_remembered_before_it_is_handed_out(auditor: User) -> None:
    """Or who keeps the database from taking a checkpoint would have it signed, and not remembered."""
    before = grown(auditor)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(f"ALTER TABLE audit_checkpoint ADD CONSTRAINT nothing_new CHECK (size <= {before.size})")
    with pytest.raises(IntegrityError, match="nothing_new"):
        grown(auditor)
    assert Head.parsed(Note.parsed(memory().read_text()).text).size == before.size + 3
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_checkpoint DROP CONSTRAINT nothing_new")
    assert grown(auditor).size == before.size + 6, "the log goes on from what is remembered"


def test_nothing_is_signed_without_the_memory_until_it_is_back(auditor: User) -> None:
    grown(auditor)
    kept = memory().read_bytes()
    memory().unlink()
    assert halted(auditor).startswith(f"{memory()}, which should hold what was signed last, is missing: bring it back;")
    with pytest.raises(Corrupt, match="is missing"):
        resume()
    memory().write_bytes(kept)
    resume()
    assert grown(auditor)


GARBLED: dict[str, Callable[[str], bytes]] = {
    "empty": lambda note: b"",
    "no text": lambda note: b"\xff\xfe" + note.encode(),
    "something else": lambda note: b"nothing\n",
    "cut short": lambda note: note[:-20].encode(),
    "not signed": lambda note: Note.parsed(note).text.encode(),
    "a note that is no checkpoint": lambda note: str(load_signer()[1].sign("countersign\n")).encode(),
    "a size that is none": lambda note: re.sub(r"\n[0-9]+\n", "\n-1\n", note).encode(),
    "a root that is none": lambda note: re.sub(r"=\n\n", "\n\n", note).encode(),
}


@pytest.mark.parametrize("what", GARBLED)
def test_nothing_is_signed_against_a_memory_that_is_garbled(auditor: User, what: str) -> None:
    content = GARBLED[what](grown(auditor).note)
    memory().write_bytes(content)
    assert halted(auditor).startswith(f"{memory()}, which should hold what was signed last, is damaged: bring it back;")
    with pytest.raises(Corrupt, match="is damaged"):
        resume()
    assert memory().read_bytes() == content


def test_nothing_is_signed_that_does_not_begin_with_what_is_remembered(auditor: User) -> None:
    newest = grown(auditor)
    other = base64.b64encode(bytes(32)).decode()
    memory().write_text(newest.note.replace(base64.b64encode(bytes(newest.root)).decode(), other))
    assert halted(auditor) == (
        f"The first {newest.size} entries aren't those that were signed: the log was changed since."
    )


def test_nothing_is_signed_that_is_shorter_than_what_is_remembered(auditor: User) -> None:
    size = grown(auditor).size
    remembered_beyond(size + 50)
    assert halted(auditor).startswith(f"{size + 50} entries were signed, but the log holds {size + 3}: it was cut back")


def test_memory_that_the_signer_may_not_read_is_waited_for(auditor: User) -> None:
    """The log isn't halted by it: nothing in it is wrong."""
    grown(auditor)
    kept = memory().rename(memory().with_name("kept"))
    memory().mkdir()
    with pytest.raises(KeyProblem, match=r"can't be read .*: let the sequencer read it"):
        grown(auditor)
    assert TreeState.objects.get().halted == ""
    memory().rmdir()
    kept.rename(memory())
    assert grown(auditor)


def test_memory_outlives_the_key(auditor: User) -> None:
    """It belongs to the log: a new key signs no older copy either."""
    newest = grown(auditor)
    rotate_key()
    assert memory().read_text() == newest.note
    remembered_beyond(newest.size + 50)
    assert "it was cut back" in halted(auditor)


def test_what_a_killed_signer_left_half_written_is_in_nobodys_way(auditor: User) -> None:
    grown(auditor)
    half = memory().with_name(memory().name + ".partial")
    half.write_bytes(b"half a no")
    newest = grown(auditor)
    assert memory().read_text() == newest.note
    assert not half.exists()
