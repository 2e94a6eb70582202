"""What the demonstration puts in: the gallery's people and 24 cases with what is to come of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.core.files.base import ContentFile
from PIL import Image

from demo.cast import Cast, Person, degrade
from identification.models import Purpose

SEED = 2026
GALLERY_SIZE = 200
REFERENCES_EACH = 2
# Width and height in pixels of a reference, as registers keep them.
REFERENCE_SIZE = (320, 400)
# Index of the first person who is in no gallery.
FIRST_STRANGER = 500

Change = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class PlannedCase:
    """One case: what its photograph is like, whom it shows (indices in the cast), and what should come of it."""

    label: str
    purpose: Purpose
    people: tuple[int, ...]
    change: Change = lambda image: image
    damaged: bool = False

    @property
    def mated(self) -> bool:
        """Whether the person asked about is in the gallery."""
        return bool(self.people) and self.people[0] < GALLERY_SIZE

    @property
    def turned(self) -> bool:
        return self.label.startswith("turned")


def plan() -> list[PlannedCase]:
    """Return the 24 cases; no person is asked about twice."""
    changes: list[tuple[str, Change, int]] = [
        ("upright", lambda image: image, 6),
        ("turned by 90 degrees", lambda image: degrade.turned(image, 90), 2),
        ("turned by 180 degrees", lambda image: degrade.turned(image, 180), 2),
        ("turned by 270 degrees", lambda image: degrade.turned(image, 270), 2),
        ("blurred", degrade.blurred, 2),
        ("dark", degrade.darkened, 2),
        ("partly covered", degrade.partly_covered, 2),
    ]
    people: Iterator[int] = iter(range(0, GALLERY_SIZE, 7))
    purposes = [Purpose.DECEASED, Purpose.DECEASED, Purpose.MISSING, Purpose.CAPTURED]
    strangers = [PlannedCase("upright, a stranger", Purpose.MISSING, (FIRST_STRANGER + index,)) for index in range(3)]
    cases = [
        PlannedCase(label, purposes[number % len(purposes)], (next(people),), change)
        for label, change, count in changes
        for number in range(count)
    ]
    others = [
        PlannedCase("several faces", Purpose.DECEASED, (next(people), next(people), next(people))),
        PlannedCase("no face", Purpose.DECEASED, ()),
        PlannedCase("damaged file", Purpose.DECEASED, (next(people),), damaged=True),
    ]
    # Strangers come early, so that the demonstration's reviewers meet some of them.
    return cases[:2] + strangers + cases[2:] + others


def reference_file(cast: Cast, person: Person, shot: int) -> ContentFile:
    """Return a reference photograph as the file that somebody would upload."""
    portrait = cast.photograph(person, shot=shot).resize(REFERENCE_SIZE)
    return ContentFile(degrade.to_jpeg(portrait), name=f"reference-{person.index}-{shot}.jpg")


def probe_file(cast: Cast, case: PlannedCase, number: int, run: int) -> ContentFile:
    """Return a case's photograph; each run of the demonstration takes other shots of the same people."""
    shots = [cast.photograph(cast.person(index), shot=REFERENCES_EACH + run) for index in case.people]
    if not shots:
        image = degrade.without_face(SEED + run)
    else:
        image = case.change(shots[0] if len(shots) == 1 else degrade.group_photograph(shots))
    data = degrade.damaged_jpeg(image) if case.damaged else degrade.to_jpeg(image)
    return ContentFile(data, name=f"DSC_{1000 * run + number:05d}.jpg")
