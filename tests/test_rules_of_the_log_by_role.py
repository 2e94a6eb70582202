"""What the roles that serve come up against where they try what the log's rules forbid; and that each rule is tried."""

from collections.abc import Iterator

import pytest
from django.db import connection

from config.roles import APP, MIGRATOR, SEQUENCER
from tests import log_attempts, test_rules_of_exports_and_deliveries, test_rules_of_the_log
from tests.log_attempts import LogAttempts, Rows
from tests.roles import as_superuser

rows = log_attempts.rows
ATTEMPTS = LogAttempts(test_rules_of_the_log.ATTEMPTS | test_rules_of_exports_and_deliveries.ATTEMPTS)
ENTRIES = {}
# Which attempts a right leads as far as the rule; none leads to the others.
REACHED = {
    APP: ENTRIES,
    SEQUENCER: ENTRIES,
}


@pytest.fixture(scope="module")
def may_become_roles(django_db_setup: None) -> Iterator[None]:
    """Let the tests' connection take on the roles that serve, and try what it has prepared as the owner."""
    as_superuser(*(f"GRANT {role} TO {MIGRATOR} WITH INHERIT FALSE, SET TRUE" for role in (APP, SEQUENCER)))
    yield
    as_superuser(*(f"REVOKE {role} FROM {MIGRATOR}" for role in (APP, SEQUENCER)))


@pytest.mark.parametrize("role", [APP, SEQUENCER])
@pytest.mark.parametrize("name", ATTEMPTS)
def test_role_that_serves_is_refused_by_the_rule_or_has_no_right(
    may_become_roles: None, rows: Rows, name: str, role: str
) -> None:
    _, (outermost, *_) = ATTEMPTS[name]
    assert ATTEMPTS.refusal(name, rows, role) == (outermost.says if name in REACHED[role] else "")


# A field's own unique index is the database's and Django's affair.
STANDING = """
SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE starts_with(relname, 'audit_') AND NOT tgisinternal
UNION SELECT conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE starts_with(relname, 'audit_') AND contype IN ('c', 'f')
UNION SELECT pg_class.relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    JOIN pg_class AS tables ON tables.oid = indrelid
WHERE starts_with(tables.relname, 'audit_') AND indisunique AND NOT indisprimary
"""


def test_every_rule_of_the_log_is_attempted(db: None) -> None:
    """What stands in the database counts: the rules in migrations' SQL are in no model."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING)
        standing = {name for (name,) in cursor.fetchall()}
    assert len(standing) > 35
    assert {name for name in standing - ATTEMPTS.rules if not name.endswith("_key")} == set()
