"""Tables that are added to and never changed, and what the role of web and workers may do.

A table is append-only when it carries the two triggers below. They are plain SQL in a
migration: django-pgtrigger's triggers can be switched off by a setting. A row-level trigger
doesn't see TRUNCATE, so that one has a trigger of its own. ENABLE ALWAYS keeps both firing
where session_replication_role is `replica`. Only the owner of a table can disable them, and
the role of web and workers owns nothing.
"""

from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION '%_is_append_only: a row here is never changed or removed (% refused)', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || '_is_append_only';
END
$body$;
"""
ADD_TRIGGERS = """
CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER {table}_is_never_truncated BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_is_append_only;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_is_never_truncated;
"""
DROP_TRIGGERS = """
DROP TRIGGER {table}_is_append_only ON {table};
DROP TRIGGER {table}_is_never_truncated ON {table};
"""


def append_only_sql(table: str) -> tuple[str, str]:
    """Return the SQL that makes a table append-only, and the SQL that undoes it, for migrations.RunSQL."""
    return REFUSE_CHANGE + ADD_TRIGGERS.format(table=table), DROP_TRIGGERS.format(table=table)


REFUSE_RESTATING = """
CREATE OR REPLACE FUNCTION audit_refuse_restating() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION '%_never_restates: what a row says in these columns is never changed', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || '_never_restates';
END
$body$;
"""


def never_restated_sql(table: str, *columns: str) -> tuple[str, str]:
    """Return the SQL that lets no UPDATE change these columns, and the SQL that undoes it.

    A foreign key is checked at the end of a statement, so one statement that changes both sides passes it;
    who asked for something must not be changed that way either.
    """
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
    name = f"{table}_never_restates"
    add = (
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({changed})"
        f" EXECUTE FUNCTION audit_refuse_restating(); ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};"
    )
    return REFUSE_RESTATING + add, f"DROP TRIGGER {name} ON {table}"


def append_only_tables(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the tables that are append-only, read from the database, where the rule lives."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE tgname = relname || '_is_append_only' AND tgenabled <> 'D'"
        )
        return {name for (name,) in cursor.fetchall()}


def grant_app_role(*, using: str = "default", **_: Any) -> None:
    """Give the role of web and workers its rights: rows everywhere, only new rows where a table is append-only.

    Runs after every migration and bears running again. Nothing happens where that role doesn't
    exist or is the one that migrates.
    """
    connection = connections[using]
    if connection.vendor != "postgresql" or not _app_role_is_another(connection):
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for statement in _grants(connection):
            cursor.execute(statement)


def _app_role_is_another(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [settings.APP_DATABASE_ROLE]
        )
        return cursor.fetchone() is not None


def _grants(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the statements that first take every right away and then give those that are due."""
    quote = connection.ops.quote_name
    role = quote(settings.APP_DATABASE_ROLE)
    kept = append_only_tables(connection)
    statements = []
    for table in _own_relations(connection, "r"):
        statements += [
            f"REVOKE ALL ON {quote(table)} FROM {role}",
            f"GRANT {_rights(table, kept)} ON {quote(table)} TO {role}",
        ]
    return statements + [f"GRANT USAGE ON {quote(name)} TO {role}" for name in _own_relations(connection, "S")]


def _rights(table: str, kept: set[str]) -> str:
    if table == "django_migrations":
        return "SELECT"
    return "SELECT, INSERT" if table in kept else "SELECT, INSERT, UPDATE, DELETE"


def _own_relations(connection: BaseDatabaseWrapper, kind: str) -> list[str]:
    """Return the tables ("r") or sequences ("S") of the migrating role; only their owner can grant."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class JOIN pg_roles ON pg_roles.oid = relowner"
            " WHERE relkind = %s AND rolname = current_user AND relnamespace = current_schema()::regnamespace"
            " ORDER BY relname",
            [kind],
        )
        return [name for (name,) in cursor.fetchall()]
