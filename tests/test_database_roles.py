"""What the roles of the database can do, tried as these roles: none of them can undo what is on record."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest
from django.db import connection

from audit.grants import APP_RIGHTS, SEQUENCER_RIGHTS, SEQUENCER_TABLES
from config.roles import APP, MIGRATOR, OWNER, SEQUENCER
from tests.audit_fixtures import connection_of
from tests.audit_rows import SALT, write

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
# Refused to web and workers and to the sequencer alike.
ATTACKS = (
    # become somebody else
    "SET ROLE countersign_owner",
    "SET SESSION AUTHORIZATION countersign_owner",
    "GRANT countersign_owner TO current_user",
    "ALTER ROLE current_user SUPERUSER",
    "ALTER ROLE current_user REPLICATION",
    "ALTER ROLE countersign_owner LOGIN",
    "CREATE ROLE another LOGIN SUPERUSER",
    "REASSIGN OWNED BY countersign_owner TO current_user",
    # have the rules not fire
    "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
    "ALTER TABLE audit_payload DISABLE TRIGGER audit_payload_is_only_erased",
    "ALTER TABLE audit_leaf DISABLE TRIGGER USER",
    "DROP TRIGGER audit_checkpoint_is_append_only ON audit_checkpoint",
    "ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_leaf_hash_is_of_canonical",
    "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "DROP FUNCTION audit_refuse_change() CASCADE",
    "ALTER FUNCTION audit_payload_is_only_erased() RESET search_path",
    "SET session_replication_role = replica",
    "SELECT set_config('session_replication_role', 'replica', false)",
    "ALTER ROLE current_user SET session_replication_role = replica",
    "ALTER SYSTEM SET session_replication_role = replica",
    "UPDATE pg_trigger SET tgenabled = 'D'",
    "CREATE RULE quiet AS ON INSERT TO audit_entry DO INSTEAD NOTHING",
    "CREATE TRIGGER quiet BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_refuse_change()",
    "CREATE EVENT TRIGGER quiet ON ddl_command_start EXECUTE FUNCTION audit_refuse_change()",
    "DO $$ BEGIN EXECUTE 'ALTER TABLE audit_entry DISABLE TRIGGER ALL'; END $$",
    # put something else in its place
    "DROP TABLE audit_entry CASCADE",
    "ALTER TABLE audit_entry RENAME TO audit_old",
    "ALTER TABLE audit_leaf ADD COLUMN another integer",
    "CREATE TEMPORARY TABLE audit_entry (id bigint)",
    "CREATE TABLE public.another (id bigint)",
    "CREATE SCHEMA another",
    "CREATE FUNCTION mine() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM audit_entry'",
    "DROP EXTENSION vector CASCADE",
    # change what is written
    "UPDATE audit_entry SET purpose = 'other'",
    "DELETE FROM audit_entry",
    "TRUNCATE audit_entry CASCADE",
    "WITH gone AS (DELETE FROM audit_entry RETURNING id) SELECT count(*) FROM gone",
    "MERGE INTO audit_entry USING audit_leaf ON entry_id = audit_entry.id WHEN MATCHED THEN DELETE",
    "INSERT INTO audit_entry SELECT * FROM audit_entry ON CONFLICT (uid) DO UPDATE SET purpose = 'other'",
    "UPDATE audit_payload SET entry_id = 1",
    "DELETE FROM audit_payload",
    "TRUNCATE audit_payload",
    "UPDATE audit_leaf SET leaf_index = leaf_index + 1",
    "DELETE FROM audit_leaf",
    "UPDATE audit_checkpoint SET size = 1",
    "DELETE FROM audit_checkpoint",
    "DELETE FROM audit_checkpointrequest",
    "DELETE FROM audit_signingkey",
    "DELETE FROM audit_treestate",
    "TRUNCATE audit_leaf, audit_subtree, audit_checkpoint, audit_signingkey, audit_treestate",
    "DELETE FROM django_migrations",
    "SELECT setval('audit_entry_id_seq', 1)",
    "ALTER SEQUENCE audit_entry_id_seq RESTART",
    "DO $$ BEGIN LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE; END $$",
    "REINDEX TABLE audit_entry",
    # reach files and other servers
    "COPY audit_entry TO PROGRAM 'cat'",
    "COPY audit_entry TO '/tmp/entries'",
    "COPY audit_entry FROM '/tmp/entries'",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/hostname')",
    "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')",
    "CREATE PUBLICATION mine FOR TABLE audit_entry",
    "SELECT * FROM pg_authid",
)
ATTACKS_OF_APP = (
    "INSERT INTO audit_leaf (leaf_index, entry_id) VALUES (0, 1)",
    "INSERT INTO audit_subtree (height, position, root) VALUES (8, 0, '')",
    "INSERT INTO audit_signingkey (vkey, handover, made_at) VALUES ('mine', '', now())",
    "INSERT INTO audit_checkpoint SELECT * FROM audit_checkpoint",
    "INSERT INTO audit_treestate (id, size) VALUES (1, 0)",
    "UPDATE audit_treestate SET size = 0",
    "UPDATE audit_treestate SET halted = ''",
    "COPY audit_leaf FROM STDIN",
    "UPDATE review_assessment SET rationale = 'other'",
    "DELETE FROM review_conclusion",
)
ATTACKS_OF_SEQUENCER = (
    "UPDATE audit_payload SET content = NULL",
    "INSERT INTO audit_checkpointrequest (requested_at) VALUES (now())",
    "INSERT INTO accounts_user (username) VALUES ('mine')",
    "SELECT * FROM accounts_user",
    "SELECT * FROM identification_case",
    "SELECT * FROM identification_embedding",
    "SELECT * FROM review_assessment",
    "SELECT * FROM django_session",
    "UPDATE identification_case SET purpose = 'other'",
)


@pytest.mark.parametrize("statement", [*ATTACKS, *ATTACKS_OF_APP])
def test_web_and_workers_are_refused(db: None, statement: str) -> None:
    with connection_of(APP) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement)


@pytest.mark.parametrize("statement", [*ATTACKS, *ATTACKS_OF_SEQUENCER])
def test_sequencer_is_refused(db: None, statement: str) -> None:
    with connection_of(SEQUENCER) as sequencer, pytest.raises(psycopg.errors.InsufficientPrivilege):
        sequencer.execute(statement)


@pytest.mark.parametrize("role", [APP, SEQUENCER])
def test_right_that_somebody_gives_themselves_is_none(db: None, role: str) -> None:
    """PostgreSQL only warns here, so what counts is whether it worked."""
    with connection_of(role) as somebody:
        somebody.execute("GRANT UPDATE, DELETE ON audit_entry TO current_user")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            somebody.execute("UPDATE audit_entry SET purpose = 'other'")


def test_owner_cannot_log_in(db: None) -> None:
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        connection_of(OWNER)


def test_migrator_does_everything_as_the_owner(db: None) -> None:
    with connection_of(MIGRATOR) as migrator:
        assert migrator.execute("SELECT current_user, session_user").fetchone() == (OWNER, MIGRATOR)
        owned = "SELECT count(*) FROM pg_class WHERE relowner = session_user::regrole"
        assert migrator.execute(owned).fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM audit_entry", "ALTER TABLE audit_entry DISABLE TRIGGER ALL", "CREATE TABLE another (id int)"],
)
def test_migrator_by_itself_can_do_nothing(db: None, statement: str) -> None:
    with connection_of(MIGRATOR) as migrator:
        migrator.execute("SET ROLE NONE")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            migrator.execute(statement)


def test_nothing_runs_with_the_rights_of_its_owner(db: None) -> None:
    """A function that did would be a way round all of this."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace")
        assert cursor.fetchall() == []


