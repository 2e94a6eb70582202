"""PostgreSQL keeps the log: what is written stays, and is what its hash says."""

import json
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError

from accounts.models import Agency, User
from audit import context
from audit.append_only import append_only_tables
from audit.grants import grant_roles
from audit.models import Entry, Payload
from audit.services import NotInTransaction, commitment, record
from audit.tree import leaf_hash
from tests.audit_fixtures import app_connection, write_entries
from tests.audit_rows import write

COPY = """
INSERT INTO audit_entry (uid, kind, recorded_at, actor_id, agency_id, subject_type, subject_id, case_id, purpose,
                         request_id, canonical, leaf_hash)
SELECT uid, {kind}, recorded_at + {later}, {actor}, agency_id, subject_type, {subject}, {case}, purpose,
       request_id, {canonical}, {leaf_hash} FROM audit_entry LIMIT 1
"""
AS_IT_IS = {
    "kind": "kind", "later": "interval '0'", "actor": "actor_id", "subject": "subject_id",
    "case": "case_id", "canonical": "canonical", "leaf_hash": "leaf_hash",
}  # fmt: skip


def execute(sql: str, parameters: Any = None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)


@pytest.fixture
def entry(auditor: User) -> Entry:
    return write_entries(auditor, 1)[0]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entry SET purpose = 'other'", "DELETE FROM audit_entry", "TRUNCATE audit_entry CASCADE"],
)
def test_owner_cannot_change_an_entry(entry: Entry, statement: str) -> None:
    execute("SET CONSTRAINTS ALL IMMEDIATE")  # or TRUNCATE would fail already for the foreign keys yet to be checked
    with pytest.raises(DatabaseError, match="audit_entry_is_append_only"):
        execute(statement)
    assert Entry.objects.get().canonical == entry.canonical


def test_refusal_names_the_rule_as_a_constraint(entry: Entry) -> None:
    with pytest.raises(DatabaseError) as caught:
        execute("DELETE FROM audit_entry")
    assert caught.value.__cause__.diag.constraint_name == "audit_entry_is_append_only"  # type: ignore[union-attr]


def test_owner_cannot_change_an_entry_through_the_model(entry: Entry) -> None:
    with pytest.raises(DatabaseError, match="audit_entry_is_append_only"), transaction.atomic():
        entry.save()
    with pytest.raises(DatabaseError, match="audit_payload_is_append_only"), transaction.atomic():
        Payload.objects.all().delete()
    with pytest.raises(ProtectedError):
        Entry.objects.all().delete()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET purpose = 'other'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_entry_is_append_only ON audit_entry",
        "ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_leaf_hash_is_of_canonical",
        "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "SET session_replication_role = replica",
        "DROP TABLE audit_entry CASCADE",
        "CREATE RULE quiet AS ON INSERT TO audit_entry DO INSTEAD NOTHING",
        "SELECT setval('audit_entry_id_seq', 1)",
        "DELETE FROM django_migrations",
        "CREATE TABLE mine (id int)",
    ],
)
def test_app_role_cannot_touch_what_is_written(db: None, statement: str) -> None:
    with app_connection() as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement)


def test_app_role_owns_nothing_and_works_with_other_tables(db: None) -> None:
    with app_connection() as app:
        owned = app.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole").fetchone()
        rights = app.execute(
            "SELECT has_column_privilege('audit_entry', 'canonical', 'INSERT'),"
            " has_table_privilege('audit_entry', 'SELECT'), has_table_privilege('audit_entry', 'UPDATE'),"
            " has_table_privilege('accounts_user', 'UPDATE'), has_sequence_privilege('audit_entry_id_seq', 'USAGE')"
        ).fetchone()
    assert owned == (0,)
    assert rights == (True, True, False, True, True)


def test_app_role_can_add_an_entry(db: None) -> None:
    """As the role of web and workers, in a transaction that is rolled back."""
    with app_connection() as app, app.transaction(force_rollback=True), app.cursor() as cursor:
        write(cursor)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert cursor.execute("SELECT count(*) FROM audit_entry").fetchone() == (1,)


