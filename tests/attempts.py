"""What is forbidden, tried with plain SQL: each attempt names the constraints that stand in its way, outermost first.

An attempt is made as things are and then again with these constraints dropped one after another, until the row goes in:
so each of them holds by itself, and a constraint made inert would be noticed.
"""

from collections.abc import Callable
from typing import Any

from django.db import connection

from tests.review_scene import Scene, execute, insert, refused

Attempt = Callable[[Scene], tuple[str, dict[str, Any]]]


class Attempts(dict[str, tuple[Attempt, tuple[str, ...]]]):
    """Attempts by name, with the constraints that refuse them."""

    def forbidden_by(self, *constraints: str) -> Callable[[Attempt], Attempt]:
        def note(attempt: Attempt) -> Attempt:
            self[attempt.__name__] = attempt, constraints
            return attempt

        return note

    @property
    def constraints(self) -> set[str]:
        return {constraint for _, constraints in self.values() for constraint in constraints}

    def make(self, name: str, scene: Scene) -> None:
        """Make an attempt: refused by each of its constraints in turn, and by nothing else."""
        attempt, constraints = self[name]
        table, row = attempt(scene)
        execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing may be pending in a table that is altered
        for constraint in constraints:
            with refused(constraint):
                insert(table, row)
            drop(table, constraint)
        insert(table, row)


def drop(table: str, constraint: str) -> None:
    """Drop a constraint, or the unique index that a partial one is, with what leans on it; the test rolls back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s", [constraint])
        found = cursor.fetchone()
    execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint} CASCADE" if found else f"DROP INDEX {constraint}")
