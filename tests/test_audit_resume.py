"""`manage.py audit resume --restored`: the log says first that the signer forgets, and only then it does."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.db.models import QuerySet

from accounts.models import User
from audit.checkpoints import NOT_ENDED, resume
from audit.models import Checkpoint, Entry, TreeState
from audit.notes import Checkpoint as Head
from audit.notes import Note
from audit.rehash import Corrupt
from audit.sequencer import Halted
from tests import tampering
from tests.audit_fixtures import write_viewed
from tests.sequencing import sequenced, signed
from tests.signer_files import memory, remembered_beyond
from tests.stack import environment

owner = tampering.owner


def grown(actor: User, entries: int = 3) -> Checkpoint:
    for _ in range(entries):
        write_viewed(actor)
    return signed()


def restored() -> QuerySet[Entry]:
    return Entry.objects.filter(kind="audit:log:restored/1").order_by("id")


def manage(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run an action of `manage.py audit` as an operator does: it signs in as the sequencer."""
    command = [sys.executable, "manage.py", "audit", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ | environment())


def remembered() -> Head:
    return Head.parsed(Note.parsed(memory().read_text()).text)


@pytest.mark.slow
def test_signer_that_cannot_forget_has_said_so_and_ends_it_later(
    transactional_db: None, person_with: Callable[..., User]
) -> None:
    """Killed between the two, or kept from the second, it leaves a halted log and its entry, which isn't said twice."""
    writer = person_with("writer")
    size = grown(writer).size
    later = remembered_beyond(size + 50)
    said = {
        "size": size, "signed_size": later.size, "signed_root": later.root.hex(), "at": "command-line"
    }  # fmt: skip
    in_the_way = memory().with_name(memory().name + ".partial")
    in_the_way.mkdir()
    assert "while a file of the signer can't be written" in manage("resume", "--restored").stderr
    assert restored().get().payload == said
    assert remembered() == later
    assert TreeState.objects.get().halted == NOT_ENDED
    with pytest.raises(Halted, match="was begun and hasn't ended: run it again"):
        sequenced()
    assert "an older copy" in manage("resume").stderr, "without saying so it is not begun anew"
    in_the_way.rmdir()
    ran = manage("resume", "--restored")
    assert (ran.returncode, ran.stdout) == (0, f"All {size} entries hold. The sequencer goes on.\n")
    assert restored().get().payload == said
    assert remembered().size == size
    newest = signed()
    assert restored().get().place.index < newest.size == remembered().size


def test_signer_forgets_nothing_where_the_log_cannot_say_so(auditor: User) -> None:
    later = remembered_beyond(grown(auditor).size + 50)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("ALTER TABLE audit_entry ADD CONSTRAINT says_nothing CHECK (kind NOT LIKE 'audit:log:%')")
    with pytest.raises(IntegrityError, match="says_nothing"):
        resume(restored=True)
    assert remembered() == later


def test_signer_forgets_nothing_for_a_log_that_does_not_hold(auditor: User, owner) -> None:
    later = remembered_beyond(grown(auditor, 9).size + 50)
    tampering.forge_leaf(owner)
    with pytest.raises(Corrupt, match=r"Entry 5 .* isn't what was hashed"):
        resume(restored=True)
    assert remembered() == later
    assert not restored().exists()


def test_signer_forgets_nothing_by_itself(auditor: User) -> None:
    later = remembered_beyond(grown(auditor).size + 50)
    with pytest.raises(Corrupt, match="--restored` lets it go on"):
        resume()
    assert remembered() == later
    assert not restored().exists()


@pytest.mark.parametrize("content", [None, b"", b"nothing\n"])
def test_memory_that_is_lost_is_begun_anew_and_on_record(auditor: User, content: bytes | None) -> None:
    size = grown(auditor).size
    memory().unlink()
    if content is not None:
        memory().write_bytes(content)
    assert resume(restored=True) == size
    assert restored().get().payload == {"size": size, "signed_size": 0, "signed_root": ""}
    assert remembered().size == size
    assert grown(auditor).size == size + 4, "three, and the one that says so"


def test_each_time_is_on_record(auditor: User) -> None:
    sizes = []
    for _ in range(2):
        sizes.append(grown(auditor).size)
        remembered_beyond(1000)
        resume(restored=True)
        signed()
    said: list[dict[str, Any]] = [entry.payload for entry in restored()]
    assert [each["size"] for each in said] == sizes
