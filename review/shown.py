"""What one person is shown in a review: the candidates of its evidence in the order drawn for them, by positions.

Pages and addresses name a candidate by position and a reference by number, so that neither rank nor gallery order, nor
an id that could be met again elsewhere, reaches a reviewer's browser.
"""

import json
import random
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from review.models import Assignment


@dataclass(frozen=True)
class ShownReference:
    """One reference of a candidate, numbered from 1 in an order that says nothing."""

    number: int
    reference_id: UUID
    face_id: UUID
    photograph_sha256: str


@dataclass(frozen=True)
class ShownCandidate:
    """One candidate at their position, from 1, in the order drawn for this person; every reference of the evidence."""

    position: int
    person_id: UUID
    listed_by: UUID
    references: tuple[ShownReference, ...]

    @property
    def first(self) -> ShownReference:
        """The reference by which the search listed the person; it is shown first."""
        return next(reference for reference in self.references if reference.reference_id == self.listed_by)


def candidates_shown(assignment: Assignment) -> list[ShownCandidate]:
    """Return the whole list as this person sees it.

    The draw starts from the persons' ids, which are random, so neither rank nor gallery order shines through.
    """
    # Reviews that ended before evidence was kept have none, and nothing to be shown from.
    evidence = json.loads(assignment.review.evidence or '{"candidates": []}')
    listed = sorted(evidence["candidates"], key=lambda candidate: candidate["person"])
    random.Random(assignment.seed).shuffle(listed)  # noqa: S311  (an order to look at, not a secret)
    return [
        ShownCandidate(
            position=position,
            person_id=UUID(candidate["person"]),
            listed_by=UUID(candidate["listed_by"]),
            references=_references(assignment.seed, candidate),
        )
        for position, candidate in enumerate(listed, start=1)
    ]


def candidate_at(assignment: Assignment, position: int) -> ShownCandidate | None:
    """Return the candidate at a position; None where there is none."""
    return next((shown for shown in candidates_shown(assignment) if shown.position == position), None)


def retained_shown(assignment: Assignment) -> list[ShownCandidate]:
    """Return the retained candidates in the order in which they were shown."""
    if not assignment.compared_at:
        return []
    return [shown for shown in candidates_shown(assignment) if shown.person_id in assignment.retained]


def _references(seed: int, candidate: dict[str, Any]) -> tuple[ShownReference, ...]:
    """The listed reference is number 1, so that a candidate's first picture is always at the same address."""
    others = sorted(candidate["references"], key=lambda one: one["reference"] != candidate["listed_by"])
    rest = others[1:]
    random.Random(f"{seed}:{candidate['person']}").shuffle(rest)  # noqa: S311
    return tuple(
        ShownReference(number, UUID(one["reference"]), UUID(one["face"]), one["photograph_sha256"])
        for number, one in enumerate([*others[:1], *rest], start=1)
    )
