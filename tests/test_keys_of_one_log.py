"""All signing keys of a log carry one name, whoever adds them; a log of before that rule takes it on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from audit.database_rules import missing_rules
from config.roles import SEQUENCER
from tests.audit_fixtures import connection_of
from tests.review_scene import execute, refused

OF_THIS_LOG = "audit_signingkey_is_of_this_log"
ADD = "INSERT INTO audit_signingkey (vkey, handover, made_at) VALUES (%s, '', now())"
FIRST, NEXT, OTHER = "log.example+1+AQ==", "log.example+2+AQ==", "log.example.other+3+AQ=="


@pytest.fixture
def sequencers(transactional_db: None) -> Iterator[list["psycopg.Connection[Any]"]]:
    """Two connections of the role that adds keys."""
    with connection_of(SEQUENCER) as one, connection_of(SEQUENCER) as two:
        yield [one, two]


def test_key_of_the_same_name_follows_and_one_of_another_does_not(db: None) -> None:
    execute(ADD, [FIRST])
    execute(ADD, [NEXT])
    for other in (OTHER, "log.exampl+3+AQ==", "LOG.example+3+AQ==", " log.example+3+AQ==", ""):
        with refused(OF_THIS_LOG):
            execute(ADD, [other])


def test_keys_of_two_names_in_one_statement_are_refused(db: None) -> None:
    with refused(OF_THIS_LOG):
        execute(f"{ADD}, (%s, '', now())", [FIRST, OTHER])
    execute(f"{ADD}, (%s, '', now())", [FIRST, NEXT])


def test_of_two_first_keys_at_once_the_second_sees_the_first(sequencers: list["psycopg.Connection[Any]"]) -> None:
    one, two = sequencers
    with ThreadPoolExecutor(1) as aside:
        with one.transaction():
            one.execute(ADD, [FIRST])
            waits = aside.submit(two.execute, ADD, [OTHER])
            with pytest.raises(TimeoutError):
                waits.result(0.5)
        with pytest.raises(psycopg.errors.CheckViolation, match=OF_THIS_LOG):
            waits.result(10)


def test_first_key_is_added_where_it_can_be_seen_what_others_added(sequencers: list["psycopg.Connection[Any]"]) -> None:
    """A transaction that sees the rows of its own beginning would miss another's first key, and be missed."""
    one, two = sequencers
    two.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with two.transaction(force_rollback=True):
        two.execute("SELECT count(*) FROM audit_signingkey")
        one.execute(ADD, [FIRST])
        with pytest.raises(psycopg.errors.CheckViolation, match=OF_THIS_LOG):
            two.execute(ADD, [OTHER])
    two.execute(ADD, [NEXT])


@pytest.fixture
def before_the_rule(db: None) -> None:
    """The database as it was."""
    MigrationExecutor(connection).migrate([("audit", "0013_newest_answer_is_found")])


def migrate() -> None:
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_log_of_before_takes_the_rule_on(before_the_rule: None) -> None:
    assert f"trigger {OF_THIS_LOG} on audit_signingkey" in {str(rule) for rule in missing_rules(connection)}
    execute(ADD, [FIRST])
    migrate()
    assert missing_rules(connection) == []
    with refused(OF_THIS_LOG):
        execute(ADD, [OTHER])
    execute(ADD, [NEXT])


def test_log_of_before_that_has_a_key_of_another_name_is_migrated_and_keeps_to_its_first(before_the_rule: None) -> None:
    """The rows stay as they are: an append-only table isn't mended, and the program refuses to sign with that key."""
    execute(ADD, [FIRST])
    execute(ADD, [OTHER])
    migrate()
    with refused(OF_THIS_LOG):
        execute(ADD, [OTHER + "more"])
    execute(ADD, [NEXT])
