"""The assessments that differ, as an adjudicator reads them: from what was signed, without names, order or times."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from review.components import Component, Explanation, Similarity
from review.levels import in_words
from review.models import Assessment, Assignment
from review.selectors import rationales_for
from review.shown import ShownCandidate, ShownReference, candidates_shown


@dataclass(frozen=True)
class ReadComponent:
    """What was said of one component of a face."""

    words: str
    seen: str
    similarity: str
    explanation: str
    note: str


@dataclass(frozen=True)
class ReadMarker:
    """A pair of points, in hundredths of the pictures' side."""

    number: int
    probe: tuple[float, float]
    candidate: tuple[float, float]
    note: str


@dataclass(frozen=True)
class ReadPicture:
    """A reference with the points that were set on it, numbered as the adjudicator sees it."""

    number: int
    markers: list[ReadMarker]


@dataclass(frozen=True)
class ReadComparison:
    """What somebody recorded of one candidate, named by the adjudicator's own position of them."""

    position: int
    named: bool
    components: list[ReadComponent]
    pictures: list[ReadPicture]


@dataclass(frozen=True)
class Reading:
    """One of the assessments that differ."""

    assessment: Assessment
    support: str
    comparisons: list[ReadComparison]


def readings_for(assignment: Assignment) -> list[Reading]:
    """Return what an adjudicator is given to read, in an order drawn for them."""
    shown = {candidate.person_id: candidate for candidate in candidates_shown(assignment)}
    return [_reading(assessment, shown) for assessment in rationales_for(assignment)]


def _reading(assessment: Assessment, shown: Mapping[UUID, ShownCandidate]) -> Reading:
    document = json.loads(assessment.document)
    numbers = _references_by_number(document)
    comparisons = [
        _comparison(recorded, shown[UUID(recorded["person"])], numbers, assessment.person_id)
        for recorded in document.get("comparisons", [])
    ]
    # By the adjudicator's positions: the signer's own order would tell one assessment from the other.
    comparisons.sort(key=lambda comparison: comparison.position)
    support = in_words(assessment.level, named=assessment.person_id is not None)
    return Reading(assessment, support, comparisons)


def _references_by_number(document: dict[str, Any]) -> dict[tuple[str, int], str]:
    """Return which reference a signer saw under which number of which person."""
    return {
        (candidate["person"], reference["number"]): reference["reference"]
        for candidate in document["candidate_list"]["shown"]
        for reference in candidate["references"]
    }


def _comparison(
    recorded: dict[str, Any], candidate: ShownCandidate, numbers: Mapping[tuple[str, int], str], named: UUID | None
) -> ReadComparison:
    compared = recorded["compared"]
    markers = compared.get("markers", [])
    of_reference: dict[str, list[ReadMarker]] = {}
    for marker in markers if isinstance(markers, list) else []:
        reference = numbers.get((recorded["person"], marker.get("reference", 1)))
        if reference:
            of_reference.setdefault(reference, []).append(_marker(marker))
    return ReadComparison(
        position=candidate.position,
        named=candidate.person_id == named,
        components=_components(compared.get("components", {})),
        pictures=[_picture(one, of_reference) for one in candidate.references if str(one.reference_id) in of_reference],
    )


def _picture(reference: ShownReference, of_reference: Mapping[str, list[ReadMarker]]) -> ReadPicture:
    return ReadPicture(reference.number, of_reference[str(reference.reference_id)])


def _marker(marker: dict[str, Any]) -> ReadMarker:
    return ReadMarker(
        number=int(marker["number"]),
        probe=_point(marker["probe"]),
        candidate=_point(marker["candidate"]),
        note=str(marker.get("note", "")),
    )


def _point(point: list[Any]) -> tuple[float, float]:
    """Read a point in fractions, which a signed document holds as decimal strings."""
    across, down = point
    return (100 * float(across), 100 * float(down))


def _components(components: dict[str, Any]) -> list[ReadComponent]:
    said = [(component, components[component.value]) for component in Component if component.value in components]
    return [_component(component, one) for component, one in said]


def _component(component: Component, said: dict[str, Any]) -> ReadComponent:
    seen = {(True, True): "in both", (True, False): "in the photograph", (False, True): "in the candidate"}
    return ReadComponent(
        words=component.label,
        seen=seen.get((bool(said.get("probe")), bool(said.get("candidate"))), ""),
        similarity=dict(Similarity.choices).get(said.get("similarity", ""), ""),
        explanation=dict(Explanation.choices).get(said.get("explanation", ""), ""),
        note=str(said.get("note", "")),
    )
