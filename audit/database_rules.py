"""Which rules PostgreSQL must hold the log and all else by, and which of them it doesn't.

What must stand is read from what puts it up: the models, and the SQL of the migrations. So the list is as new as the
program is. A rule that is there and isn't at work counts as missing: a trigger that doesn't fire always, or does
something else than was written, a constraint that isn't enforced, was never validated or says something else
(audit/constraint_texts.py), an index that isn't valid.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from audit import constraint_texts
from audit.constraint_texts import major_version, settled, with_their_texts
from audit.migrated_rules import Rule, RulesInSql, functions_of_migrations, rules_of_migrations


def missing_rules(connection: BaseDatabaseWrapper) -> list[Rule]:
    """Return the rules that don't stand, say something else, or don't hold everybody.

    What constraints say is left aside where it isn't known how this version of PostgreSQL writes them.
    """
    standing = constraints_that_stand(connection)
    if major_version(connection) in constraint_texts.VERSIONS:
        expected = frozenset(with_their_texts(rules()))
    else:
        expected, standing = rules(), {Rule(rule.table, rule.what) for rule in standing}
    return sorted(expected - standing - _triggers(connection) - _functions(connection))


def added_rules(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the triggers and the rules of rewriting that stand on our tables and that no migration put up.

    And the functions and operators that our functions could take for others of the same name.
    """
    said = rules()
    with connection.cursor() as cursor:
        cursor.execute(ADDED, [sorted({rule.table for rule in said}), sorted({str(rule) for rule in said})])
        added = [name for (name,) in cursor.fetchall()]
        cursor.execute(NAMESAKES, [sorted(functions_of_migrations())])
        return added + [name for (name,) in cursor.fetchall()]


def rules_rest(connection: BaseDatabaseWrapper) -> bool:
    """Whether this role signs in so that foreign keys and triggers rest, but those that fire always."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('session_replication_role') <> 'origin'")
        return bool(cursor.fetchone()[0])


def looks_elsewhere(connection: BaseDatabaseWrapper) -> bool:
    """Whether this role signs in so that functions of others come before PostgreSQL's own of the same name."""
    with connection.cursor() as cursor:
        cursor.execute(FIRST_SCHEMA)
        return bool(cursor.fetchone() != ("pg_catalog",))


@cache
def rules() -> frozenset[Rule]:
    """Return every rule that models and migrations of our own apps put up."""
    declared = {rule for model in own_models() for rule in _of_model(model)}
    tables = {model._meta.db_table for model in own_models()}
    return frozenset(declared | {rule for rule in rules_of_migrations() if rule.table in {*tables, ""}})


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
    if field.generated:
        yield f"generated {column}"
    if field.has_db_default():
        yield f"default {column}"
    if field.unique:
        yield f"unique {column}"
    if field.db_check(connections["default"]):
        yield f"check {column}"
    if field.is_relation and field.db_constraint:
        yield f"foreign key {column} to {field.related_model._meta.db_table}"


# --- What stands -----------------------------------------------------------------------------

# A field's own check is known by its column, and isn't taken for one that has a name.
# What isn't enforced (PostgreSQL 18) doesn't count as validated either.
# A foreign key is held by triggers, which a superuser can disable.
# What an index says begins after its name and its table's.
STANDING = """
WITH tables AS (
    SELECT oid, relname FROM pg_class
    WHERE relname = ANY(%s) AND relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
), held AS (
    SELECT pg_constraint.*, relname, pg_get_constraintdef(pg_constraint.oid) AS says, (
        SELECT string_agg(attname::text, ', ' ORDER BY attname) FROM pg_attribute
        WHERE attrelid = conrelid AND attnum = ANY(conkey)) AS columns
    FROM pg_constraint JOIN tables ON tables.oid = conrelid
    WHERE convalidated AND NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgconstraint = pg_constraint.oid AND tgenabled NOT IN ('O', 'A'))
), alone AS (
    SELECT relname, indexrelid, indpred IS NULL AND indexprs IS NULL AS plain, (
        SELECT string_agg(attname::text, ', ' ORDER BY attname) FROM pg_attribute
        WHERE attrelid = indrelid AND attnum = ANY(indkey)) AS columns,
        concat_ws(' ', pg_get_constraintdef(pg_constraint.oid), substring(pg_get_indexdef(indexrelid) FROM 'USING .*'))
        AS says
    FROM pg_index JOIN tables ON tables.oid = indrelid
        LEFT JOIN pg_constraint ON conindid = indexrelid AND conrelid = indrelid AND contype IN ('p', 'u')
    WHERE indisunique AND indisvalid AND indisready AND indislive
)
SELECT relname, 'constraint ' || conname, says FROM held WHERE contype IN ('c', 'f', 'x')
UNION SELECT relname, 'check (' || columns || ')', says FROM held
    WHERE contype = 'c' AND 'constraint ' || conname <> ALL(%s)
UNION SELECT held.relname, 'foreign key (' || columns || ') to ' || pg_class.relname, says
    FROM held JOIN pg_class ON pg_class.oid = confrelid WHERE contype = 'f'
UNION SELECT alone.relname, 'constraint ' || pg_class.relname, says
    FROM alone JOIN pg_class ON pg_class.oid = indexrelid
UNION SELECT relname, 'unique (' || columns || ')', says FROM alone WHERE plain
UNION SELECT relname, 'not null (' || attname || ')', '' FROM pg_attribute JOIN tables ON tables.oid = attrelid
    WHERE attnotnull AND attnum > 0 AND NOT EXISTS (
        SELECT FROM pg_constraint WHERE conrelid = attrelid AND contype = 'n' AND attnum = ANY(conkey)
            AND NOT convalidated)
UNION SELECT relname, CASE attgenerated WHEN '' THEN 'default (' ELSE 'generated (' END || attname || ')',
        concat_ws(' ', pg_get_expr(adbin, adrelid), CASE attgenerated WHEN 's' THEN 'STORED' END)
    FROM pg_attrdef JOIN tables ON tables.oid = adrelid JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
"""


