"""Whom the reviewers of a review compared closely, and the pictures by which they did."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.humanize.templatetags.humanize import ordinal

from identification.models import Candidate, Person, Reference
from review.models import Assessment, Review
from review.report.signed import (
    comparisons_in,
    components_in,
    evidence_of,
    id_of,
    listed,
    mapping,
    mark,
    markers_in,
    reference_seen,
    retained_in,
    views_in,
)
from review.report.structure import Comparison, Fact, Mark, PersonCompared, Picture
from review.shown import candidates_shown


@dataclass
class Album:
    """Numbers the report's pictures as they are put in."""

    count: int = 0

    def put(self, caption: str, face_id: UUID, sha256: str, marks: Sequence[Mark] = ()) -> Picture:
        """Return the picture with the next number."""
        self.count += 1
        return Picture(self.count, caption, face_id, sha256, tuple(marks))


@dataclass(frozen=True)
class Known:
    """One reference by its place in the report; `of_person` counts from 1."""

    reference: Reference
    of_person: int
    face_id: UUID
    sha256: str


@dataclass(frozen=True)
class Cast:
    """The people compared closely, whoever was concluded first, then by name; nobody else of the list."""

    people: tuple[Person, ...]
    candidates: Mapping[UUID, Candidate]
    references: Mapping[UUID, tuple[Known, ...]] = field(default_factory=dict)

    def name(self, person: UUID) -> str:
        """The name of somebody compared."""
        return next((each.name for each in self.people if each.pk == person), "A person of the list")


def cast_of(review: Review, assessments: Iterable[Assessment]) -> Cast:
    """Return everybody whom some reviewer retained, compared side by side or named."""
    wanted = {person for assessment in assessments for person in _compared_by(assessment)}
    conclusion = getattr(review, "conclusion", None)
    first = conclusion.person_id if conclusion else None
    people = Person.objects.filter(pk__in=wanted).select_related("gallery")
    candidates = {each.person_id: each for each in review.search.candidates.filter(person__in=wanted)}
    return Cast(
        people=tuple(sorted(people, key=lambda person: (person.pk != first, person.name, person.pk))),
        candidates=candidates,
        references={person: _references(review, person, candidates.get(person)) for person in wanted},
    )


def _compared_by(assessment: Assessment) -> list[UUID]:
    named = [assessment.person_id] if assessment.person_id else []
    return [*named, *retained_in(assessment), *(person for person, _ in comparisons_in(assessment))]


def _references(review: Review, person: UUID, candidate: Candidate | None) -> tuple[Known, ...]:
    """The references that the evidence holds, the one by which the search listed the person first."""
    held = [each for each in map(mapping, listed(evidence_of(review).get("candidates"))) if _is(each, person)]
    first = candidate.reference_id if candidate else None
    ids = [each["reference"] for each in held[0]["references"]] if held else [first] if first else []
    found = Reference.objects.filter(pk__in=ids).select_related("photograph")
    faces = {UUID(each["reference"]): UUID(each["face"]) for each in (held[0]["references"] if held else [])}
    in_order = sorted(found, key=lambda reference: (reference.pk != first, reference.added_at, reference.pk))
    return tuple(
        Known(each, number, face, each.photograph.sha256)
        for number, each in enumerate(in_order, start=1)
        if (face := faces.get(each.pk, each.face_id))
    )


def _is(candidate: Mapping[str, Any], person: UUID) -> bool:
    return id_of(candidate.get("person")) == person


def people_compared(review: Review, cast: Cast, album: Album) -> tuple[PersonCompared, ...]:
    """Return them for the report, with every reference."""
    conclusion = getattr(review, "conclusion", None)
    concluded = conclusion.person_id if conclusion else None
    return tuple(_person(review, person, cast, album, concluded=person.pk == concluded) for person in cast.people)


def _person(review: Review, person: Person, cast: Cast, album: Album, *, concluded: bool) -> PersonCompared:
    references = cast.references[person.pk]
    return PersonCompared(
        name=person.name,
        concluded=concluded,
        facts=tuple(_facts(review, person, cast.candidates.get(person.pk))),
        references=tuple(
            album.put(f"Reference {known.of_person}", known.face_id, known.sha256) for known in references
        ),
        provenances=tuple(_provenance(known) for known in references),
    )


def _facts(review: Review, person: Person, candidate: Candidate | None) -> list[Fact]:
    facts = [
        Fact("Born", str(person.born_in or "")),
        Fact("Home", person.home),
        Fact("Registry number", person.registry_number),
        Fact("Gallery", person.gallery.name),
    ]
    if candidate:
        total = review.search.candidates.count()
        facts.append(
            Fact("In the list", f"{ordinal(candidate.rank)} of {total}, comparison score {candidate.score:.3f}")
        )
    return [fact for fact in facts if fact.text]


def _provenance(known: Known) -> Fact:
    text = known.reference.provenance
    if known.reference.withdrawn_at:
        text = f"{text} Withdrawn since: {known.reference.withdrawal_reason}"
    return Fact(f"Reference {known.of_person}", text, known.sha256)


def comparisons_of(assessment: Assessment, cast: Cast, album: Album) -> tuple[Comparison, ...]:
    """Return one reviewer's comparisons; their markers are drawn on the pictures that they set them on."""
    return tuple(
        Comparison(
            person=cast.name(person),
            components=components_in(content),
            markers=tuple(_marker(marker) for marker in markers_in(content)),
            views=views_in(content),
            pictures=tuple(_marked(assessment, person, content, cast, album)),
        )
        for person, content in comparisons_in(assessment)
    )


def _marker(marker: Mapping[str, Any]) -> Fact:
    return Fact(str(marker.get("number", "")), str(marker.get("note") or "No note."))


def _marked(
    assessment: Assessment, person: UUID, content: Mapping[str, Any], cast: Cast, album: Album
) -> Iterable[Picture]:
    """Yield the probe and the reference with their markers, a pair for each reference that has any."""
    markers = markers_in(content)
    probe = assessment.review.probe
    for number in sorted({_reference_number(marker) for marker in markers}):
        known = _known(assessment, person, number, cast)
        of_this = [marker for marker in markers if _reference_number(marker) == number]
        whose = f"as {assessment.reviewer} marked"
        yield album.put(
            f"The photograph, {whose} it",
            probe.face_id,
            probe.photograph.sha256,
            _marks(of_this, "probe"),
        )
        if known:
            caption = f"Reference {known.of_person}, {whose} it"
            yield album.put(caption, known.face_id, known.sha256, _marks(of_this, "candidate"))


def _marks(markers: Iterable[Mapping[str, Any]], side: str) -> list[Mark]:
    return [found for marker in markers if (found := mark(marker, side))]


def _reference_number(marker: Mapping[str, Any]) -> int:
    number = marker.get("reference")
    return number if isinstance(number, int) else 1


def _known(assessment: Assessment, person: UUID, number: int, cast: Cast) -> Known | None:
    """Return the reference that this reviewer saw under a number; the first where the document doesn't say."""
    seen = reference_seen(assessment, person, number) or _drawn(assessment, person, number)
    references = cast.references.get(person, ())
    if seen is None:
        return references[0] if references else None
    return next((known for known in references if known.reference.pk == seen), None)


def _drawn(assessment: Assessment, person: UUID, number: int) -> UUID | None:
    """Return the same from the draw, for a document that names no references."""
    if not evidence_of(assessment.review).get("candidates"):
        return None
    shown = (each for each in candidates_shown(assessment.assignment) if each.person_id == person)
    return next((one.reference_id for each in shown for one in each.references if one.number == number), None)
