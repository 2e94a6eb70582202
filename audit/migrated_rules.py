"""The rules that migrations put up in plain SQL, read from that SQL.

It is followed in the migrations' order: a later one may take down or replace what an earlier one put up. A form of SQL
that isn't understood here leaves a rule out; tests/test_startup_rules.py notices.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache

from django.db import migrations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation


@dataclass(frozen=True, order=True)
class Rule:
    """A rule on a table: by its name, or by its columns where Django or PostgreSQL chose the name.

    `how` is what it says: of a trigger when it fires and what its function does, of a constraint its definition. A
    function that no trigger names, but that such functions call, is a rule on no table.
    """

    table: str
    what: str
    how: str = ""

    def __str__(self) -> str:
        return f"{self.what} on {self.table}" if self.table else self.what


@dataclass(frozen=True)
class Function:
    """What a function takes, how it is declared, where it looks for tables, and what it does."""

    takes: str = ""
    declared: str = ""
    path: str = ""
    body: str = ""

    def __str__(self) -> str:
        return f"({self.takes}) {self.declared} {self.path} {self.body}"


@dataclass
class RulesInSql:
    """What stands after the statements that were followed so far."""

    constraints: set[tuple[str, str]] = field(default_factory=set)
    triggers: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)

    @property
    def rules(self) -> set[Rule]:
        constraints = {Rule(table, f"constraint {name}") for table, name in self.constraints}
        return constraints | self._of_triggers | self._of_functions_besides

    @property
    def _of_triggers(self) -> set[Rule]:
        return {
            Rule(table, f"trigger {name}", f"{fires} {function} {self.functions.get(function, '')}")
            for (table, name), (fires, function) in self.triggers.items()
        }

    @property
    def _of_functions_besides(self) -> set[Rule]:
        fired = {function for _, function in self.triggers.values()}
        return {Rule("", f"function {name}", str(said)) for name, said in self.functions.items() if name not in fired}

    def follow(self, sql: str) -> None:
        """Follow some statements."""
        for found in FUNCTION.finditer(sql):
            self._follow_function(found)
        table = ""
        for found in PUT_UP_OR_TAKEN_DOWN.finditer(FUNCTION.sub("", sql)):
            table = found["altered"] or table
            self._follow(found, table)

    def _follow_function(self, found: re.Match[str]) -> None:
        """How a function is laid out doesn't matter; replaced without a path of its own, it has none any more."""
        if name := found["created"]:
            takes, body = (" ".join(found[part].split()) for part in ("takes", "body"))
            self.functions[name] = Function(takes, _declared(found["header"]), _path(found["header"]), body)
        elif name := found["altered"]:
            self.functions[name] = replace(self.functions[name], path=_path(found["settings"]))
        else:
            self.functions.pop(found["gone"], None)

    def _follow(self, found: re.Match[str], table: str) -> None:
        if found["added"]:
            self.constraints.add((table, found["added"]))
        elif found["dropped"]:
            self.constraints.discard((table, found["dropped"]))
        elif found["trigger"]:
            self.triggers[found["on"], found["trigger"]] = _fires(found["fires"], found["each"]), found["function"]
        elif found["gone"]:
            self.triggers.pop((found["off"], found["gone"]), None)


FUNCTION = re.compile(
    r"""\bCREATE\s+(?:OR\s+REPLACE\s+)?FUNCTION\s+(?:\w+\.)?(?P<created>\w+)\s*\((?P<takes>[^()]*)\)
        (?P<header>.*?)\bAS\s+(?P<quote>\$\w*\$)(?P<body>.*?)(?P=quote)
    | \bALTER\s+FUNCTION\s+(?P<altered>\w+)\s*\([^()]*\)\s+(?P<settings>SET\s+search_path[^;]*)
    | \bDROP\s+FUNCTION\s+(?:IF\s+EXISTS\s+)?(?P<gone>\w+)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
PUT_UP_OR_TAKEN_DOWN = re.compile(
    r"""\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?"?(?P<altered>\w+)
    | \bADD\s+CONSTRAINT\s+"?(?P<added>\w+)
    | \bDROP\s+CONSTRAINT\s+(?:IF\s+EXISTS\s+)?"?(?P<dropped>\w+)
    | \bCREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\s+"?(?P<trigger>\w+)"?
        \s+(?P<fires>.*?)\sON\s+(?:\w+\.)?"?(?P<on>\w+)
        (?P<each>.*?)\bEXECUTE\s+(?:FUNCTION|PROCEDURE)\s+(?:\w+\.)?"?(?P<function>\w+)
    | \bDROP\s+TRIGGER\s+(?:IF\s+EXISTS\s+)?"?(?P<gone>\w+)"?\s+ON\s+"?(?P<off>\w+)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
PATH = re.compile(r"\bSET\s+search_path\s*(?:=|TO)\s*('?\w+'?(?:\s*,\s*'?\w+'?)*)", re.IGNORECASE)
FIRES = re.compile(r"\b(?:BEFORE|INSERT|UPDATE|OF|DELETE|TRUNCATE|ROW|DEFERRED)\b", re.IGNORECASE)
CONDITION = re.compile(r"\bWHEN\b(.*)", re.DOTALL | re.IGNORECASE)
# What PostgreSQL writes otherwise than somebody who makes a trigger.
LAID_OUT = re.compile(r'::\w+|[\s()"]')


def _path(said: str) -> str:
    """Return where a function looks for tables, if it says so."""
    found = PATH.search(said)
    return re.sub(r"[\s']", "", found[1]) if found else ""


def _declared(header: str) -> str:
    """Return the language and all else that a function is declared as, in whichever order."""
    return " ".join(sorted(PATH.sub("", header).upper().split()))


def _fires(on: str, each: str) -> str:
    """Return when a trigger fires, its condition with it, the same way whoever wrote it."""
    condition = CONDITION.search(each)
    words = FIRES.findall(on + (each[: condition.start()] if condition else each))
    return f"{sorted(word.upper() for word in words)} {LAID_OUT.sub('', condition[1]).lower() if condition else ''}"


def rules_of_migrations() -> set[Rule]:
    """Return the rules that stand once all migrations on disk have run."""
    return _followed().rules


def functions_of_migrations() -> set[str]:
    """Return the functions that there are by then, each with what it takes."""
    return {f"{name}({said.takes})" for name, said in _followed().functions.items()}


@cache
def _followed() -> RulesInSql:
    found = RulesInSql()
    for sql in _sql_of_migrations():
        found.follow(sql)
    return found


def _sql_of_migrations() -> Iterator[str]:
    graph = MigrationLoader(None).graph
    for key in dict.fromkeys(key for leaf in graph.leaf_nodes() for key in graph.forwards_plan(leaf)):
        for operation in graph.nodes[key].operations:
            yield from _sql_of(operation)


def _sql_of(operation: Operation) -> Iterator[str]:
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from _sql_of(inner)
    elif isinstance(operation, migrations.RunSQL):
        said = operation.sql
        for statement in [said] if isinstance(said, str) else said:
            yield statement if isinstance(statement, str) else statement[0]
