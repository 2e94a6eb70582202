"""What the role that Countersign runs as could do to the log, asked of PostgreSQL."""

from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.append_only import append_only_tables, guarded_tables, missing_of

# What a log must be guarded by before anybody is served; the tables of other apps come as they are found.
GUARDED = {
    "audit_entry", "audit_payload", "audit_leaf", "audit_subtree", "audit_signingkey", "audit_checkpoint",
    "audit_checkpointrequest", "audit_delivery", "audit_stamp",
}  # fmt: skip
# By these: a payload can be erased, all else is added and stays.
TRIGGERS = {
    "audit_payload_is_only_erased", "audit_payload_is_committed", "audit_payload_is_never_removed",
    "audit_payload_is_never_truncated", "audit_entry_has_its_payload",
    *(f"{table}_is_{rule}" for table in GUARDED - {"audit_payload"} for rule in ("append_only", "never_truncated")),
}  # fmt: skip
# A role may do what it could become by SET ROLE, whether or not it inherits it.
REACHABLE = "SELECT oid FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER')"
ATTRIBUTES = f"""
SELECT bool_or(rolsuper), bool_or(rolreplication), bool_or(rolbypassrls),
       bool_or(has_parameter_privilege(oid, 'session_replication_role', 'SET')),
       bool_or(rolname IN ('pg_execute_server_program', 'pg_write_server_files'))
FROM pg_roles WHERE oid IN ({REACHABLE})
"""  # noqa: S608  (constants of this file)
SAYINGS = (
    "does as a superuser whatever it likes",
    "could copy and feed the database by replication",
    "could pass by row security",
    "could switch triggers off by session_replication_role",
    "could run programs and write files as the database server",
)
# The owner of a trigger's function can change what it does.
OWNED = f"""
SELECT DISTINCT relname FROM pg_class LEFT JOIN pg_trigger ON tgrelid = pg_class.oid AND NOT tgisinternal
    LEFT JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE relname = ANY(%s) AND relkind = 'r' AND (relowner IN ({REACHABLE}) OR proowner IN ({REACHABLE}))
ORDER BY relname
"""  # noqa: S608  (constants of this file)
# Columns count: what is kept for good is kept in all of them. A payload's may be cleared, which a trigger sees to.
WRITABLE = f"""
SELECT DISTINCT relname FROM pg_class, ({REACHABLE}) AS reachable
WHERE relname = ANY(%s) AND relkind = 'r' AND (
    has_table_privilege(reachable.oid, pg_class.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')
    OR (relname = ANY(%s) AND has_any_column_privilege(reachable.oid, pg_class.oid, 'UPDATE')))
ORDER BY relname
"""  # noqa: S608  (constants of this file)


def role(connection: BaseDatabaseWrapper) -> str:
    """Return the name of the role that signed in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user::text")
        return str(cursor.fetchone()[0])


def powers(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Yield what the role could do to the log and mustn't be able to, the worst first."""
    yield from _attributes(connection)
    kept = append_only_tables(connection)
    guarded = sorted(kept | guarded_tables(connection) | GUARDED)
    if owned := _tables(connection, OWNED, guarded):
        yield f"could disable the triggers of {_counted(owned)} as the owner"
    elif writable := _tables(connection, WRITABLE, guarded, sorted(kept)):
        yield f"may change or remove rows of {_counted(writable)}"


def unguarded_tables(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the tables of the log on which the triggers that keep it don't stand, or don't fire."""
    missing = missing_of(connection, TRIGGERS)
    return {table for table in GUARDED if any(trigger.startswith(f"{table}_") for trigger in missing)}


def _attributes(connection: BaseDatabaseWrapper) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(ATTRIBUTES)
        held = dict(zip(SAYINGS, cursor.fetchone(), strict=True))
    if held[SAYINGS[0]]:
        yield SAYINGS[0]  # which is all the others too
    else:
        yield from (saying for saying, so in held.items() if so)


def _tables(connection: BaseDatabaseWrapper, question: str, *lists: list[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(question, list(lists))
        return [name for (name,) in cursor.fetchall()]


def _counted(tables: list[str]) -> str:
    return tables[0] if len(tables) == 1 else f"{tables[0]} and {len(tables) - 1} other tables"
