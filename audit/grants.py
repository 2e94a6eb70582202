"""Which role of the database may do what: four of them, none of which can do another's part (docs/codebase.md).

The owner of every table can't log in. The migrating role logs in and becomes it. The role of web and workers reads
everything, adds entries, and changes what isn't kept for good. The sequencer's role alone gives entries their order
and keeps what is signed. Rights are given after each migration, by what the database itself keeps append-only.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.append_only import append_only_tables, guarded_tables

EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"
ADD = "SELECT, INSERT"
READ = "SELECT"
USE = "USAGE"
# Not its id, nor the transaction that wrote it: the sequencer goes by these, and would pass over an entry that lies.
ADD_ENTRY = (
    "SELECT, INSERT (uid, kind, recorded_at, actor_id, agency_id, subject_type, subject_id, case_id, purpose,"
    " request_id, canonical, leaf_hash)"
)
# What only the sequencer writes; web and workers read it.
SEQUENCER_TABLES = {
    "audit_leaf": ADD,
    "audit_subtree": ADD,
    "audit_checkpoint": ADD,
    "audit_signingkey": ADD,
    "audit_treestate": "SELECT, INSERT, UPDATE",
}
# What else the sequencer needs: it reads entries and requests, and records what becomes of its keys.
SEQUENCER_RIGHTS = SEQUENCER_TABLES | {"audit_entry": ADD_ENTRY, "audit_payload": ADD, "audit_checkpointrequest": READ}
# A payload can be erased and nothing else, which a trigger sees to.
APP_RIGHTS = dict.fromkeys(SEQUENCER_TABLES, READ) | {
    "audit_entry": ADD_ENTRY,
    # Not its number: the sequencer answers all up to one.
    "audit_checkpointrequest": "SELECT, INSERT (requested_at, after)",
    "audit_payload": "SELECT, INSERT, UPDATE (content, salt, erased_by_id)",
    # How a round over the log comes on and what it ends with; a trigger sees to it that it stays so.
    "audit_verification": (
        "SELECT, INSERT, UPDATE (state, done, frontier, checkpoints, erased, lease, leased_until, ended_at, finding,"
        " at_entry)"
    ),
    # The log names these: they are deactivated, and stay.
    "accounts_user": "SELECT, INSERT, UPDATE",
    "accounts_agency": "SELECT, INSERT, UPDATE",
    "django_migrations": READ,
}


def grant_roles(*, using: str = "default", **_: Any) -> None:
    """Give the roles of web and workers and of the sequencer their rights.

    Runs after every migration and bears running again. Nothing happens to a role that doesn't exist or is the one
    that migrates.
    """
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        _refuse_temporary_tables(connection)
        for role in (settings.APP_DATABASE_ROLE, settings.SEQUENCER_DATABASE_ROLE):
            if _is_another_role(connection, role):
                for statement in grants_to(connection, role):
                    cursor.execute(statement)


def _refuse_temporary_tables(connection: BaseDatabaseWrapper) -> None:
    """Let nobody but the owner make temporary tables: they hide others of the same name, from triggers too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_database WHERE datname = current_database() AND datdba = current_user::regrole"
        )
        if cursor.fetchone():
            database = connection.ops.quote_name(connection.settings_dict["NAME"])
            cursor.execute(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC")


def _is_another_role(connection: BaseDatabaseWrapper, role: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [role])
        return cursor.fetchone() is not None


def grants_to(connection: BaseDatabaseWrapper, role: str) -> Iterator[str]:
    """Yield the statements that first take every right away and then give those that are due."""
    quote = connection.ops.quote_name
    kept = append_only_tables(connection) | guarded_tables(connection)
    tables = {table: rights_on_table(role, table, kept) for table in _own_relations(connection, "r")}
    sequences = {sequence: rights_on_sequence(role, sequence) for sequence in _own_relations(connection, "S")}
    for relation, rights in (tables | sequences).items():
        yield f"REVOKE ALL ON {quote(relation)} FROM {quote(role)}"
        if rights:
            yield f"GRANT {rights} ON {quote(relation)} TO {quote(role)}"


def rights_on_table(role: str, table: str, kept: AbstractSet[str]) -> str:
    """Return what a role is given on a table, "" for nothing; `kept` are the tables from which no row goes."""
    if role == settings.SEQUENCER_DATABASE_ROLE:
        return SEQUENCER_RIGHTS.get(table, "")
    return APP_RIGHTS.get(table, ADD if table in kept else EVERYTHING)


def rights_on_sequence(role: str, sequence: str) -> str:
    """Return what a role is given on the sequence of a table's ids: to draw from it where it may add rows."""
    return USE if role != settings.SEQUENCER_DATABASE_ROLE or sequence.startswith("audit_") else ""


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
