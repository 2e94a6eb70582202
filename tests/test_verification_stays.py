"""What a verification of the log ended with stays as it is: PostgreSQL refuses changes, those of the web's role too."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection

from audit.models import Verification
from audit.verification import ask_for_verification, claim, go_on
from config.roles import APP, SEQUENCER
from tests.audit_fixtures import connection_of
from tests.review_scene import execute, refused

STAYS = "audit_verification_stays_as_it_ended"
# What somebody might like to have been found, each a row that the constraints would let stand.
REWRITINGS = (
    "UPDATE audit_verification SET state = 'held', finding = '', done = size",
    "UPDATE audit_verification SET state = 'running', ended_at = NULL, finding = ''",
    "UPDATE audit_verification SET finding = 'Another.'",
    "UPDATE audit_verification SET at_entry = 1",
    "UPDATE audit_verification SET ended_at = ended_at - interval '1 year'",
    "UPDATE audit_verification SET checkpoints = 9, erased = 9",
    "UPDATE audit_verification SET lease = gen_random_uuid()",
)
FAILED = (
    "INSERT INTO audit_verification (asked_at, state, size, kept, done, frontier, checkpoints, erased, lease, ended_at,"
    " finding) VALUES (now(), 'failed', 5, '', 3, '', 0, 0, gen_random_uuid(), now(), 'It is gone.')"
)


@pytest.fixture
def ended(db: None) -> None:
    execute(FAILED)
    execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing may be pending in a table that is truncated


@pytest.mark.parametrize("statement", REWRITINGS)
def test_verification_that_has_ended_is_never_changed(ended: None, statement: str) -> None:
    with refused(STAYS):
        execute(statement)
    execute(f"DROP TRIGGER {STAYS} ON audit_verification")
    execute(statement)


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("DELETE FROM audit_verification", "audit_verification_is_never_removed"),
        ("TRUNCATE audit_verification", "audit_verification_is_never_truncated"),
    ],
)
def test_verification_is_never_removed(ended: None, statement: str, rule: str) -> None:
    with refused(rule):
        execute(statement)
    execute(f"DROP TRIGGER {rule} ON audit_verification")
    execute(statement)


def test_verification_that_runs_is_not_removed_either(db: None) -> None:
    Verification.objects.create(size=0)
    with refused("audit_verification_is_never_removed"):
        execute("DELETE FROM audit_verification")


@pytest.fixture
def app(transactional_db: None) -> Iterator["psycopg.Connection[Any]"]:
    """The role of web and workers, with a verification that has ended."""
    execute(FAILED)
    with connection_of(APP) as app:
        yield app


@pytest.mark.parametrize("statement", REWRITINGS)
def test_web_and_workers_cannot_change_how_one_ended(app: "psycopg.Connection[Any]", statement: str) -> None:
    """They hold the rights on these columns, to write how one that runs comes on."""
    with pytest.raises(psycopg.errors.RestrictViolation, match=STAYS):
        app.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_verification", "TRUNCATE audit_verification", "UPDATE audit_verification SET size = 1",
        "UPDATE audit_verification SET asked_by_id = NULL", "UPDATE audit_verification SET kept = ''",
        f"ALTER TABLE audit_verification DISABLE TRIGGER {STAYS}",
    ],
)  # fmt: skip
def test_web_and_workers_may_not_even_try(app: "psycopg.Connection[Any]", statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement)


def test_sequencer_has_nothing_to_do_with_it(ended: None) -> None:
    with connection_of(SEQUENCER) as role, pytest.raises(psycopg.errors.InsufficientPrivilege):
        role.execute("SELECT * FROM audit_verification")


@contextmanager
def as_web_and_workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let Django sign in as their role."""
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "USER", APP)
        yield
        connection.close()


@pytest.mark.parametrize("finding", ["", "It is gone."])
def test_role_of_web_and_workers_verifies_to_the_end(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, finding: str
) -> None:
    """With the rights that it has: begin, take up, go on, end."""
    from audit import verification
    from audit.stored import DoesNotHold

    def check() -> None:
        if finding:
            raise DoesNotHold(finding)

    monkeypatch.setattr(verification, "check_places", check)
    with as_web_and_workers(monkeypatch):
        taken = claim(ask_for_verification(actor=None).pk)
        assert taken is not None
        assert go_on(taken, seconds=60)
    assert Verification.objects.get().finding == finding
