"""Every use of the search, as Article 12(3) of the EU AI Act asks for it, from the entries of the log alone.

One use is one search: when it began and ended, which references it went through, with which input, what came of it,
and who verified that. What the entries don't say, or say otherwise than their kind should, is left empty and never
looked up elsewhere. Entries of version 1 name no case, so that what followed them can't be told from them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from accounts.models import User
from audit.models import Entry, EntryQuerySet
from audit.policies import can_read_log
from audit.reading import Said, said_by
from audit.selectors import NOBODY_HERE, Filters, narrowed
from audit.services import written_time
from audit.subjects import Names, names_of

SEARCH = "identification:search:run/1"
OPENED = "review:review:opened/1"
CONCLUDED = "review:conclusion:reached/1"
# Who did what about a review: kind, and what the person was in it.
VERIFIED_BY = {
    "review:assessment:signed/1": "reviewer",
    "review:identifier:verified/1": "verified an identifier",
    "review:identity:asserted/1": "asserted the identity",
}
# How a review ended, or stands; its entry is about the review itself.
ENDED_AS = {
    "review:review:discordant/1": "discordant",
    "review:review:inconclusive/1": "inconclusive",
    "review:review:withdrawn/1": "withdrawn",
    "review:review:withdrawn/2": "withdrawn",
}
ENDS = {"inconclusive", "withdrawn"}
FOLLOWS = (OPENED, CONCLUDED, *VERIFIED_BY, *ENDED_AS)
COLUMNS = (
    "search", "case", "purpose", "begun_at", "ended_at", "galleries", "gallery_sizes", "gallery_kind", "references",
    "references_sha256", "persons", "encoder", "weights_sha256", "method", "cut_off", "list_length", "probe", "face",
    "photograph_sha256", "embedding_sha256", "candidates", "outcome", "requested_by", "verified_by", "entry",
)  # fmt: skip
TEXTS = (
    "gallery_kind", "encoder", "weights_sha256", "method", "cut_off", "probe", "face", "sha256", "embedding_sha256",
    "references_sha256",
)  # fmt: skip
NUMBERS = ("gallery_size", "persons", "list_length", "candidates")
ERASED = "erased"
UNREADABLE = "not stated"
WAITS = "not concluded yet"
NOBODY_PROPOSED = "no candidate proposed"


@dataclass(frozen=True)
class Part:
    """What somebody did to verify a result."""

    person: int | None
    part: str
    name: str = ""


@dataclass(frozen=True)
class Use:
    """One use of the search."""

    entry: Entry
    said: Said
    ended_at: datetime | None
    outcome: str
    verified_by: tuple[Part, ...]
    case_name: str = ""
    requested_by: str = ""
    galleries: tuple[tuple[str, str], ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """What the search's entry says, each as text or number; empty where it says no such thing."""
        return {key: self.said.text(key) for key in TEXTS} | {key: self.said.number(key) for key in NUMBERS}

    def as_row(self) -> dict[str, Any]:
        """Return the columns, people by their ids."""
        facts = self.facts
        return {key: facts[key] for key in COLUMNS if key in facts} | {
            "search": self.entry.subject_id,
            "case": self.entry.case,
            "purpose": self.entry.purpose,
            "begun_at": written_time(self.entry.recorded_at),
            "ended_at": written_time(self.ended_at) if self.ended_at else None,
            "galleries": " ".join(self.said.texts("galleries")),
            "gallery_sizes": " ".join(self.said.texts("gallery_sizes")),
            "references": facts["gallery_size"],
            "photograph_sha256": facts["sha256"],
            "outcome": self.outcome,
            "requested_by": self.entry.actor_id,
            "verified_by": ", ".join(f"{part.person} ({part.part})" for part in self.verified_by),
            "entry": str(self.entry.uid),
        }


def searches(viewer: User, filters: Filters) -> EntryQuerySet:
    """Return the entries of the searches that the viewer may read about, the newest first."""
    if not can_read_log(viewer):
        return Entry.objects.none()
    found = narrowed(Entry.objects.of_agency(viewer.agency).filter(kind=SEARCH), filters)
    return found.select_related("said").order_by("-id")


