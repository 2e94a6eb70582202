"""What a signed document says beside its finding: the analysis and the comparisons; an older one says less.

Documents are written by other versions than the one that reads them, so nothing here expects that a part is there.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from review.components import Component as Compared
from review.components import Explanation, Similarity
from review.models import Assessment, Limitation, Review, Suitability
from review.report.structure import Component, Fact, Mark
from review.report.words import plain


def document_of(assessment: Assessment) -> Mapping[str, Any]:
    """Return what somebody signed; empty where it is no object."""
    return mapping(_read(assessment.document))


def evidence_of(review: Review) -> Mapping[str, Any]:
    """Return the evidence that a review binds; empty for a review from before evidence was kept."""
    return mapping(_read(review.evidence))


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping, or an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> list[Any]:
    """Return a list, or an empty one in place of anything else."""
    return value if isinstance(value, list) else []


def id_of(value: Any) -> UUID | None:
    """Return an id that stands in a document; None where it is none."""
    try:
        return UUID(str(value))
    except ValueError:
        return None


def analysis_facts(assessment: Assessment) -> Iterator[Fact]:
    """What the reviewer recorded of the probe before any candidate was shown."""
    analysis = mapping(document_of(assessment).get("analysis"))
    yield Fact("Suitability", Suitability(assessment.suitability).label)
    limitations = listed(analysis.get("limitations"))
    if limitations:
        yield Fact("Limitations", ", ".join(_label(Limitation, code) for code in limitations))
    if analysis.get("note"):
        yield Fact("Analysis", str(analysis["note"]))


def _label(choices: Any, code: Any) -> str:
    """Return the word for a code; one that is not known here is printed as it is."""
    return choices(code).label if code in choices.values else plain(code or "")


def comparisons_in(assessment: Assessment) -> list[tuple[UUID, Mapping[str, Any]]]:
    """Return whom the reviewer compared side by side, with what they recorded, in the order of their list."""
    compared = map(mapping, listed(document_of(assessment).get("comparisons")))
    return [
        (person, mapping(each.get("compared") or each.get("content")))
        for each in compared
        if (person := id_of(each.get("person")))
    ]


def retained_in(assessment: Assessment) -> list[UUID]:
    """Return whom the reviewer retained."""
    retained = listed(mapping(document_of(assessment).get("candidate_list")).get("retained"))
    return [person for each in retained if (person := id_of(each))]


def reference_seen(assessment: Assessment, person: UUID, number: int) -> UUID | None:
    """Return the reference that this reviewer saw under a number; the numbers were drawn for each reviewer."""
    shown = map(mapping, listed(mapping(document_of(assessment).get("candidate_list")).get("shown")))
    of_person = [each for each in shown if id_of(each.get("person")) == person]
    seen = [mapping(one) for each in of_person for one in listed(each.get("references"))]
    return next((id_of(one.get("reference")) for one in seen if one.get("number") == number), None)


def level_in_words(assessment: Assessment) -> str:
    """Return the level in the words that were signed."""
    words = mapping(document_of(assessment).get("finding")).get("words")
    return str(words or assessment.get_level_display() or "")


def components_in(content: Mapping[str, Any]) -> tuple[Component, ...]:
    """Return the rows of a checklist in FISWG's order; a row of which nothing was said is left out."""
    said = mapping(content.get("components"))
    codes = [*(code for code in Compared.values if code in said), *sorted(set(said) - set(Compared.values))]
    return tuple(_component(code, row) for code in codes if any((row := mapping(said[code])).values()))


def _component(code: str, row: Mapping[str, Any]) -> Component:
    return Component(
        label=_label(Compared, code),
        seen=_seen(row),
        similarity=_label(Similarity, row.get("similarity")),
        explanation=_label(Explanation, row.get("explanation")),
        note=str(row.get("note") or ""),
    )


def _seen(row: Mapping[str, Any]) -> str:
    """Say in which of the two pictures a component can be seen."""
    both = bool(row.get("probe")), bool(row.get("candidate"))
    words = {(True, True): "In both", (True, False): "In the photograph only", (False, True): "In the reference only"}
    return words.get(both, "In neither")


def markers_in(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the paired markers."""
    return [marker for marker in map(mapping, listed(content.get("markers"))) if marker]


def mark(marker: Mapping[str, Any], side: str) -> Mark | None:
    """Return a marker's point on one of the two pictures; None where it isn't on it."""
    point = [number(coordinate) for coordinate in listed(marker.get(side))]
    if len(point) != 2 or point[0] is None or point[1] is None:
        return None
    x, y = point[0], point[1]
    return Mark(str(marker.get("number", "")), x, y) if 0 <= x <= 1 and 0 <= y <= 1 else None


# How a number of an adjustment is told, and what it is on the untouched picture. What is in the middle isn't told.
_NUMBERS = {
    "zoom": ("enlarged {:g} times", 1.0),
    "turn": ("turned {:g} degrees", 0.0),
    "brightness": ("brightness {:g}", 1.0),
    "contrast": ("contrast {:g}", 1.0),
    "gamma": ("gamma {:g}", 1.0),
}
_SWITCHES = {"grey": "in grey", "mirror": "mirrored"}
_PANES = {"probe": "View of photograph", "candidate": "View of reference"}


def views_in(content: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Return how the reviewer looked at the two pictures at last, and with which tools."""
    return tuple(fact for fact in (*_views(content), Fact("Tools used", _tools(content))) if fact.text)


def _views(content: Mapping[str, Any]) -> Iterator[Fact]:
    adjustments = mapping(content.get("adjustments"))
    for pane, label in _PANES.items():
        if mapping(adjustments.get(pane)):
            yield Fact(label, ", ".join(_view(mapping(adjustments[pane]))) or "as it is")


def _view(view: Mapping[str, Any]) -> Iterator[str]:
    for name, (words, untouched) in _NUMBERS.items():
        value = number(view.get(name))
        if value is not None and value != untouched:
            yield words.format(value)
    yield from (words for name, words in _SWITCHES.items() if view.get(name) is True)


def _tools(content: Mapping[str, Any]) -> str:
    return ", ".join(plain(tool).lower() for tool in listed(content.get("tools")))


def number(value: Any) -> float | None:
    """Return a number of a document, which may be written as a string; None where it is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
