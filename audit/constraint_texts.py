"""What the constraints say, as PostgreSQL writes them: one file for each major version, in audit/constraints.

PostgreSQL gives an expression back in words of its own, which its major versions choose differently, and only who may
make tables can have it put our words into them. So they are kept, as a freshly migrated database says them: `make
constraints` writes them anew, and tests/test_constraint_texts.py fails where that was forgotten.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.migrated_rules import Rule

FOLDER = Path(__file__).parent / "constraints"
Texts = Mapping[tuple[str, str], set[str]]


def major_version(connection: BaseDatabaseWrapper) -> int:
    """Return the major version of the PostgreSQL that answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::integer / 10000")
        return int(cursor.fetchone()[0])


def file_of(version: int) -> Path:
    """Return the file that holds the words of a major version."""
    return FOLDER / f"{version}.jsonl"


def known_versions() -> list[int]:
    """Return the major versions of PostgreSQL whose words are kept."""
    return sorted(int(file.stem) for file in FOLDER.glob("*.jsonl"))


def texts(version: int) -> Texts | None:
    """Return what each constraint says in the words of a major version; None where they aren't kept."""
    if version not in known_versions():
        return None
    kept: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in file_of(version).read_text().splitlines():
        table, what, text = json.loads(line)
        kept[table, what].add(text)
    return kept


def with_their_texts(rules: Iterable[Rule], said: Texts) -> Iterator[Rule]:
    """Yield the rules, each constraint with what it says; more than once where several of one name or column stand."""
    for rule in rules:
        yield from (Rule(rule.table, rule.what, text) for text in said.get((rule.table, rule.what), {rule.how}))


def lines(rules: Iterable[Rule]) -> Iterator[str]:
    """Yield what a file holds of these rules."""
    for rule in sorted(rules):
        yield json.dumps([rule.table, rule.what, rule.how])
