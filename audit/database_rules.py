"""Which rules PostgreSQL must hold the log and all else by, and which of them it doesn't.

What must stand is read from what puts it up: the models, and the SQL of the migrations. So the list is as new as the
program is. A rule that is there and isn't at work counts as missing: a trigger that doesn't fire always, a constraint
that isn't enforced or was never validated, an index that isn't valid.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections, migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models import Model


@dataclass(frozen=True, order=True)
class Rule:
    """A rule on a table: by its name, or by its columns where Django or PostgreSQL chose the name."""

    table: str
    what: str

    def __str__(self) -> str:
        return f"{self.what} on {self.table}"


def missing_rules(connection: BaseDatabaseWrapper) -> list[Rule]:
    """Return the rules that don't stand, or don't hold everybody."""
    return sorted(rules() - _standing(connection))


def rules_rest(connection: BaseDatabaseWrapper) -> bool:
    """Whether this role signs in so that foreign keys and triggers rest, but those that fire always."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('session_replication_role') <> 'origin'")
        return bool(cursor.fetchone()[0])


@cache
def rules() -> frozenset[Rule]:
    """Return every rule that models and migrations of our own apps put up."""
    declared = {rule for model in own_models() for rule in _of_model(model)}
    tables = {model._meta.db_table for model in own_models()}
    return frozenset(declared | {rule for rule in _of_migrations() if rule.table in tables})


def own_models() -> list[type[Model]]:
    """Return the models of our own apps that have a table, those between two models with them."""
    return [
        model
        for app in apps.get_app_configs()
        if Path(app.path).resolve().parent == settings.BASE_DIR
        for model in app.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


# --- What must stand -------------------------------------------------------------------------


def _of_model(model: type[Model]) -> Iterator[Rule]:
    said = model._meta
    for constraint in said.constraints:
        yield Rule(said.db_table, f"constraint {constraint.name}")
    for together in said.unique_together:
        columns = sorted(str(said.get_field(name).column) for name in together)  # type: ignore[union-attr]
        yield Rule(said.db_table, f"unique ({', '.join(columns)})")
    for field in said.local_concrete_fields:
        yield from (Rule(said.db_table, what) for what in _of_field(field))


def _of_field(field: Any) -> Iterator[str]:
    column = f"({field.column})"
    if not (field.null or field.generated):
        yield f"not null {column}"
    if field.unique:
        yield f"unique {column}"
    if field.db_check(connections["default"]):
        yield f"check {column}"
    if field.is_relation and field.db_constraint:
        yield f"foreign key {column} to {field.related_model._meta.db_table}"


BODY = re.compile(r"(\$\w*\$).*?\1", re.DOTALL)
PUT_UP_OR_TAKEN_DOWN = re.compile(
    r"""\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?"?(?P<altered>\w+)
    | \bADD\s+CONSTRAINT\s+"?(?P<added>\w+)
    | \bDROP\s+CONSTRAINT\s+(?:IF\s+EXISTS\s+)?"?(?P<dropped>\w+)
    | \bCREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\s+"?(?P<trigger>\w+).*?\sON\s+"?(?P<on>\w+)
    | \bDROP\s+TRIGGER\s+(?:IF\s+EXISTS\s+)?"?(?P<gone>\w+)"?\s+ON\s+"?(?P<off>\w+)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


def _of_migrations() -> set[Rule]:
    """Follow the SQL of all migrations in their order: a later one may take down what an earlier one put up."""
    standing: set[Rule] = set()
    for sql in _sql_of_migrations():
        table = ""
        for found in PUT_UP_OR_TAKEN_DOWN.finditer(BODY.sub("", sql)):
            table = found["altered"] or table
            _follow(standing, found, table)
    return standing


def _follow(standing: set[Rule], found: re.Match[str], table: str) -> None:
    if found["added"]:
        standing.add(Rule(table, f"constraint {found['added']}"))
    elif found["dropped"]:
        standing.discard(Rule(table, f"constraint {found['dropped']}"))
    elif found["trigger"]:
        standing.add(Rule(found["on"], f"trigger {found['trigger']}"))
    elif found["gone"]:
        standing.discard(Rule(found["off"], f"trigger {found['gone']}"))


def _sql_of_migrations() -> Iterator[str]:
    loader = MigrationLoader(None)
    plan = dict.fromkeys(key for leaf in loader.graph.leaf_nodes() for key in loader.graph.forwards_plan(leaf))
    for key in plan:
        for operation in loader.graph.nodes[key].operations:
            yield from _sql_of(operation)


def _sql_of(operation: Operation) -> Iterator[str]:
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from _sql_of(inner)
    elif isinstance(operation, migrations.RunSQL):
        said = operation.sql
        for statement in [said] if isinstance(said, str) else said:
            yield statement if isinstance(statement, str) else statement[0]


# --- What stands -----------------------------------------------------------------------------

# A field's own check is known by its column, and isn't taken for one that has a name.
# PostgreSQL before 18 has no column conenforced. A foreign key is held by triggers, which a superuser can disable.
STANDING = """
WITH tables AS (
    SELECT oid, relname FROM pg_class
    WHERE relname = ANY(%s) AND relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
), held AS (
    SELECT pg_constraint.*, relname, (
        SELECT string_agg(attname::text, ', ' ORDER BY attname) FROM pg_attribute
        WHERE attrelid = conrelid AND attnum = ANY(conkey)) AS columns
    FROM pg_constraint JOIN tables ON tables.oid = conrelid
    WHERE convalidated AND coalesce((to_jsonb(pg_constraint) ->> 'conenforced')::boolean, true)
        AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgconstraint = pg_constraint.oid AND tgenabled NOT IN ('O', 'A'))
), alone AS (
    SELECT relname, indexrelid, indpred IS NULL AND indexprs IS NULL AS plain, (
        SELECT string_agg(attname::text, ', ' ORDER BY attname) FROM pg_attribute
        WHERE attrelid = indrelid AND attnum = ANY(indkey)) AS columns
    FROM pg_index JOIN tables ON tables.oid = indrelid
    WHERE indisunique AND indisvalid AND indisready AND indislive
)
SELECT relname, 'trigger ' || tgname FROM pg_trigger JOIN tables ON tables.oid = tgrelid
    WHERE NOT tgisinternal AND tgenabled = 'A'
UNION SELECT relname, 'constraint ' || conname FROM held WHERE contype IN ('c', 'f', 'x')
UNION SELECT relname, 'check (' || columns || ')' FROM held WHERE contype = 'c' AND 'constraint ' || conname <> ALL(%s)
UNION SELECT held.relname, 'foreign key (' || columns || ') to ' || pg_class.relname
    FROM held JOIN pg_class ON pg_class.oid = confrelid WHERE contype = 'f'
UNION SELECT alone.relname, 'constraint ' || pg_class.relname FROM alone JOIN pg_class ON pg_class.oid = indexrelid
UNION SELECT relname, 'unique (' || columns || ')' FROM alone WHERE plain
UNION SELECT relname, 'not null (' || attname || ')' FROM pg_attribute JOIN tables ON tables.oid = attrelid
    WHERE attnotnull AND attnum > 0 AND NOT EXISTS (
        SELECT FROM pg_constraint WHERE conrelid = attrelid AND contype = 'n' AND attnum = ANY(conkey)
            AND NOT convalidated)
"""


def _standing(connection: BaseDatabaseWrapper) -> set[Rule]:
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [sorted({rule.table for rule in rules()}), sorted({rule.what for rule in rules()})])
        return {Rule(table, what) for table, what in cursor.fetchall()}