def test_web_and_workers_read_the_tree_and_ask_for_a_checkpoint(db: None) -> None:
    with connection_of(APP) as app, app.transaction(force_rollback=True):
        for table in SEQUENCER_TABLES:
            assert app.execute(f"SELECT count(*) FROM {table}").fetchone() is not None
        asked = app.execute("INSERT INTO audit_checkpointrequest (requested_at) VALUES (now()) RETURNING id")
        assert asked.fetchone() is not None


def test_sequencer_gives_places_and_keeps_what_is_signed(db: None) -> None:
    with connection_of(SEQUENCER) as role, role.transaction(force_rollback=True), role.cursor() as cursor:
        pk, _ = write(cursor)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("INSERT INTO audit_leaf (leaf_index, entry_id) VALUES (0, %s)", [pk])
        cursor.execute("INSERT INTO audit_subtree (height, position, root) VALUES (8, 0, %s)", [SALT * 2])
        cursor.execute("INSERT INTO audit_signingkey (vkey, handover, made_at) VALUES ('k', '', now()) RETURNING id")
        cursor.execute("INSERT INTO audit_checkpoint (size, root, frontier, note, key_id, signed_at, answers)"
                       " VALUES (1, %s, '', '', %s, now(), 0)", [SALT * 2, *cursor.fetchone()])  # fmt: skip
        cursor.execute("UPDATE audit_treestate SET size = 1")
        cursor.execute("SELECT count(*) FROM audit_checkpointrequest")


