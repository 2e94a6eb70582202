"""What may be read of the log: never more than the viewer's own agency."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from audit.kinds import KINDS, Kind
from audit.kinds.keys import AT_COMMAND_LINE, PEOPLE
from audit.models import Entry, EntryQuerySet
from audit.policies import can_read_log
from audit.reading import Said, index_of, leaf_of, said_by
from audit.subjects import Names, names_of

NOBODY_HERE = "Somebody of another agency"
# A sentence is one: what an entry says at length, or nested, stands in the entry itself.
LONGEST_WORDS = 500
DEEPEST_WORDS = 4


@dataclass(frozen=True)
class Filters:
    """What somebody asks of the log; days are whole days, both included.

    A kind that ends in a colon ("review:", "identification:search:") stands for all kinds that begin so.
    """

    kind: str = ""
    person: int | None = None
    since: date | None = None
    until: date | None = None
    case: str = ""
    purpose: str = ""
    subject_type: str = ""
    subject_id: str = ""

    @classmethod
    def from_payload(cls, said: Mapping[str, Any]) -> "Filters":
        """Return what `as_payload` said."""
        days = {key: date.fromisoformat(said[key]) for key in ("since", "until") if said.get(key)}
        return cls(**{**said, **days})

    def as_payload(self) -> dict[str, Any]:
        """Return those that were set, as plain values for a header or a payload."""
        return {key: str(value) if isinstance(value, date) else value for key, value in asdict(self).items() if value}

    def limits(self) -> dict[str, str]:
        """Return the moments from which, and before which, entries are asked for: a day alone has no time zone."""
        limits = zip(("from", "before"), period(self), strict=True)
        return {key: moment.isoformat() for key, moment in limits if moment}


NO_FILTERS = Filters()


@dataclass(frozen=True)
class Line:
    """One entry as people read it."""

    entry: Entry
    sentence: str

    @property
    def leaf_hash(self) -> str:
        """The leaf hash in hexadecimal digits."""
        return bytes(self.entry.leaf_hash).hex()

    @property
    def index(self) -> int | None:
        """Its place in the log; None while it waits for one."""
        return index_of(self.entry)

    @property
    def document(self) -> dict[str, Any]:
        """The leaf as it was hashed; empty where it can't be read."""
        return leaf_of(self.entry)

    @property
    def case_id(self) -> str:
        """The case that it is about; empty where there is none, or what it names is the id of none."""
        try:
            return str(uuid.UUID(self.entry.case)) if self.entry.case else ""
        except ValueError:
            return ""


def entries(viewer: User, filters: Filters = NO_FILTERS) -> EntryQuerySet:
    """Return the entries of the viewer's agency that they may read, the newest first."""
    if not can_read_log(viewer):
        return Entry.objects.none()
    found = narrowed(Entry.objects.of_agency(viewer.agency), filters)
    return found.select_related("place", "said__erased_by__place").order_by("-id")


def entry_found(viewer: User, asked: str) -> Entry | None:
    """Return the entry that the viewer may read with this place in the log or id, as people paste them.

    Both stand in an index. A leaf hash doesn't: looking for one would read every row.
    """
    found, said = entries(viewer), asked.strip().lower().removeprefix("entry").replace(",", "").strip()
    if said.isascii() and said.isdigit() and len(said) < 19:
        return found.filter(place__index=int(said)).first()
    try:
        return found.filter(uid=uuid.UUID(said)).first()
    except ValueError:
        return None


def narrowed(found: EntryQuerySet, filters: Filters) -> EntryQuerySet:
    """Return the entries that the filters leave."""
    if filters.kind:
        found = found.filter(kind__in=kinds_named(filters.kind))
    if filters.person:
        found = found.filter(actor=filters.person)
    said = {"case": filters.case, "purpose": filters.purpose}
    found = found.filter(**{column: value for column, value in said.items() if value})
    if filters.subject_type:
        found = found.filter(subject_type=filters.subject_type, subject_id=filters.subject_id)
    return found.between(*period(filters))


def kinds_named(asked: str) -> list[str]:
    """Return the kind, or all those that begin so where what was asked for ends in a colon."""
    return [name for name in KINDS if name.startswith(asked)] if asked.endswith(":") else [asked]


