"""What the log's rules forbid, tried with plain SQL: a log to try it on, and how an attempt is made.

Each attempt names the rules in its way, outermost first. As the owner of the tables, whom no right stops, it is made as
things are, then again with these rules dropped one after another, until it goes through: so each holds by itself, and a
rule made inert would be noticed. As a role that serves it is made once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from tests.attempts import drop
from tests.audit_rows import SALT, write, write_erasure
from tests.review_scene import execute, refused

ERASABLE = "identification:photograph:viewed/1"
VKEY = "log.example+0a1b2c3d+AQ=="
Statement = tuple[str, list[Any] | dict[str, Any]]


@dataclass(frozen=True)
class Rows:
    """A log of two entries, one of which an entry of erasure lists, and a row in each table of the tree."""

    said: int
    listed: int
    erasing: int
    uid: str
    checkpoint: int


@dataclass(frozen=True)
class Rule:
    """A constraint or trigger of a table, and the name by which it refuses."""

    table: str
    name: str
    says: str = ""

    def drop(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM pg_trigger WHERE tgname = %s AND tgrelid = %s::regclass", [self.name, self.table]
            )
            trigger = cursor.fetchone()
        if trigger:
            execute(f"DROP TRIGGER {self.name} ON {self.table}")
        else:
            drop(self.table, self.name)


def rule(table: str, name: str) -> Rule:
    return Rule(f"audit_{table}", f"audit_{name}", f"audit_{name}")


def kept(table: str, trigger: str = "is_append_only") -> Rule:
    """Name a trigger of those that keep a table append-only; all of them say the same."""
    return Rule(f"audit_{table}", f"audit_{table}_{trigger}", f"audit_{table}_is_append_only")


def refers(model: type[Model], field: str) -> Rule:
    """Name the foreign key of a field, as Django named it."""
    named = connection.schema_editor()._fk_constraint_name(
        model, model._meta.get_field(field), "_fk_%(to_table)s_%(to_column)s"
    )
    name = str(named).strip('"')
    return Rule(model._meta.db_table, name, name)


NOBODY = NOTHING = 10**9
Attempt = Callable[[Rows], Statement]


class LogAttempts(dict[str, tuple[Attempt, tuple[Rule, ...]]]):
    """Attempts by name, with the rules that refuse them."""

    def forbidden_by(self, *rules: Rule) -> Callable[[Attempt], Attempt]:
        def note(attempt: Attempt) -> Attempt:
            self[attempt.__name__] = attempt, rules
            return attempt

        return note

    def plain_sql(self, name: str, sql: str, *rules: Rule, parameters: list[Any] | None = None) -> None:
        self[name] = (lambda _: (sql, parameters or [])), rules

    @property
    def rules(self) -> set[str]:
        return {standing.name for _, rules in self.values() for standing in rules}

    def make(self, name: str, rows: Rows) -> None:
        """Make an attempt as the owner: refused by each of its rules in turn, and by nothing else."""
        statement, rules = self._prepared(name, rows)
        for standing in rules:
            with refused(standing.says):
                execute(*statement)
            standing.drop()
        execute(*statement)

    def refusal(self, name: str, rows: Rows, role: str) -> str:
        """Make an attempt as a role; return the name of the rule that refuses it, "" where no right leads so far."""
        statement, _ = self._prepared(name, rows)
        with pytest.raises(DatabaseError) as caught, acting_as(role):
            execute(*statement)
        if isinstance(problem := caught.value.__cause__, psycopg.errors.InsufficientPrivilege):
            return ""
        return problem.diag.constraint_name  # type: ignore[union-attr]

    def _prepared(self, name: str, rows: Rows) -> tuple[Statement, tuple[Rule, ...]]:
        attempt, rules = self[name]
        statement = attempt(rows)
        execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing may be pending in a table that is altered
        return statement, rules


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    """Be another role until the end, in the test's own transaction."""
    with transaction.atomic():
        execute(f"SET LOCAL ROLE {role}")
        yield


@pytest.fixture
def rows(db: None) -> Rows:
    with connection.cursor() as cursor:
        said, _ = write(cursor)
        listed, uid = write(cursor, ERASABLE, secret="told")
        erasing = write_erasure(cursor, uid)
        cursor.execute("INSERT INTO audit_leaf (leaf_index, entry_id) VALUES (0, %s), (1, %s)", [said, listed])
        cursor.execute("INSERT INTO audit_subtree (height, position, root) VALUES (8, 0, %s)", [SALT * 2])
        cursor.execute("INSERT INTO audit_checkpointrequest (requested_at) VALUES (now())")
        cursor.execute("INSERT INTO audit_treestate (id, size, frontier, settled, floor, rehashed, halted)"
                       " VALUES (1, 2, '', 0, 0, 0, '') ON CONFLICT DO NOTHING")  # fmt: skip
        cursor.execute("INSERT INTO audit_signingkey (vkey, handover, made_at) VALUES (%s, '', now()) RETURNING id",
                       [VKEY])  # fmt: skip
        cursor.execute("INSERT INTO audit_checkpoint (size, root, frontier, note, key_id, signed_at, answers) VALUES"
                       " (2, %s, '', '', %s, now(), 0) RETURNING id", [SALT * 2, *cursor.fetchone()])  # fmt: skip
        (checkpoint,) = cursor.fetchone()
    return Rows(said, listed, erasing, uid, checkpoint)
