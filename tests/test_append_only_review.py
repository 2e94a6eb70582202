"""What is signed and concluded is written once: neither the owner of the tables nor another role changes it."""

import uuid

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from review.models import Assessment
from tests.audit_fixtures import app_connection
from tests.review_scene import Scene, both_find_nobody, execute, insert, refused

CHANGES = [
    ("review_assessment", "UPDATE review_assessment SET rationale = 'Changed'"),
    ("review_assessment", "UPDATE review_assessment SET level = 3"),
    ("review_assessment", "DELETE FROM review_assessment"),
    ("review_assessment", "TRUNCATE review_assessment CASCADE"),
    ("review_conclusion", "UPDATE review_conclusion SET adjudicated = true"),
    ("review_conclusion", "UPDATE review_conclusion SET fused_rating = 3"),
    ("review_conclusion", "DELETE FROM review_conclusion"),
    ("review_conclusion", "TRUNCATE review_conclusion CASCADE"),
    ("review_reopening", "UPDATE review_reopening SET reason = 'Changed'"),
    ("review_reopening", "DELETE FROM review_reopening"),
    ("review_reopening", "TRUNCATE review_reopening CASCADE"),
]
# Filled by what comes after a conclusion; that their triggers fire is seen by their TRUNCATE, which needs no row.
LATER = ("review_supplementarynote", "review_identifier", "review_verification", "review_identification")
TABLES = ("review_assessment", "review_conclusion", "review_reopening", *LATER)


@pytest.fixture
def concluded(scene: Scene) -> Scene:
    both_find_nobody(scene)
    insert("review_conclusion", scene.conclusion())
    reopening = {
        "id": uuid.uuid4(), "review_id": scene.review.pk, "cause": "new_evidence", "reason": "A record has come.",
        "opened_by_id": scene.requester.pk, "opened_at": timezone.now(),
    }  # fmt: skip
    insert("review_reopening", reopening)
    execute("SET CONSTRAINTS ALL IMMEDIATE")  # or TRUNCATE would fail already for the foreign keys yet to be checked
    return scene


def test_owner_can_not_change_what_is_signed(concluded: Scene) -> None:
    for table, statement in CHANGES:
        with refused(f"{table}_is_append_only"):
            execute(statement)
    for table in LATER:
        with refused(f"{table}_is_append_only"):
            execute(f"TRUNCATE {table} CASCADE")


def test_without_the_triggers_the_owner_could(concluded: Scene) -> None:
    """It is these triggers that refuse, and nothing else."""
    for table in TABLES:
        execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    execute("UPDATE review_assessment SET rationale = 'Changed'")
    execute("UPDATE review_conclusion SET adjudicated = true")
    with refused("conclusion_first_reviewer_signed_this_finding"):
        execute("DELETE FROM review_assessment")
    execute("TRUNCATE review_conclusion CASCADE")
    execute("DELETE FROM review_assessment")
    assert not Assessment.objects.exists()


@pytest.mark.parametrize("table", TABLES)
def test_replica_role_does_not_silence_the_triggers(db: None, table: str) -> None:
    """ENABLE ALWAYS: a superuser who sets session_replication_role is refused too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [table]
        )
        assert dict(cursor.fetchall()) == {f"{table}_is_append_only": "A", f"{table}_is_never_truncated": "A"}


@pytest.mark.parametrize(
    "statement",
    [statement for _, statement in CHANGES]
    + [f"DELETE FROM {table}" for table in LATER]
    + [
        "ALTER TABLE review_assessment DISABLE TRIGGER ALL",
        "ALTER TABLE review_conclusion DISABLE TRIGGER USER",
        "DROP TRIGGER review_conclusion_is_append_only ON review_conclusion",
        "ALTER TABLE review_conclusion DROP CONSTRAINT conclusion_by_two_different_people",
        "ALTER TABLE review_conclusion DROP CONSTRAINT conclusion_second_reviewer_signed_this_finding",
        "ALTER TABLE review_assessment DROP CONSTRAINT assessment_one_per_reviewer",
        "ALTER TABLE review_conclusion ALTER COLUMN second_reviewer_id DROP NOT NULL",
        "DROP TABLE review_conclusion",
        "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "SET session_replication_role = replica",
        "CREATE TRIGGER quiet BEFORE INSERT ON review_conclusion EXECUTE FUNCTION audit_refuse_change()",
    ],
)
def test_role_of_web_and_workers_may_not_even_try(db: None, statement: str) -> None:
    with app_connection() as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement)
