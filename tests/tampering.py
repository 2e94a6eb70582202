"""A log, and what the owner of its tables may do to it."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from audit.keys import rotate_key
from audit.models import Checkpoint, Entry, Leaf, Payload, SigningKey
from audit.tree import leaf_hash
from tests.audit_fixtures import erased, write_entries
from tests.sequencing import signed

# Runs one statement as the owner of the tables.
Do = Callable[..., None]


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


def rewritten(entry: Entry, **changes: Any) -> tuple[str, bytes]:
    canonical = json.dumps(entry.leaf | changes, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return canonical, leaf_hash(canonical.encode())


def forge_leaf(do: Do) -> None:
    do(
        "UPDATE audit_entry SET canonical = replace(canonical, '\"version\":2', '\"version\":3') WHERE id = %s",
        [at(5).pk],
    )


def forge_leaf_and_hash(do: Do) -> None:
    entry = at(5)
    do("UPDATE audit_entry SET canonical = %s, leaf_hash = %s, purpose = 'x' WHERE id = %s",
       [*rewritten(entry, purpose="x"), entry.pk])  # fmt: skip


def forge_column(do: Do) -> None:
    do("UPDATE audit_entry SET agency_id = NULL WHERE id = %s", [at(5).pk])


def forge_time(do: Do) -> None:
    do("UPDATE audit_entry SET recorded_at = recorded_at - interval '1 day' WHERE id = %s", [at(5).pk])


def forge_payload(do: Do) -> None:
    do("UPDATE audit_payload SET content = '{\"x\":1}' WHERE entry_id = %s", [at(7).pk])


def forge_salt(do: Do) -> None:
    do("UPDATE audit_payload SET salt = sha256('x')::bytea WHERE entry_id = %s", [at(5).pk])


def remove_payload(do: Do) -> None:
    do("DELETE FROM audit_payload WHERE entry_id = %s", [at(5).pk])


def blank_payload(do: Do) -> None:
    do("UPDATE audit_payload SET content = NULL, salt = NULL WHERE entry_id = %s", [at(5).pk])


def put_erasure_down_to_another(do: Do) -> None:
    do("UPDATE audit_payload SET content = NULL, salt = NULL, erased_by_id = %s WHERE entry_id = %s",
       [at(300).pk, at(5).pk])  # fmt: skip


def put_erasure_down_to_another_erasure(do: Do) -> None:
    erasing = Entry.objects.get(kind="audit:payload:erased/1", pk=Payload.objects.get(content=None).erased_by_id)
    do("UPDATE audit_payload SET content = NULL, salt = NULL, erased_by_id = %s WHERE entry_id = %s",
       [erasing.pk, at(5).pk])  # fmt: skip


def remove_place(do: Do) -> None:
    do("DELETE FROM audit_leaf WHERE leaf_index = 5")


def remove_entry(do: Do) -> None:
    do("DELETE FROM audit_entry WHERE id = %s", [at(5).pk])


def cut_the_end_off(do: Do) -> None:
    do("DELETE FROM audit_leaf WHERE leaf_index >= 520")


def swap_two(do: Do) -> None:
    first, second = at(5), at(6)
    do("ALTER TABLE audit_leaf DROP CONSTRAINT audit_leaf_entry_id_key")
    do("UPDATE audit_leaf SET entry_id = CASE leaf_index WHEN 5 THEN %s ELSE %s END WHERE leaf_index IN (5, 6)",
       [second.pk, first.pk])  # fmt: skip


def forge_kept_root(do: Do) -> None:
    do("UPDATE audit_subtree SET root = sha256('x') WHERE height = 8 AND position = 1")


def remove_kept_root(do: Do) -> None:
    do("DELETE FROM audit_subtree WHERE height = 8 AND position = 0")


def forge_root_of_checkpoint(do: Do) -> None:
    do("UPDATE audit_checkpoint SET root = sha256('x') WHERE id = (SELECT min(id) FROM audit_checkpoint)")


def forge_note(do: Do) -> None:
    do("UPDATE audit_checkpoint SET note = replace(note, 'localhost', 'elsewhere')"
       " WHERE id = (SELECT max(id) FROM audit_checkpoint)")  # fmt: skip


def refile_checkpoint(do: Do) -> None:
    newest, first = Checkpoint.objects.latest("id"), Checkpoint.objects.earliest("id")
    do("UPDATE audit_checkpoint SET note = %s, key_id = %s WHERE id = %s", [first.note, first.key_id, newest.pk])


def forge_handover(do: Do) -> None:
    key = SigningKey.objects.latest("id")
    do("UPDATE audit_signingkey SET handover = replace(handover, %s, %s) WHERE id = %s",
       [key.vkey, SigningKey.objects.earliest("id").vkey, key.pk])  # fmt: skip
