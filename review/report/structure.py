"""What a report says, worded and in order; whoever sets it adds nothing and leaves nothing out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID


@dataclass(frozen=True)
class Fact:
    """One line of facts; a hash or an id beside it is printed whole."""

    label: str
    text: str = ""
    code: str = ""


@dataclass(frozen=True)
class Mark:
    """A numbered point on a picture, as fractions of its width and height."""

    number: str
    x: float
    y: float


@dataclass(frozen=True)
class Picture:
    """A face in close-up with the marks that somebody set on it; `number` is its place in the report, from 1."""

    number: int
    caption: str
    face_id: UUID
    sha256: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Component:
    """One row of a reviewer's checklist."""

    label: str
    seen: str
    similarity: str
    explanation: str
    note: str


@dataclass(frozen=True)
class Comparison:
    """How one reviewer compared one person, as they signed it."""

    person: str
    components: tuple[Component, ...]
    markers: tuple[Fact, ...]
    views: tuple[Fact, ...]
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Note:
    """What a signer added after they had signed."""

    text: str
    signed_at: str
    sha256: str


@dataclass(frozen=True)
class Finding:
    """One assessment: who found what, how sure, and why."""

    name: str
    part: str
    dissents: bool
    found: str
    exclusion: str
    facts: tuple[Fact, ...]
    rationale: str
    comparisons: tuple[Comparison, ...]
    notes: tuple[Note, ...]
    signed_at: str
    sha256: str


@dataclass(frozen=True)
class PersonCompared:
    """Somebody whom a reviewer compared closely, with every reference that the evidence holds of them."""

    name: str
    concluded: bool
    facts: tuple[Fact, ...]
    references: tuple[Picture, ...]
    provenances: tuple[Fact, ...]


@dataclass(frozen=True)
class CorroboratingIdentifier:
    """Something other than the face that speaks for or against the conclusion."""

    kind: str
    facts: tuple[Fact, ...]
    verified: str


@dataclass(frozen=True)
class Signature:
    """Who signed what, in which role, and the hash of the document that they signed."""

    name: str
    role: str
    meaning: str
    signed_at: str
    sha256: str


@dataclass(frozen=True)
class Report:
    """The whole report. `running` stands on every page, and `warning` too where the purpose asks for one."""

    review_id: UUID
    case_number: str
    agency: str
    purpose: str
    standing: str
    running: str
    warning: str
    as_of: str
    lead: str
    superseded: str
    with_pictures: bool
    about_pictures: str
    asked: tuple[Fact, ...]
    probe: Picture
    method: tuple[Fact, ...]
    about_method: str
    about_people: str
    people: tuple[PersonCompared, ...]
    findings_title: str
    findings: tuple[Finding, ...]
    fused: str
    adjudication: str
    meaning: tuple[str, ...]
    next_step: str
    about_corroboration: str
    identifiers: tuple[CorroboratingIdentifier, ...]
    identification: tuple[Fact, ...]
    signatures: tuple[Signature, ...]
    about_signatures: str
    history: tuple[str, ...]

    @property
    def title(self) -> str:
        """What the document is called."""
        return f"Comparison report · Case {self.case_number}"

    @property
    def front_pictures(self) -> tuple[Picture, ...]:
        """The face in question, beside the first reference of whoever was concluded."""
        concluded = [person for person in self.people if person.concluded and person.references]
        return (self.probe, *(replace(each.references[0], caption=f"{each.name}, reference 1") for each in concluded))

    @property
    def pictures(self) -> Iterator[Picture]:
        """Every picture, in the order of the report."""
        yield self.probe
        for person in self.people:
            yield from person.references
        for finding in self.findings:
            for comparison in finding.comparisons:
                yield from comparison.pictures

    def picture(self, number: int) -> Picture | None:
        """The picture with a number; None where there is none."""
        return next((picture for picture in self.pictures if picture.number == number), None)
