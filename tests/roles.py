"""What tests give to roles of the database, and take back."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from tests.audit_fixtures import connection_of


def as_superuser(*statements: str) -> None:
    with connection_of("postgres") as superuser:
        for statement in statements:
            superuser.execute(statement)


@contextmanager
def signed_in(role: str) -> Iterator[DatabaseWrapper]:
    """Sign in as a role, as Django does."""
    other = DatabaseWrapper(connection.settings_dict | {"USER": role})
    try:
        yield other
    finally:
        other.close()


@contextmanager
def given(statement: str, *undone_by: str) -> Iterator[None]:
    """Give something to a role that stays, and take it back."""
    as_superuser(statement)
    try:
        yield
    finally:
        as_superuser(*undone_by or [statement.replace("GRANT", "REVOKE").replace(" TO ", " FROM ")])


def always(table: str) -> list[str]:
    return [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_is_{end}" for end in ("append_only", "never_truncated")]
