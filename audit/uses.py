"""Every use of the search, as Article 12(3) of the EU AI Act asks for it, from the entries of the log alone.

One use is one search: when it began and ended, which references it went through, with which input, what came of it,
and who verified that. What the entries don't say, or say otherwise than their kind should, is left empty and never
looked up elsewhere. Entries of version 1 name no case, so that what followed them can't be told from them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from accounts.models import User
from audit.models import Entry, EntryQuerySet
from audit.policies import can_read_log
from audit.reading import Said, said_by
from audit.selectors import Filters, narrowed, person_named
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
# How somebody came to ask for a search: their entry is about the probe, or names it, or is about a review of it.
CHOSEN = "identification:probe:chosen/1"
REOPENED = "review:review:reopened/1"
WITHDRAWN = "review:review:withdrawn/2"
ASKED_BY = {
    CHOSEN: "chose the face",
    "identification:probe:searched-again/1": "searched again",
    REOPENED: "opened the review anew",
    WITHDRAWN: "withdrew a reference",
}
EVIDENCE_CHANGED = "found its evidence changed"
REFERENCE_WITHDRAWN, FACE_CORRECTED = "reference_withdrawn", "face_corrected"
# Their subject has the review's id, which stays in the leaf when what they say is erased.
ABOUT_A_REVIEW = (OPENED, CONCLUDED, "review:identity:asserted/1", *ENDED_AS)
FOLLOWS = (OPENED, CONCLUDED, *VERIFIED_BY, *ENDED_AS)
COLUMNS = (
    "search", "case", "purpose", "begun_at", "ended_at", "galleries", "gallery_sizes", "gallery_kind", "references",
    "references_sha256", "persons", "encoder", "weights_sha256", "method", "cut_off", "list_length", "probe", "face",
    "photograph_sha256", "embedding_sha256", "candidates", "outcome", "requester", "asked_by", "verified_by", "entry",
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
    """What somebody did to have a search run, or to verify its result."""

    person: int | None
    part: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.person} ({self.part})"


@dataclass(frozen=True)
class Use:
    """One use of the search."""

    entry: Entry
    said: Said
    ended_at: datetime | None
    outcome: str
    verified_by: tuple[Part, ...]
    asked_by: Part | None = None
    case_name: str = ""
    requester_name: str = ""
    galleries: tuple[tuple[str, str], ...] = ()

    @property
    def requester(self) -> int | None:
        """Who added the photograph. Older entries name them as the actor, who had not acted."""
        return self.said.number("requested_by") or self.entry.actor_id

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
            "requester": self.requester,
            "asked_by": str(self.asked_by or ""),
            "verified_by": ", ".join(map(str, self.verified_by)),
            "entry": str(self.entry.uid),
        }


def searches(viewer: User, filters: Filters) -> EntryQuerySet:
    """Return the entries of the searches that the viewer may read about, the newest first."""
    if not can_read_log(viewer):
        return Entry.objects.none()
    found = narrowed(Entry.objects.of_agency(viewer.agency).filter(kind=SEARCH), filters)
    return found.select_related("said").order_by("-id")


def uses(found: Iterable[Entry]) -> list[Use]:
    """Return the uses that these entries of searches began; one more query for all that led to them or followed."""
    page = list(found)
    cases = {entry.case for entry in page if entry.case}
    agencies = {entry.agency_id for entry in page}
    around = Entry.objects.filter(case__in=cases, kind__in={*FOLLOWS, *ASKED_BY}, agency__in=agencies)
    found = list(around.select_related("said").order_by("id"))
    reviews, asked = _by_search(entry for entry in found if entry.kind in FOLLOWS), _by_probe(found)
    return [_use(entry, reviews[entry.subject_id], asked[said_by(entry).text("probe")]) for entry in page]


def _by_probe(found: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Return what asked for a search of each probe, the earliest first."""
    probes: dict[str, str] = {}
    asked: dict[str, list[Entry]] = defaultdict(list)
    for entry in found:
        if entry.kind == OPENED:
            probes[entry.subject_id] = said_by(entry).text("probe")
        elif entry.kind in ASKED_BY and (probe := _probe_asked_for(entry, probes)):
            asked[probe].append(entry)
    return asked


def _probe_asked_for(entry: Entry, probes: Mapping[str, str]) -> str:
    """Return the probe for which an entry asked for a search; empty where it asked for none."""
    if entry.kind not in (REOPENED, WITHDRAWN):
        return entry.subject_id
    # The review that was withdrawn for its face searches no more: another face is chosen.
    return "" if said_by(entry).text("cause") == FACE_CORRECTED else probes.get(entry.subject_id, "")


def _by_search(followed: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Return what followed each search, by way of the review that was opened for it."""
    searched: dict[str, str] = {}
    reviewed: dict[str, list[Entry]] = defaultdict(list)
    for entry in followed:
        review = entry.subject_id if entry.kind in ABOUT_A_REVIEW else said_by(entry).text("review")
        reviewed[review].append(entry)
        if entry.kind == OPENED:
            searched[review] = said_by(entry).text("search")
    found: dict[str, list[Entry]] = defaultdict(list)
    for review, search in searched.items():
        found[search] += reviewed[review]
    return found


def _use(search: Entry, followed: Sequence[Entry], asked: Sequence[Entry]) -> Use:
    said = said_by(search)
    parts = tuple(_part(entry) for entry in followed if entry.kind in VERIFIED_BY)
    outcome, ended = _outcome(said, followed)
    last = followed[-1].recorded_at if followed else search.recorded_at
    newest = next((entry for entry in reversed(asked) if entry.pk < search.pk), None)
    return Use(search, said, last if ended else None, outcome, parts, _asking(newest) if newest else None)


def _asking(entry: Entry) -> Part | None:
    """Return who asked, and how; where a worker chose the face, whoever added or corrected it had asked for that."""
    said = said_by(entry)
    person = entry.actor_id or said.number("asked_by")
    return Part(person, _how(entry, said)) if person else None


def _how(entry: Entry, said: Said) -> str:
    if entry.kind == WITHDRAWN:
        return ASKED_BY[WITHDRAWN] if said.text("reference") else EVIDENCE_CHANGED
    if said.text("cause") == REFERENCE_WITHDRAWN:
        return ASKED_BY[WITHDRAWN]
    if entry.kind == CHOSEN and entry.actor_id is None:
        return "corrected the face" if said.text("correction") else "added its photograph"
    return ASKED_BY[entry.kind]


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
    yield from (person for person in (use.requester, use.asked_by and use.asked_by.person) if person)


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
        requester_name=person_named(use.requester, names) if use.requester else "",
        asked_by=use.asked_by and replace(use.asked_by, name=person_named(use.asked_by.person, names)),
        verified_by=tuple(replace(part, name=person_named(part.person, names)) for part in use.verified_by),
        galleries=galleries,
    )
