"""What tests give to roles of the database, and take back."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.audit_fixtures import connection_of


def as_superuser(*statements: str) -> None:
    with connection_of("postgres") as superuser:
        for statement in statements:
            superuser.execute(statement)


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
