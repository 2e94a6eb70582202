"""What the constraints say, as PostgreSQL writes it: kept in audit/constraints.jsonl.

PostgreSQL gives an expression back in words of its own, which its major versions may choose differently, and only who
may make tables can have it put our words into them. So they are kept, as a freshly migrated database says them: `make
constraints` writes them anew, and tests/test_constraint_texts.py fails where that was forgotten.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.migrated_rules import Rule

FILE = Path(__file__).with_name("constraints.jsonl")
# Each of these was seen to write that file to the byte (`make constraints` with DATABASE_URL).
VERSIONS = (15, 16, 17, 18)
ITEM = re.compile(r"'(?:[^']|'')*'::character varying")
LIST = re.compile(rf"\(ARRAY\[({ITEM.pattern}(?:, {ITEM.pattern})*)\]\)::text\[\]")
Texts = Mapping[tuple[str, str], set[str]]


def major_version(connection: BaseDatabaseWrapper) -> int:
    """Return the major version of the PostgreSQL that answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::integer / 10000")
        return int(cursor.fetchone()[0])


def settled(text: str) -> str:
    """Return what PostgreSQL writes once it has read its own words, as after a restore from a dump.

    Of a list it then casts each item, and not the whole any more.
    """
    return LIST.sub(lambda whole: f"ARRAY[{', '.join(f'({item})::text' for item in ITEM.findall(whole[1]))}]", text)


def texts() -> Texts:
    """Return what each constraint says."""
    kept: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in FILE.read_text().splitlines():
        table, what, text = json.loads(line)
        kept[table, what].add(text)
    return kept


def with_their_texts(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Yield the rules, each constraint with what it says; more than once where several of one name or column stand."""
    said = texts()
    for rule in rules:
        yield from (Rule(rule.table, rule.what, text) for text in said.get((rule.table, rule.what), {rule.how}))


def lines(rules: Iterable[Rule]) -> Iterator[str]:
    """Yield what the file holds of these rules."""
    for rule in sorted(rules):
        yield json.dumps([rule.table, rule.what, rule.how]) + "\n"