def _rights(role: str) -> Iterator[tuple[str, str]]:
    """Yield each table with the rights on all of it that the role has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, r FROM pg_class, unnest(%s::text[]) r WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace AND has_table_privilege(%s, pg_class.oid, r)"
            " ORDER BY relname, array_position(%s::text[], r)",
            [list(RIGHTS), role, list(RIGHTS)],
        )
        yield from cursor.fetchall()


def _by_table(rights: Iterator[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for table, right in rights:
        found.setdefault(table, []).append(right)
    return {table: ", ".join(held) for table, held in found.items()}


def _on_whole_tables(rights: Mapping[str, str]) -> dict[str, str]:
    """Leave out what is given on some columns alone."""
    return {table: re.sub(r", [A-Z]+ \([^)]*\)", "", said) for table, said in rights.items()}


@pytest.mark.parametrize("role", [APP, SEQUENCER])
def test_nobody_chooses_the_id_of_an_entry_or_the_transaction_that_wrote_it(db: None, role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute WHERE attrelid = 'audit_entry'"
            "::regclass AND attnum > 0 AND NOT has_column_privilege(%s, attrelid, attnum, 'INSERT')",
            [role],
        )
        assert cursor.fetchone() == (["id", "written_in"],)


def test_sequencer_has_exactly_the_rights_that_are_written_down(db: None) -> None:
    assert _by_table(_rights(SEQUENCER)) == _on_whole_tables(SEQUENCER_RIGHTS)


def test_web_and_workers_have_exactly_the_rights_that_are_written_down(db: None) -> None:
    held = _by_table(_rights(APP))
    said = _on_whole_tables(APP_RIGHTS)
    assert {table: held[table] for table in said} == said
    accounts = {held.pop("accounts_user"), held.pop("accounts_agency")}  # deactivated, never deleted
    assert accounts == {"SELECT, INSERT, UPDATE"}
    assert set(held.values()) == {"SELECT", "SELECT, INSERT", "SELECT, INSERT, UPDATE, DELETE"}
    assert held["audit_entry"] == held["audit_checkpointrequest"] == "SELECT"
    assert held["review_assessment"] == "SELECT, INSERT"


def test_payload_has_three_columns_that_web_and_workers_may_clear(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute WHERE attrelid = 'audit_payload'"
            "::regclass AND attnum > 0 AND has_column_privilege(%s, attrelid, attnum, 'UPDATE')",
            [APP],
        )
        assert cursor.fetchone() == (["content", "erased_by_id", "salt"],)


@pytest.fixture
def temporary_tables_allowed(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT TEMPORARY ON DATABASE {connection.settings_dict['NAME']} TO {APP}")


SHADOWS = """
CREATE TEMPORARY TABLE audit_entry (id bigint, uid uuid, kind text, canonical text);
CREATE TEMPORARY TABLE audit_payload (entry_id bigint, content text, salt bytea, erased_by_id bigint);
CREATE TEMPORARY TABLE audit_leaf (leaf_index bigint, entry_id bigint)
"""


def _shadowing(cursor: Any) -> None:
    cursor.execute(SHADOWS)
    cursor.execute("SET LOCAL search_path = pg_temp, public")


def test_erasure_in_tables_of_ones_own_lets_nothing_be_erased(temporary_tables_allowed: None) -> None:
    """A session could show the triggers its own tables of the same name, if they looked where it says."""
    with connection.cursor() as cursor:
        said, uid = write(cursor)
        other, _ = write(cursor)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _shadowing(cursor)
        cursor.execute("INSERT INTO audit_entry VALUES (%s, %s, 'audit:payload:erased/1', ''), (%s, %s, 'other', '')",
                       [other, "6f1c9d1e-7a53-4d3c-9b0c-0d9a2f9e4c11", said, uid])  # fmt: skip
        cursor.execute("INSERT INTO audit_payload VALUES (%s, %s)", [other, f'{{"entries":["{uid}"]}}'])
        cursor.execute("INSERT INTO audit_leaf VALUES (0, %s)", [said])
        with pytest.raises(Exception, match="audit_payload_is_only_erased"):
            cursor.execute("UPDATE public.audit_payload SET content = NULL, salt = NULL, erased_by_id = %s"
                           " WHERE entry_id = %s", [other, said])  # fmt: skip
