"""Which entries an export shows, and reading them in order without holding more than a page of them.

Two kinds are in whatever kind or person was asked for, as far as period, case and agency allow: searches that proposed
nobody and conclusions that name nobody. Leaving out what speaks for a person would be easy otherwise. Where a payload
was erased nobody can say any more, so the entry is in. So is every entry that erased a payload of one that is shown.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Any

from django.db import connection

from audit.models import Entry, Export
from audit.payload_rules import ERASURE
from audit.selectors import Filters, kinds_named, period

PAGE = 1000
# Kind, key of its payload, and the value by which it names nobody.
NAMES_NOBODY = (
    ("identification:search:run/1", "candidates", "0"),
    ("review:conclusion:reached/1", "outcome", "no_candidate"),
    ("review:conclusion:reached/1", "outcome", "unsuitable"),
)
# So many leaves are looked at in one statement: it takes seconds at most, and a lease is kept between two.
RANGE = 100_000
SELECT = """
SELECT l.leaf_index, y.leaf_index, e.kind FROM audit_leaf l JOIN audit_entry e ON e.id = l.entry_id
LEFT JOIN audit_payload p ON p.entry_id = e.id LEFT JOIN audit_leaf y ON y.entry_id = p.erased_by_id
WHERE l.leaf_index >= %(first)s AND l.leaf_index < %(end)s {conditions} ORDER BY l.leaf_index
"""
OF_NOBODY = (
    "(e.kind = '{kind}' AND coalesce(coalesce(p.content::jsonb, e.canonical::jsonb -> 'payload') ->> '{key}',"
    " '{value}') = '{value}')"
)
READ = """
SELECT l.leaf_index, e.canonical, p.content, p.salt, x.uid::text, y.leaf_index
FROM audit_leaf l JOIN audit_entry e ON e.id = l.entry_id LEFT JOIN audit_payload p ON p.entry_id = e.id
LEFT JOIN audit_entry x ON x.id = p.erased_by_id LEFT JOIN audit_leaf y ON y.entry_id = p.erased_by_id
WHERE l.leaf_index = ANY(%s) ORDER BY l.leaf_index
"""


@dataclass(frozen=True)
class Shown:
    """An entry as it is stored: leaf and payload as they were hashed, or what erased the payload."""

    index: int
    leaf: str
    payload: str | None
    salt: bytes
    erased_by: str | None
    erased_at: int | None

    @property
    def is_first_version(self) -> bool:
        """Whether its leaf holds its payload. The keys of a leaf are sorted, so its version stands last."""
        return self.leaf.endswith('"version":1}')

    @property
    def said(self) -> str:
        """The text in which its payload stands."""
        return self.leaf if self.is_first_version else self.payload or ""


@dataclass(frozen=True)
class Selection:
    """Which entries an export shows: their indices, ascending (8 bytes for each), and of which kinds they are."""

    indices: Sequence[int]
    kinds: frozenset[str]


def selected(export: Export, size: int, still_at_it: Callable[[], None] = lambda: None) -> Selection:
    """Return which entries an export shows of the first `size`.

    The log is looked through by ranges; `still_at_it` is called after each, so that the lease is kept.
    """
    filters = Filters.from_payload(export.filters)
    if export.agency_id is None and filters == Filters():
        return Selection(range(size), frozenset(Entry.objects.values_list("kind", flat=True).distinct()))
    chosen, erasing, kinds = array("q"), set[int](), set[str]()
    for rows in _ranges(export.agency_id, filters, size):
        chosen.extend(index for index, _, _ in rows)
        erasing.update(by for _, by, _ in rows if by is not None and by < size)
        kinds.update(kind for _, _, kind in rows)
        still_at_it()
    return Selection(_with(chosen, erasing), frozenset(kinds | ({ERASURE} if erasing else set())))


def _ranges(agency: int | None, filters: Filters, size: int) -> Iterator[list[tuple[int, int | None, str]]]:
    """Yield, range by range, the entries that were asked for, each with the place of what erased it and its kind."""
    conditions, parameters = _conditions(agency, filters)
    statement = SELECT.format(conditions="".join(f" AND {condition}" for condition in conditions))
    for first in range(0, size, RANGE):
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters | {"first": first, "end": min(first + RANGE, size)})
            yield cursor.fetchall()


def _with(chosen: "array[int]", erasing: set[int]) -> "array[int]":
    """Return both in ascending order, each once; those that erase are few."""
    missing = [index for index in sorted(erasing) if not _holds(chosen, index)]
    return array("q", merge(chosen, missing)) if missing else chosen


def _holds(ascending: Sequence[int], index: int) -> bool:
    at = bisect_left(ascending, index)
    return at < len(ascending) and ascending[at] == index


def _conditions(agency: int | None, filters: Filters) -> tuple[list[str], dict[str, Any]]:
    since, until = period(filters)
    limits = {
        "agency": ("(e.agency_id = %(agency)s OR e.agency_id IS NULL)", agency),
        "case": ("e.case_id = %(case)s", filters.case or None),
        "since": ("e.recorded_at >= %(since)s", since),
        "until": ("e.recorded_at < %(until)s", until),
    }
    narrow = {
        "kinds": ("e.kind = ANY(%(kinds)s)", kinds_named(filters.kind) if filters.kind else None),
        "person": ("e.actor_id = %(person)s", filters.person),
        "purpose": ("e.purpose = %(purpose)s", filters.purpose or None),
        "subject_type": ("e.subject_type = %(subject_type)s", filters.subject_type or None),
        "subject_id": ("e.subject_id = %(subject_id)s", filters.subject_id or None),
    }
    given = {key: value for key, (_, value) in (limits | narrow).items() if value is not None}
    conditions = [said for key, (said, _) in limits.items() if key in given]
    if narrowed := [said for key, (said, _) in narrow.items() if key in given]:
        nobody = [OF_NOBODY.format(kind=kind, key=key, value=value) for kind, key, value in NAMES_NOBODY]
        conditions.append(f"({' OR '.join([' AND '.join(narrowed), *nobody])})")
    return conditions, given


def always_shown() -> list[str]:
    """Return, as a filter names them, the entries that are in whatever kind or person was asked for."""
    return [f"{kind} {key}={value}" for kind, key, value in NAMES_NOBODY]


def entries_at(indices: Sequence[int]) -> Iterator[Shown]:
    """Yield the entries at these places, in their order."""
    for at in range(0, len(indices), PAGE):
        with connection.cursor() as cursor:
            cursor.execute(READ, [list(indices[at : at + PAGE])])
            rows = cursor.fetchall()
        for index, leaf, payload, salt, erased_by, erased_at in rows:
            yield Shown(index, leaf, payload, bytes(salt or b""), erased_by, erased_at)
