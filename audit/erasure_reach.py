"""What an erasure reaches: the entries about a thing, of a case, or that name something, and what becomes of each.

Whoever has a person erased learns where else the person's id stands, and what of it stays for which reason.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db import models
from django.db.models import Case, Max, Q, Value, When

from accounts.models import Agency, User
from audit.erasure import MOST_AT_ONCE, ErasureRefused, erase_payloads, of_kept_kind
from audit.models import Entry, EntryQuerySet

# So many ids are looked at in one statement where no index helps.
RANGE = 100_000
Tell = Callable[[int, int], None]


class Fate(models.TextChoices):
    """What becomes of what an entry says."""

    GOES = "goes"
    KEPT = "kept"
    WAITS = "waits"
    ELSEWHERE = "elsewhere"
    IN_LEAF = "in_leaf"
    GONE = "gone"


@dataclass(frozen=True)
class Selection:
    """The entries that somebody means; in words, as they follow on "entries". No index helps where they are named."""

    words: str
    chosen: Q
    indexed: bool = True

    def parts(self, tell: Tell) -> Iterator[EntryQuerySet]:
        """Yield them by ranges of ids, so that no statement takes longer than seconds."""
        last = Entry.objects.aggregate(last=Max("id"))["last"] or 0
        step = RANGE if not self.indexed else max(last, 1)
        for first in range(0, last, step):
            yield Entry.objects.filter(self.chosen, id__gt=first, id__lte=first + step)
            tell(min(first + step, last), last)


@dataclass
class Reach:
    """What becomes of the entries of a selection: how many of which kinds, and which of them go."""

    counts: Counter[tuple[Fate, str]] = field(default_factory=Counter)
    going: "array[int]" = field(default_factory=lambda: array("q"))

    def kinds(self, fate: Fate) -> list[tuple[str, int]]:
        """Return the kinds with this fate and how many entries of each there are, the most first."""
        found = [(kind, number) for (each, kind), number in self.counts.items() if each == fate]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def number(self, *fates: Fate) -> int:
        """Return how many entries have one of these fates."""
        return sum(number for (fate, _), number in self.counts.items() if fate in fates)


def of_subject(subject: str, pk: str) -> Selection:
    """Choose the entries about one thing, named as they name it: "identification.person" and its id."""
    return Selection(f"about {subject} {pk}", Q(subject_type=subject, subject_id=pk))


def of_case(case: str) -> Selection:
    """Choose all entries of a case; those of version 1 don't say of which they are."""
    return Selection(f"of case {case}", Q(case=case))


def naming(ids: Iterable[UUID]) -> Selection:
    """Choose the entries whose payload has one of these ids as a text, or as the end of one like "person:ID"."""
    named = [str(each) for each in ids]
    text = f'[":]({"|".join(named)})"'
    beside = _holding("said__content", named) & Q(said__content__regex=text)
    # A leaf of version 1 has its payload in it, and the keys of a leaf are sorted: only the subject follows "purpose".
    in_leaf = Q(said__isnull=True) & _holding("canonical", named) & Q(canonical__regex=f'{text}.*"purpose":')
    return Selection(f"that name {' or '.join(named)}", beside | in_leaf, indexed=False)


def _holding(column: str, texts: list[str]) -> Q:
    """Return what is asked first: PostgreSQL finds a text several times as fast as a pattern."""
    return Q(*((f"{column}__contains", text) for text in texts), _connector=Q.OR)


def in_leaves(ids: Iterable[UUID]) -> int:
    """Return how many entries have one of these ids in the leaf, which stays: as their subject or their case."""
    named = [str(each) for each in ids]
    return Entry.objects.filter(Q(subject_id__in=named) | Q(case__in=named)).count()


def survey(selection: Selection, agency: Agency, tell: Tell = lambda _done, _all: None) -> Reach:
    """Return what would become of the entries of a selection if this agency's administrator erased it."""
    reach = Reach()
    for part in selection.parts(tell):
        rows = part.order_by("id").annotate(fate=_fate(agency)).values_list("id", "kind", "fate")
        for pk, kind, fate in rows.iterator():
            reach.counts[Fate(fate), kind] += 1
            if fate == Fate.GOES:
                reach.going.append(pk)
    return reach


def _fate(agency: Agency) -> Case:
    """As `erasable` and `erase_payloads` have it; the first that holds."""
    return Case(
        When(said__isnull=True, then=Value(Fate.IN_LEAF)),
        When(said__content__isnull=True, then=Value(Fate.GONE)),
        When(of_kept_kind(), then=Value(Fate.KEPT)),
        When(~Q(agency=agency), then=Value(Fate.ELSEWHERE)),
        When(place__isnull=True, then=Value(Fate.WAITS)),
        default=Value(Fate.GOES),
    )


def erase_reached(
    *, actor: User | None, reach: Reach, basis: str, tell: Tell, answers_for: User | None = None
) -> list[Entry]:
    """Erase what goes, in portions of one erasing entry each, and return these entries.

    Each portion stands once it is told. Whoever is stopped begins again: what is gone isn't found a second time. Where
    somebody else erases the same meanwhile, it ends with what it erased until then.
    """
    made: list[Entry] = []
    for first in range(0, len(reach.going), MOST_AT_ONCE):
        portion = reach.going[first : first + MOST_AT_ONCE]
        entries = Entry.objects.filter(pk__in=portion)
        try:
            made += erase_payloads(actor=actor, answers_for=answers_for, entries=entries, basis=basis)
        except ErasureRefused:  # somebody else has just erased some of it, too
            if not made:
                raise
            break
        tell(first + len(portion), len(reach.going))
    return made
