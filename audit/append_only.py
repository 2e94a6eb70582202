"""Tables that are added to and never changed.

A table is append-only when it carries the two triggers below. They are plain SQL in a
migration: django-pgtrigger's triggers can be switched off by a setting. A row-level trigger
doesn't see TRUNCATE, so that one has a trigger of its own. ENABLE ALWAYS keeps both firing
where session_replication_role is `replica`. Only the owner of a table can disable them, and
nobody signs in as the owner (audit/grants.py).
"""

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


REFUSE_CHANGE_AFTER_THE_END = """
CREATE OR REPLACE FUNCTION audit_refuse_change_after_the_end() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION '%: what has ended stays as it ended, and no row goes (% refused)', TG_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END
$body$;
"""
STAYS_AS_IT_ENDED = """
CREATE TRIGGER {table}_stays_as_it_ended BEFORE UPDATE ON {table}
    FOR EACH ROW WHEN (OLD.{ended} IS NOT NULL) EXECUTE FUNCTION audit_refuse_change_after_the_end();
CREATE TRIGGER {table}_is_never_removed BEFORE DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change_after_the_end();
CREATE TRIGGER {table}_is_never_truncated BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change_after_the_end();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stays_as_it_ended;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_is_never_removed;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_is_never_truncated;
"""
MAY_CHANGE_AFTER_THE_END = """
DROP TRIGGER {table}_is_never_truncated ON {table};
DROP TRIGGER {table}_is_never_removed ON {table};
DROP TRIGGER {table}_stays_as_it_ended ON {table};
"""


def stays_as_it_ended_sql(table: str, ended: str) -> tuple[str, str]:
    """Return the SQL that keeps a row as it is once its column `ended` is set, and the SQL that undoes it."""
    add = REFUSE_CHANGE_AFTER_THE_END + STAYS_AS_IT_ENDED.format(table=table, ended=ended)
    return add, MAY_CHANGE_AFTER_THE_END.format(table=table)


def append_only_tables(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the tables that are append-only, read from the database, where the rule lives."""
    return _tables_with(connection, "_is_append_only")


def guarded_tables(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the tables from which no row can go: those that are append-only, and those whose rows only change."""
    return _tables_with(connection, "_is_never_truncated")


def _tables_with(connection: BaseDatabaseWrapper, trigger: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE tgname = relname || %s AND tgenabled <> 'D'",
            [trigger],
        )
        return {name for (name,) in cursor.fetchall()}
