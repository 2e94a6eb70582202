"""What may be read of the log: never more than the viewer's own agency."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from audit.kinds import KINDS
from audit.models import Entry, EntryQuerySet
from audit.policies import can_read_log
from audit.subjects import Names, names_of

NOBODY_HERE = "Somebody of another agency"


@dataclass(frozen=True)
class Filters:
    """What somebody asks of the log; days are whole days, both included."""

    kind: str = ""
    person: int | None = None
    since: date | None = None
    until: date | None = None
    case: str = ""

    @classmethod
    def from_payload(cls, said: Mapping[str, Any]) -> "Filters":
        """Return what `as_payload` said."""
        days = {key: date.fromisoformat(said[key]) for key in ("since", "until") if said.get(key)}
        return cls(kind=said.get("kind", ""), person=said.get("person"), case=said.get("case", ""), **days)

    def as_payload(self) -> dict[str, Any]:
        """Return those that were set, as plain values for a header or a payload."""
        return {key: str(value) if isinstance(value, date) else value for key, value in asdict(self).items() if value}


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
    def document(self) -> dict[str, Any]:
        """The leaf as it was hashed."""
        return self.entry.leaf


def entries(viewer: User, filters: Filters = NO_FILTERS) -> EntryQuerySet:
    """Return the entries of the viewer's agency that they may read, the newest first."""
    if not can_read_log(viewer):
        return Entry.objects.none()
    return narrowed(Entry.objects.of_agency(viewer.agency), filters).select_related("said").order_by("-id")


def narrowed(found: EntryQuerySet, filters: Filters) -> EntryQuerySet:
    """Return the entries that the filters leave."""
    if filters.kind:
        found = found.filter(kind=filters.kind)
    if filters.person:
        found = found.filter(actor=filters.person)
    if filters.case:
        found = found.filter(case=filters.case)
    return found.between(*period(filters))


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
    names = names_of(wanted, viewer.agency if viewer else None)
    return [Line(entry, sentence(entry, names)) for entry in page]


def sentence(entry: Entry, names: Names) -> str:
    """Return what happened, in plain words."""
    kind = KINDS.get(entry.kind)
    words = _Words({key: _words(value) for key, value in (entry.payload or {}).items()})
    words.setdefault("purpose", entry.purpose or "none")
    words["actor"] = names.get(("accounts.user", str(entry.actor_id)), NOBODY_HERE) if entry.actor_id else "Countersign"
    words["subject"] = names.get((entry.subject_type, entry.subject_id), "unknown")
    text = kind.sentence.format_map(words) if kind else f"{words['actor']}: {entry.kind}."
    return text[:1].upper() + text[1:]


class _Words(dict[str, str]):
    """Words for a sentence; what an entry doesn't say is called that."""

    def __missing__(self, key: str) -> str:
        return "not stated"


def _words(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_words, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_words(item)}" for key, item in value.items()) or "none"
    return str(value).replace("_", " ")


def _midnight(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None