def period(filters: Filters) -> tuple[datetime | None, datetime | None]:
    """Return the moments from which, and before which, entries are asked for."""
    until = filters.until + timedelta(days=1) if filters.until else None
    return _midnight(filters.since), _midnight(until)


def timeline(viewer: User | None, found: Iterable[Entry]) -> list[Line]:
    """Return entries with their sentences; names are asked for once per kind of thing, not once per entry.

    The viewer None is the operator, who has the names of all agencies anyway.
    """
    page = list(found)
    wanted = {(entry.subject_type, entry.subject_id) for entry in page}
    wanted |= {("accounts.user", str(entry.actor_id)) for entry in page if entry.actor_id}
    wanted |= {("accounts.user", person) for entry in page for person in people_named(entry)}
    names = names_of(wanted, viewer.agency if viewer else None)
    return [Line(entry, sentence(entry, names)) for entry in page]


def sentence(entry: Entry, names: Names) -> str:
    """Return what happened, in plain words, whatever the entry holds."""
    kind, said = KINDS.get(entry.kind), said_by(entry)
    words = _Words({key: _word(value) for key, value in said.words.items()})
    words |= {key: Word(person_named(said.number(key), names)) for key in PEOPLE if said.number(key)}
    words.missing = Word("erased" if said.erased else "not stated")
    words.setdefault("purpose", Word(entry.purpose or "none"))
    actor = person_named(entry.actor_id, names) if entry.actor_id else _nobody(kind, said)
    words["actor"], words["subject"] = Word(actor), Word(names.get((entry.subject_type, entry.subject_id), "unknown"))
    if kind is None:
        text = f"An entry by {actor} of a kind that this version doesn't know: {entry.kind}."
    elif not (said.readable or said.erased):
        text = f"An entry by {actor} that isn't written as its kind should be: {entry.kind}."
    else:
        text = kind.sentence_for(said.words, acted=bool(entry.actor_id)).format_map(words)
    return text[:1].upper() + text[1:] + (f" {_erasure(entry)}" if said.erased else "")


def people_named(entry: Entry) -> set[str]:
    """Return the ids of those who are behind an entry in which nobody signed in acted."""
    if entry.actor_id:
        return set()
    said = said_by(entry)
    return {str(person) for key in PEOPLE if (person := said.number(key))}


def _nobody(kind: Kind | None, said: Said) -> str:
    """Return who acted where nobody signed in did. Which of the two it was may have been erased."""
    if said.erased and kind and "at" in kind.optional_keys:
        return "Countersign or the operator"
    if said.erased and kind and kind.unacted:
        return "somebody"  # for whom the program wrote it was said in what is erased
    return "the operator" if said.text("at") == AT_COMMAND_LINE else "Countersign"


def person_named(person: int | None, names: Names) -> str:
    """Return what somebody is called."""
    return names.get(("accounts.user", str(person)), NOBODY_HERE) if person else "Countersign"


def _erasure(entry: Entry) -> str:
    erasing = entry.said.erased_by
    assert erasing is not None  # PostgreSQL holds that no payload goes without an entry that names the erasure
    index = index_of(erasing)
    which = "an entry that waits for its place" if index is None else f"entry {index:,}"
    return f"What it said beyond ids was erased by {which}."


class Word(str):
    """A word of a sentence; `{count:entry|entries}` puts a number before what it counts: "1 entry", "1,200 entries"."""

    __slots__ = ()

    def __format__(self, counted: str) -> str:
        if not counted:
            return str(self)
        one, _, many = counted.partition("|")
        if not (self.isascii() and self.isdigit()):
            return f"{many} (number {self})"
        return f"{int(self):,} {one if int(self) == 1 else many}"


class _Words(dict[str, Word]):
    """Words for a sentence; what an entry doesn't say, or doesn't any more, is called that."""

    missing = Word("not stated")

    def __missing__(self, key: str) -> Word:
        return self.missing


def _word(value: Any) -> Word:
    text = _words(value, DEEPEST_WORDS)
    return Word(text if len(text) <= LONGEST_WORDS else f"{text[:LONGEST_WORDS]}…")


def _words(value: Any, depth: int) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | Mapping) and not depth:
        return "…"
    if isinstance(value, list):
        return ", ".join(_words(item, depth - 1) for item in value) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_words(item, depth - 1)}" for key, item in value.items()) or "none"
    return str(value).replace("_", " ")


def _midnight(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None
