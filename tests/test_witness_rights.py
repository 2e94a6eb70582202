"""The role of web and workers adds deliveries and time stamps; it changes none and signs nothing."""

import psycopg
import pytest

from tests.audit_fixtures import app_connection

DELIVERED = (
    "INSERT INTO audit_delivery (checkpoint_id, witness, tried_at, succeeded, answer) VALUES (0, 'w', now(), true, '')"
)
STAMPED = "INSERT INTO audit_stamp (checkpoint_id, token, stamped_at, authority) VALUES (0, 'x', now(), 'a')"


@pytest.mark.parametrize("statement", [DELIVERED, STAMPED])
def test_it_may_add(db: None, statement: str) -> None:
    """As far as the foreign key, which finds no checkpoint 0."""
    with app_connection() as app, pytest.raises(psycopg.errors.ForeignKeyViolation):
        app.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_delivery SET succeeded = true", "DELETE FROM audit_delivery", "TRUNCATE audit_delivery",
        "ALTER TABLE audit_delivery DISABLE TRIGGER ALL", "UPDATE audit_stamp SET token = 'x'",
        "DELETE FROM audit_stamp", "TRUNCATE audit_stamp", "DROP TRIGGER audit_stamp_is_append_only ON audit_stamp",
        "UPDATE audit_checkpoint SET note = ''",
        "INSERT INTO audit_checkpoint SELECT * FROM audit_checkpoint",
    ],
)  # fmt: skip
def test_it_may_not_even_try(db: None, statement: str) -> None:
    with app_connection() as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement)


@pytest.mark.parametrize("statement", [DELIVERED, STAMPED])
def test_the_sequencer_may_not(db: None, settings, statement: str) -> None:
    settings.APP_DATABASE_ROLE = settings.SEQUENCER_DATABASE_ROLE
    with app_connection() as sequencer, pytest.raises(psycopg.errors.InsufficientPrivilege):
        sequencer.execute(statement)
