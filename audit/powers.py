"""What the role that Countersign runs as could do by what it is or owns, asked of PostgreSQL.

Rights on tables are another matter: audit/surplus.py.
"""

from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

# A role may do what it could become by SET ROLE, whether or not it inherits it.
REACHABLE = "SELECT oid FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER')"
ATTRIBUTES = f"""
SELECT bool_or(rolsuper), bool_or(rolcreaterole), bool_or(rolreplication), bool_or(rolbypassrls),
       bool_or(has_parameter_privilege(oid, 'session_replication_role', 'SET')),
       bool_or(rolname IN ('pg_execute_server_program', 'pg_write_server_files')),
       bool_or(rolname = 'pg_read_server_files'),
       bool_or(rolname = 'pg_write_all_data')
FROM pg_roles WHERE oid IN ({REACHABLE})
"""  # noqa: S608  (constants of this file)
SAYINGS = (
    "does as a superuser whatever it likes",
    "could make roles and hand out what it may itself (CREATEROLE)",
    "could copy and feed the database by replication",
    "could pass by row security",
    "could switch triggers off by session_replication_role",
    "could run programs and write files as the database server",
    "could read files as the database server, keys among them (pg_read_server_files)",
    "could write to every table (pg_write_all_data)",
)
# The owner of a database or a schema can drop it with all that lies in it; that of a function which triggers call can
# put another in its place.
CONTAINERS = f"""
SELECT 'the database ' || datname FROM pg_database WHERE datname = current_database() AND datdba IN ({REACHABLE})
UNION ALL
SELECT 'the schema ' || nspname FROM pg_namespace WHERE nspname = current_schema() AND nspowner IN ({REACHABLE})
UNION ALL
SELECT 'the function ' || proname FROM pg_proc
WHERE pronamespace = current_schema()::regnamespace AND proowner IN ({REACHABLE}) AND prorettype <> 'trigger'::regtype
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')
"""  # noqa: S608  (constants of this file)
# The owner of a trigger's function can change what it does.
OWNED = f"""
SELECT DISTINCT relname FROM pg_class LEFT JOIN pg_trigger ON tgrelid = pg_class.oid AND NOT tgisinternal
    LEFT JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE relname = ANY(%s) AND relkind = 'r' AND (relowner IN ({REACHABLE}) OR proowner IN ({REACHABLE}))
ORDER BY relname
"""  # noqa: S608  (constants of this file)


def role(connection: BaseDatabaseWrapper) -> str:
    """Return the name of the role that signed in."""
    return _first_column(connection, "SELECT session_user::text")[0]


def powers(connection: BaseDatabaseWrapper, tables: list[str]) -> Iterator[str]:
    """Yield what the role could do to these tables and mustn't be able to, the worst first."""
    yield from _attributes(connection)
    yield from (f"could drop {owned} as its owner" for owned in _first_column(connection, CONTAINERS))
    if owned := _first_column(connection, OWNED, tables):
        yield f"could disable the triggers of {_counted(owned)} as the owner"


def _attributes(connection: BaseDatabaseWrapper) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(ATTRIBUTES)
        held = dict(zip(SAYINGS, cursor.fetchone(), strict=True))
    if held[SAYINGS[0]]:
        yield SAYINGS[0]  # which is all the others too
    else:
        yield from (saying for saying, so in held.items() if so)


def _first_column(connection: BaseDatabaseWrapper, question: str, *lists: list[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(question, list(lists) or None)
        return [str(row[0]) for row in cursor.fetchall()]


def _counted(tables: list[str]) -> str:
    return tables[0] if len(tables) == 1 else f"{tables[0]} and {len(tables) - 1} other tables"
