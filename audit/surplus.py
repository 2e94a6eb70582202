"""What a role may do beyond what audit/grants.py gives it: every right, on tables and columns, is asked of PostgreSQL.

A list of what is forbidden would forget something; what isn't given is surplus. A role may also do what it could become
by SET ROLE, and what PUBLIC may.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.append_only import append_only_tables, guarded_tables
from audit.database_rules import rules
from audit.grants import rights_on_sequence, rights_on_table
from audit.powers import role

PUBLIC = "public"
# PUBLIC counts twice, by itself and for every role: so it shows through whom a role has a right.
HELD = """
WITH on_tables AS (
    SELECT unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS may
    UNION ALL SELECT 'MAINTAIN' WHERE current_setting('server_version_num')::integer >= 170000
), holders AS (
    SELECT rolname AS holder FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER') UNION ALL SELECT 'public'
), tables AS (
    SELECT oid, relname FROM pg_class
    WHERE relname = ANY(%s) AND relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
), sequences AS (
    SELECT DISTINCT pg_class.oid, pg_class.relname FROM pg_class
        JOIN pg_depend ON objid = pg_class.oid AND classid = 'pg_class'::regclass AND deptype IN ('a', 'i')
        JOIN tables ON tables.oid = refobjid
    WHERE relkind = 'S'
)
SELECT 'TABLE', relname, may, '', holder FROM tables, holders, on_tables
    WHERE has_table_privilege(holder, tables.oid, may)
UNION ALL
SELECT 'TABLE', relname, may, attname, holder
    FROM tables JOIN pg_attribute ON attrelid = tables.oid AND attnum > 0 AND NOT attisdropped, holders,
        unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS may
    WHERE has_column_privilege(holder, tables.oid, attnum, may)
UNION ALL
SELECT 'SEQUENCE', relname, may, '', holder FROM sequences, holders, unnest(ARRAY['SELECT', 'USAGE', 'UPDATE']) AS may
    WHERE has_sequence_privilege(holder, sequences.oid, may)
UNION ALL
SELECT 'SCHEMA', current_schema(), 'CREATE', '', holder FROM holders
    WHERE has_schema_privilege(holder, current_schema(), 'CREATE')
UNION ALL
SELECT 'DATABASE', current_database(), may, '', holder FROM holders, unnest(ARRAY['CREATE', 'TEMPORARY']) AS may
    WHERE has_database_privilege(holder, current_database(), may)
"""
# Which rights `manage.py migrate` takes away and gives anew.
MIGRATING_GIVES_ANEW = {"TABLE", "SEQUENCE"}
MIGRATE = "run `manage.py migrate` as the migrating role, which takes it back"
PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
PART = re.compile(r"([A-Z]+)(?: \(([^)]*)\))?")


@dataclass(frozen=True, order=True)
class Right:
    """A right on one thing: on all of it, or on one column."""

    kind: str
    name: str
    may: str
    column: str = ""

    @property
    def of_all(self) -> "Right":
        """The same right on the whole table."""
        return Right(self.kind, self.name, self.may)


@dataclass(frozen=True)
class Surplus:
    """What a role may do to one thing and wasn't given; through itself, PUBLIC, or a role that it could become."""

    kind: str
    name: str
    rights: tuple[Right, ...]
    through: str

    @property
    def written(self) -> str:
        """The rights as GRANT and REVOKE write them."""
        columns = defaultdict(list)
        for right in self.rights:
            columns[right.may].append(right.column)
        return ", ".join(may if "" in of else f"{may} ({', '.join(of)})" for may, of in columns.items())

    @property
    def on(self) -> str:
        """What they are on, as GRANT and REVOKE write it."""
        return f"{self.kind} {quoted(self.name)}"

    def sentence(self, *, own: str, given_to: str) -> str:
        """Say what the role `own` may do, and how that ends, where it is to have the rights of `given_to`."""
        if self.through == own:
            migrated = own == given_to and self.kind in MIGRATING_GIVES_ANEW
            way, end = "", MIGRATE if migrated else f"run `{self._revoked_from(own)}` as the migrating role"
        elif self.through == PUBLIC:
            way, end = " through PUBLIC", f"run `{self._revoked_from('PUBLIC')}` as the migrating role or a superuser"
        else:
            way, end = f" through {self.through}", f"take {own} out of it as a superuser"
        return (
            f"The database role {own} may {self.written} on the {self.on.lower()}{way}, which it wasn't given: {end}."
        )

    def _revoked_from(self, whom: str) -> str:
        return f"REVOKE {self.written} ON {self.on} FROM {whom if whom == 'PUBLIC' else quoted(whom)}"


def quoted(name: str) -> str:
    """Return a name as SQL takes it."""
    return name if PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def surplus(connection: BaseDatabaseWrapper, *, given_to: str) -> Iterator[Surplus]:
    """Yield what the role that signed in may do beyond what `given_to` is given, thing by thing."""
    own, held = role(connection), _held(connection, managed_tables())
    kept = append_only_tables(connection) | guarded_tables(connection) | _to_be_kept()
    beyond = set(held) - _given(held, given_to, kept)
    found: dict[tuple[str, str, str], list[Right]] = defaultdict(list)
    for right in sorted(beyond):
        if not right.column or right.of_all not in beyond:
            found[right.kind, right.name, _through(held[right], own)].append(right)
    for (kind, name, through), rights in found.items():
        yield Surplus(kind, name, tuple(rights), through)


def managed_tables() -> list[str]:
    """Return the tables whose rights are given after each migration."""
    return sorted(
        {model._meta.db_table for model in apps.get_models(include_auto_created=True)} | {"django_migrations"}
    )


def _to_be_kept() -> set[str]:
    """Return the tables that are to be guarded, whether they are or not."""
    return {rule.table for rule in rules() if rule.what == f"trigger {rule.table}_is_never_truncated"}


def _held(connection: BaseDatabaseWrapper, tables: list[str]) -> Mapping[Right, set[str]]:
    """Return each right that the role has, with who else has it: those that it could become, and PUBLIC."""
    held: dict[Right, set[str]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(HELD, [tables])
        for kind, name, may, column, holder in cursor.fetchall():
            held[Right(kind, name, may, column)].add(holder)
    return held


def _given(held: Iterable[Right], role: str, kept: set[str]) -> set[Right]:
    """Return those of the rights that are given to the role of this name."""
    said = {(right.kind, right.name): _rights(right.kind, right.name, role, kept) for right in held}
    return {right for right in held if said[right.kind, right.name].get(right.may, set()) & {"", right.column}}


def _rights(kind: str, name: str, role: str, kept: set[str]) -> dict[str, set[str]]:
    """Return which rights are given on a thing, and on which columns; "" for all of them."""
    if kind == "TABLE":
        said = rights_on_table(role, name, kept)
    else:
        said = rights_on_sequence(role, name) if kind == "SEQUENCE" else ""
    return {may: set(columns.split(", ")) for may, columns in PART.findall(said)}


def _through(holders: set[str], own: str) -> str:
    if PUBLIC in holders:
        return PUBLIC
    return min(holders - {own}, default=own)