def test_grants_bear_running_again(db: None) -> None:
    grant_roles()
    grant_roles()
    assert "audit_entry" in append_only_tables(connection)


def test_grants_do_nothing_without_the_role(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "APP_DATABASE_ROLE", "nobody_of_this_name")
    grant_roles()


def test_wrong_leaf_hash_is_refused(entry: Entry) -> None:
    with pytest.raises(DatabaseError, match="audit_entry_leaf_hash_is_of_canonical"):
        execute(COPY.format(**AS_IT_IS | {"leaf_hash": "sha256(convert_to(canonical, 'UTF8'))"}))


@pytest.mark.parametrize(
    "change",
    [{"kind": "'audit:log:viewed/1'"}, {"later": "interval '1 microsecond'"}, {"actor": "NULL"}, {"subject": "'99'"}],
)
def test_columns_that_say_something_else_are_refused(entry: Entry, change: dict[str, str]) -> None:
    with pytest.raises(DatabaseError, match="audit_entry_leaf_is_its_row"):
        execute(COPY.format(**AS_IT_IS | change))


def test_canonical_text_without_the_columns_is_refused(entry: Entry) -> None:
    with pytest.raises(DatabaseError, match="audit_entry_leaf_is_its_row"):
        execute(COPY.format(**AS_IT_IS | {"canonical": "'{}'", "leaf_hash": r"sha256('\x00'::bytea || '{}'::bytea)"}))


def test_same_entry_twice_is_refused(entry: Entry) -> None:
    with pytest.raises(DatabaseError, match="audit_entry_uid"):
        execute(COPY.format(**AS_IT_IS))


def test_entry_is_canonical_and_says_who_with_which_roles(auditor: User) -> None:
    with transaction.atomic():
        entry = record(kind="identification:photograph:refused/1", actor=auditor, subject=auditor, purpose="deceased",
                       payload={"code": "truncated", "bytes": 12, "sha256": None})  # fmt: skip
    said = json.loads(entry.canonical)
    assert said["actor"] == auditor.pk
    assert said["actor_roles"] == ["auditor"]
    assert said["agency"] == auditor.agency.pk
    assert said["subject_type"] == "accounts.user"
    assert said["version"] == 2
    assert entry.payload == {"bytes": 12, "code": "truncated", "sha256": None}
    assert said["commitment"] == commitment(bytes(entry.said.salt), entry.said.content.encode())
    assert "truncated" not in entry.canonical
    assert bytes(Entry.objects.get().leaf_hash) == leaf_hash(entry.canonical.encode())


def test_entry_needs_the_transaction_of_what_it_records(auditor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.services.connection", SimpleNamespace(in_atomic_block=False))
    with pytest.raises(NotInTransaction, match="audit:log:viewed/1"):
        record(kind="audit:log:viewed/1", actor=auditor, subject=None)


def test_rollback_leaves_neither(auditor: User) -> None:
    def fail_after_writing() -> None:
        agency = Agency.objects.create(name="Bureau of Nothing", code="nothing")
        record(kind="accounts:agency:changed/1", actor=auditor, subject=agency, payload={"fields": ["name"]})
        raise RuntimeError

    with pytest.raises(RuntimeError), transaction.atomic():
        fail_after_writing()
    assert not Agency.objects.filter(code="nothing").exists()
    assert not Entry.objects.exists()


def test_entry_carries_the_request(auditor: User) -> None:
    token = context.request_id.set("2b3c0c5e-0000-4000-8000-000000000000")
    try:
        assert write_entries(auditor, 1)[0].request_id == "2b3c0c5e-0000-4000-8000-000000000000"
    finally:
        context.request_id.reset(token)


def test_unsaved_subject_is_refused(auditor: User) -> None:
    with pytest.raises(ValueError, match="not saved yet"):
        record(kind="audit:log:viewed/1", actor=auditor, subject=Agency())


def test_long_entry_is_refused(auditor: User) -> None:
    with pytest.raises(ValueError, match="record a hash"):
        record(kind="accounts:user:changed/1", actor=auditor, subject=auditor, payload={"fields": ["a_field"] * 9000})
