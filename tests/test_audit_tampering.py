"""Who owns the database can change it. Then nothing is signed any more, and what others hold no longer fits."""

from collections.abc import Iterator

import pytest
from django.db import connection

from accounts.models import User
from audit.append_only import guarded_tables
from audit.checkpoints import resume, sign_checkpoint
from audit.models import Checkpoint, Entry, TreeState
from audit.rehash import Corrupt
from audit.sequencer import Halted, look_at_everything
from tests.audit_fixtures import write_entries
from tests.sequencing import sequenced, signed

# As whoever can disable triggers and drop constraints: `here` is the entry with index 5, `there` the one with index 6.
HERE = "(SELECT entry_id FROM audit_leaf WHERE leaf_index = 5)"
THERE = "(SELECT entry_id FROM audit_leaf WHERE leaf_index = 6)"
LEAF_OF = r"sha256('\x00'::bytea || convert_to(canonical, 'UTF8'))"
CHANGES = {
    "one bit of a leaf": f"UPDATE audit_entry SET canonical = overlay(canonical placing 'z' from 9) WHERE id = {HERE}",
    "a leaf and its hash": f"""
        UPDATE audit_entry SET canonical = replace(canonical, '"purpose":""', '"purpose":"x"') WHERE id = {HERE};
        UPDATE audit_entry SET leaf_hash = {LEAF_OF} WHERE id = {HERE}""",
    "a payload": f"""UPDATE audit_payload SET content = '{{"changed":1}}' WHERE entry_id = {HERE}""",
    "a payload that is gone": f"UPDATE audit_payload SET content = NULL, salt = NULL WHERE entry_id = {HERE}",
    "a payload erased by an entry of another kind": f"""
        UPDATE audit_payload SET content = NULL, salt = NULL, erased_by_id = {THERE} WHERE entry_id = {HERE}""",
    "an entry that is gone": f"""
        DELETE FROM audit_payload WHERE entry_id = {HERE}; DELETE FROM audit_entry WHERE id = {HERE};
        DELETE FROM audit_leaf WHERE leaf_index = 5""",
    "an entry that is gone, the others moved up": f"""
        DELETE FROM audit_payload WHERE entry_id = {HERE}; DELETE FROM audit_entry WHERE id = {HERE};
        DELETE FROM audit_leaf WHERE leaf_index = 5;
        UPDATE audit_leaf SET leaf_index = -leaf_index WHERE leaf_index > 5;
        UPDATE audit_leaf SET leaf_index = -leaf_index - 1 WHERE leaf_index < 0""",
    "two that changed places": """
        UPDATE audit_leaf SET leaf_index = -1 WHERE leaf_index = 5;
        UPDATE audit_leaf SET leaf_index = 5 WHERE leaf_index = 6;
        UPDATE audit_leaf SET leaf_index = 6 WHERE leaf_index = -1""",
    "one put into the past": """
        UPDATE audit_leaf SET leaf_index = -leaf_index WHERE leaf_index > 5;
        UPDATE audit_leaf SET leaf_index = 1 - leaf_index WHERE leaf_index < 0;
        UPDATE audit_leaf SET leaf_index = 6 WHERE leaf_index = (SELECT max(leaf_index) FROM audit_leaf)""",
    "the end cut off": """
        DELETE FROM audit_leaf WHERE leaf_index > 290""",
    "a salt that is gone": """
        UPDATE audit_payload SET salt = NULL WHERE entry_id = (SELECT entry_id FROM audit_leaf WHERE leaf_index = 5)""",
    "a leaf that is no object, with its hash": r"""
        UPDATE audit_entry SET canonical = '[]', leaf_hash = sha256('\x00'::bytea || '[]'::bytea)
        WHERE id = (SELECT entry_id FROM audit_leaf WHERE leaf_index = 5)""",
    "a kept root": r"UPDATE audit_subtree SET root = sha256('\x00'::bytea) WHERE position = 0",
    "a kept root that is gone": "DELETE FROM audit_subtree WHERE position = 0",
    "the frontier": r"UPDATE audit_treestate SET frontier = sha256('\x00'::bytea) || substr(frontier, 33)",
    "the size": "UPDATE audit_treestate SET size = size - 1",
    "a checkpoint's frontier": r"UPDATE audit_checkpoint SET frontier = sha256('\x00'::bytea) || substr(frontier, 33)",
}  # fmt: skip
# The state can be made anew from the leaves, which what was signed bears out.
MENDED = ("the frontier", "the size")


@pytest.fixture
def as_owner(auditor: User) -> Iterator[None]:
    """Take away everything that PostgreSQL refuses with; the test's transaction brings it back."""
    write_entries(auditor, 300)
    signed()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        for table in guarded_tables(connection) | {"audit_treestate"}:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE contype IN ('c', 'f') AND conrelid::regclass::text LIKE 'audit%'"
        )
        for table, constraint in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")