def uses(found: Iterable[Entry]) -> list[Use]:
    """Return the uses that these entries of searches began; one more query for all that followed."""
    page = list(found)
    cases = {entry.case for entry in page if entry.case}
    agencies = {entry.agency_id for entry in page}
    followed = Entry.objects.filter(case__in=cases, kind__in=FOLLOWS, agency__in=agencies)
    reviews = _by_search(followed.select_related("said").order_by("id"))
    return [_use(entry, reviews[entry.subject_id]) for entry in page]


def _by_search(followed: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Return what followed each search, by way of the review that was opened for it."""
    searched: dict[str, str] = {}
    reviewed: dict[str, list[Entry]] = defaultdict(list)
    for entry in followed:
        said = said_by(entry)
        review = entry.subject_id if entry.kind == OPENED or entry.kind in ENDED_AS else said.text("review")
        reviewed[review].append(entry)
        if entry.kind == OPENED:
            searched[review] = said.text("search")
    found: dict[str, list[Entry]] = defaultdict(list)
    for review, search in searched.items():
        found[search] += reviewed[review]
    return found


def _use(search: Entry, followed: Sequence[Entry]) -> Use:
    said = said_by(search)
    parts = tuple(_part(entry) for entry in followed if entry.kind in VERIFIED_BY)
    outcome, ended = _outcome(said, followed)
    last = followed[-1].recorded_at if followed else search.recorded_at
    return Use(search, said, last if ended else None, outcome, parts)


def _part(entry: Entry) -> Part:
    said, part = said_by(entry), VERIFIED_BY[entry.kind]
    if entry.kind == "review:assessment:signed/1":
        part = said.text("part") or part
    elif verdict := said.text("verdict"):
        part = f"{part}: {verdict.replace('_', ' ')}"
    return Part(entry.actor_id, part)


def _outcome(said: Said, followed: Sequence[Entry]) -> tuple[str, bool]:
    """Return what came of a search, and whether its use has ended."""
    for entry in reversed(followed):
        if entry.kind == CONCLUDED:
            concluded = said_by(entry)
            return concluded.text("outcome").replace("_", " ") or _missing(concluded), True
        if entry.kind in ENDED_AS:
            return ENDED_AS[entry.kind], ENDED_AS[entry.kind] in ENDS
    if followed:
        return WAITS, False
    if not said.readable:
        return _missing(said), True
    return (NOBODY_PROPOSED, True) if said.number("candidates") == 0 else (WAITS, False)


def _missing(said: Said) -> str:
    return ERASED if said.erased else UNREADABLE


def named(viewer: User, found: Sequence[Use]) -> list[Use]:
    """Return the uses with the names that the viewer may read."""
    wanted = {("identification.case", use.entry.case) for use in found if use.entry.case}
    wanted |= {("identification.gallery", gallery) for use in found for gallery in use.said.texts("galleries")}
    wanted |= {("accounts.user", str(person)) for use in found for person in _people(use)}
    names = names_of(wanted, viewer.agency)
    return [_named(use, names) for use in found]


def _people(use: Use) -> Iterator[int]:
    yield from (part.person for part in use.verified_by if part.person)
    if use.entry.actor_id:
        yield use.entry.actor_id


def _named(use: Use, names: Names) -> Use:
    ids, sizes = use.said.texts("galleries"), use.said.texts("gallery_sizes")
    if len(sizes) != len(ids):
        sizes = [""] * len(ids)
    galleries = tuple(
        (names.get(("identification.gallery", gallery), gallery), size)
        for gallery, size in zip(ids, sizes, strict=True)
    )  # fmt: skip
    return replace(
        use,
        case_name=names.get(("identification.case", use.entry.case), ""),
        requested_by=_person(use.entry.actor_id, names),
        verified_by=tuple(replace(part, name=_person(part.person, names)) for part in use.verified_by),
        galleries=galleries,
    )


def _person(person: int | None, names: Names) -> str:
    return names.get(("accounts.user", str(person)), NOBODY_HERE) if person else "Countersign"
