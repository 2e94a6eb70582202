"""What the constraints say is known for the PostgreSQL that the tests run on; on another it is said that it isn't."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from audit import constraint_texts
from audit.constraint_texts import FILE, major_version
from audit.database_rules import added_rules, constraints_that_stand, missing_rules, rules
from audit.startup import begin, left_out, role_cannot_undo_the_log
from config.roles import APP, OWNER
from tests.review_scene import execute
from tests.roles import signed_in
from tests.stack import postgres


def test_what_is_kept_is_what_a_freshly_migrated_database_says(db: None) -> None:
    """`make constraints` writes them anew; look at what changed before you commit it."""
    said = StringIO()
    call_command("audit", "constraints", stdout=said)
    assert said.getvalue() == FILE.read_text()


def test_every_constraint_has_its_text(db: None) -> None:
    """All but NOT NULL, which says nothing more, and triggers and functions, which the migrations' SQL says."""
    said = constraint_texts.texts()
    declared = {(rule.table, rule.what) for rule in rules() if not rule.how}
    assert {what.split(" ")[0] for _, what in declared - said.keys()} == {"not"}
    assert {what.split(" ")[0] for _, what in said} == {
        "constraint", "unique", "check", "foreign", "generated", "default",
    }  # fmt: skip
    assert len(said) > 300


def test_what_stands_is_read_as_it_is_written(db: None) -> None:
    written = {rule.what: rule.how for rule in constraints_that_stand(connection) if rule.table == "audit_verification"}
    assert written["constraint audit_verification_holds_as_a_whole"] == (
        "CHECK (((NOT ((state)::text = 'held'::text)) OR (done = size)))"
    )
    assert written["constraint audit_verification_one_runs"] == (
        "USING btree (state) WHERE ((state)::text = 'running'::text)"
    )


@pytest.fixture
def restored(db: None, tmp_path: Path) -> Iterator[DatabaseWrapper]:
    """The database after a disaster: dumped, and restored under another name."""
    name, dump = f"{connection.settings_dict['NAME']}_once_more", str(tmp_path / "dump")
    postgres("pg_dump", "--schema-only", "-Fc", "-f", dump, connection.settings_dict["NAME"])
    postgres("createdb", "-O", OWNER, "-T", "template0", name)
    other = DatabaseWrapper(connection.settings_dict | {"NAME": name})
    try:
        postgres("pg_restore", "-d", name, dump)
        yield other
    finally:
        other.close()
        postgres("dropdb", name)


def test_database_that_was_restored_misses_nothing(restored: DatabaseWrapper) -> None:
    """PostgreSQL reads its own words anew then, and may write them otherwise from then on."""
    assert constraints_that_stand(restored) ^ constraints_that_stand(connection) == set()
    assert [str(rule) for rule in missing_rules(restored)] == []
    assert added_rules(restored) == []


@pytest.fixture
def unknown_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know another version only."""
    monkeypatch.setattr(constraint_texts, "VERSIONS", (14,))


def test_on_an_unknown_version_constraints_are_known_by_name(db: None, unknown_version: None) -> None:
    name = "audit_export_failed_for_a_reason"
    assert missing_rules(connection) == []
    execute(f"ALTER TABLE audit_export DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK (true)")
    assert missing_rules(connection) == []
    execute(f"ALTER TABLE audit_export DROP CONSTRAINT {name}")
    assert [str(rule) for rule in missing_rules(connection)] == [f"constraint {name} on audit_export"]


def test_unknown_version_is_said(
    transactional_db: None, unknown_version: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """At the start, and by `manage.py check --deploy`."""
    with signed_in(APP) as other, monkeypatch.context() as patch:
        patch.setattr("audit.startup.connection", other)
        (warning,) = role_cannot_undo_the_log(databases=["default"])
    said = (
        f"it isn't known how PostgreSQL {major_version(connection)} writes them: use version 14 to have that compared"
    )
    assert warning.id == "audit.W001"
    assert said in warning.msg
    monkeypatch.setattr("audit.startup.check_database", lambda _: None)  # the tests are the owner, which is refused
    begin("web server")
    assert said in caplog.text


def test_known_version_leaves_nothing_to_say(db: None) -> None:
    assert left_out() == ""