# A rule of rewriting can drop what is written before any trigger sees it; a trigger can write something else.
ADDED = """
WITH tables AS (
    SELECT oid, relname FROM pg_class
    WHERE relname = ANY(%s) AND relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
), found AS (
    SELECT format('trigger %%s on %%s', tgname, relname) AS said FROM pg_trigger JOIN tables ON tables.oid = tgrelid
        WHERE NOT tgisinternal
    UNION ALL SELECT format('rule %%s on %%s', rulename, relname) FROM pg_rewrite JOIN tables ON tables.oid = ev_class
)
SELECT said FROM found WHERE said <> ALL(%s) ORDER BY said
"""
# What a function calls is looked up while it runs, and what takes exactly what is given goes before PostgreSQL's own.
NAMESAKES = """
WITH ours AS (
    SELECT unnest(%s::text[]) AS said
), schemas AS (
    SELECT current_schema()::regnamespace AS own, 'pg_catalog'::regnamespace AS theirs
), extensions AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
)
SELECT 'function ' || oid::regprocedure FROM pg_proc AS added, schemas
WHERE pronamespace = own AND ('pg_proc'::regclass, oid) NOT IN (SELECT * FROM extensions)
    AND proname || '(' || pg_get_function_arguments(oid) || ')' NOT IN (SELECT said FROM ours)
    AND (proname IN (SELECT split_part(said, '(', 1) FROM ours)
        OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = theirs AND proname = added.proname))
UNION ALL
SELECT 'operator ' || oid::regoperator FROM pg_operator AS added, schemas
WHERE oprnamespace = own AND ('pg_operator'::regclass, oid) NOT IN (SELECT * FROM extensions)
    AND EXISTS (SELECT FROM pg_operator WHERE oprnamespace = theirs AND oprname = added.oprname)
ORDER BY 1
"""
# As PostgreSQL itself writes them, so that they are read as those of the migrations are.
TRIGGERS = """
SELECT pg_get_functiondef(tgfoid), pg_get_triggerdef(pg_trigger.oid)
FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE NOT tgisinternal AND tgenabled = 'A' AND relname = ANY(%s)
    AND relnamespace = current_schema()::regnamespace AND pronamespace = relnamespace
"""


# A function of the same name that takes something else is another one.
FUNCTIONS = """
SELECT pg_get_functiondef(oid) FROM pg_proc
WHERE 'function ' || proname = ANY(%s) AND prokind = 'f' AND pronamespace = current_schema()::regnamespace
"""
# Temporary tables may come first: no function is ever looked for among them.
FIRST_SCHEMA = """
SELECT name FROM unnest(current_schemas(true)) WITH ORDINALITY AS path (name, place)
WHERE NOT starts_with(name, 'pg_temp_') ORDER BY place LIMIT 1
"""


def constraints_that_stand(connection: BaseDatabaseWrapper) -> set[Rule]:
    """Return every constraint that is at work on our tables, with what it says; defaults and generated columns too."""
    tables, said = sorted({rule.table for rule in rules()}), sorted({rule.what for rule in rules()})
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [tables, said])
        return {Rule(table, what, settled(says)) for table, what, says in cursor.fetchall()}


def _triggers(connection: BaseDatabaseWrapper) -> set[Rule]:
    found = RulesInSql()
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS, [sorted({rule.table for rule in rules()})])
        for function, trigger in cursor.fetchall():
            found.follow(function)
            found.follow(trigger)
    return found.rules


def _functions(connection: BaseDatabaseWrapper) -> set[Rule]:
    """Return the functions that triggers' functions call."""
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS, [sorted(rule.what for rule in rules() if not rule.table)])
        return {rule for (function,) in cursor.fetchall() for rule in _read(function).rules}


def _read(function: str) -> RulesInSql:
    found = RulesInSql()
    found.follow(function)
    return found