def happen(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.rowcount, "the attack must have changed something"


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_signed_over_a_changed_log(as_owner: None, auditor: User, change: str) -> None:
    happen(CHANGES[change])
    write_entries(auditor, 5)
    with pytest.raises(Halted):
        sign_checkpoint()
    assert Checkpoint.objects.count() == 1
    with pytest.raises(Halted):
        sequenced()
    if change in MENDED:
        resume()
        assert sign_checkpoint().size == 306
        return
    with pytest.raises(Corrupt):
        resume()
    assert TreeState.objects.get().halted


def test_untouched_log_is_signed(as_owner: None, auditor: User) -> None:
    write_entries(auditor, 5)
    assert sign_checkpoint().size == 306


def test_flipped_bit_in_what_waits_for_its_place_halts(as_owner: None, auditor: User) -> None:
    (entry, *_) = write_entries(auditor, 3)
    Entry.objects.filter(pk=entry.pk).update(canonical=entry.canonical.replace('"version":2', '"version":3'))
    with pytest.raises(Halted, match=str(entry.pk)):
        sequenced()


def test_halted_log_goes_on_once_what_was_stored_is_back(as_owner: None, auditor: User) -> None:
    entry = Entry.objects.get(place__index=5)
    Entry.objects.filter(pk=entry.pk).update(canonical=entry.canonical + " ")
    write_entries(auditor, 1)
    with pytest.raises(Halted, match=rf"Entry 5 \({entry.uid}\)"):
        sign_checkpoint()
    Entry.objects.filter(pk=entry.pk).update(canonical=entry.canonical)
    resume()
    assert TreeState.objects.get().halted == ""
    assert sign_checkpoint().size == 302


def test_old_entries_are_hashed_anew_in_turn(as_owner: None, auditor: User, settings) -> None:
    """A bit that flips in what was signed long ago is found when the round comes to it, at the latest."""
    settings.AUDIT_REHASH_PER_CHECKPOINT = 256
    write_entries(auditor, 900)
    sign_checkpoint()
    happen(CHANGES["one bit of a leaf"].replace("= 5", "= 700"))
    with pytest.raises(Halted, match="Entry 700"):  # noqa: PT012
        for _ in range(4):
            write_entries(auditor, 1)
            sign_checkpoint()
    assert TreeState.objects.get().rehashed <= 700


OLDER_COPY = """
DELETE FROM audit_checkpoint WHERE size > {size};
DELETE FROM audit_payload WHERE entry_id IN (SELECT entry_id FROM audit_leaf WHERE leaf_index >= {size});
DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_leaf WHERE leaf_index >= {size});
DELETE FROM audit_leaf WHERE leaf_index >= {size};
UPDATE audit_treestate SET size = {size}, frontier = (SELECT frontier FROM audit_checkpoint WHERE size = {size})
"""
WRITTEN_ANEW = f"""
UPDATE audit_entry SET purpose = 'x', canonical = replace(canonical, '"purpose":""', '"purpose":"x"') WHERE id = {HERE};
UPDATE audit_entry SET leaf_hash = {LEAF_OF};
DELETE FROM audit_checkpoint; DELETE FROM audit_leaf; DELETE FROM audit_subtree; DELETE FROM audit_treestate;
"""


def test_older_copy_is_not_signed_before_somebody_says_so(as_owner: None, auditor: User) -> None:
    """The signer remembers what it signed, whatever the tables say."""
    size = Checkpoint.objects.get().size
    write_entries(auditor, 5)
    later = sign_checkpoint()
    happen(OLDER_COPY.format(size=size))
    write_entries(auditor, 1)
    with pytest.raises(Halted, match=f"{later.size} entries were signed, but the log holds {size + 1}"):
        sign_checkpoint()
    with pytest.raises(Corrupt, match="an older copy"):
        resume()
    resume(restored=True)
    write_entries(auditor, 10)
    assert sign_checkpoint().size == size + 12
    said = Entry.objects.get(kind="audit:log:restored/1", subject_type="").payload
    assert said == {"size": size + 1, "signed_size": later.size, "signed_root": bytes(later.root).hex()}


def test_log_that_was_written_anew_is_not_signed(as_owner: None, auditor: User) -> None:
    """Everything agrees with everything in the database; the true key signs it all the same not."""
    happen(WRITTEN_ANEW)
    write_entries(auditor, 5)
    look_at_everything()
    with pytest.raises(Halted, match="The first 301 entries aren't those that were signed"):
        sign_checkpoint()
