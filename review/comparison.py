"""What a reviewer records of one comparison, as it is kept in a draft and signed: its shape, its words, its bounds.

    components   by code: seen in the probe, seen in the candidate, similarity, what explains a difference, a note
    markers      pairs of points on both pictures, numbered within a reference, in fractions of the untouched picture
    adjustments  how either picture was seen at last, as a view of the untouched picture; whether both moved together
    tools        which of the tools were used at all
    shown        the reference that was open at last, by its number; `references`: all that were looked at
    seconds      how long the comparison was open before somebody's eyes

The browser sends it, so nothing of it is believed: what isn't known here is refused; what nobody touched is left out.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from review.components import Component, Explanation, Similarity
from review.errors import IncompleteWork

Content = dict[str, Any]

LONGEST_NOTE = 500
LONGEST_MARKER_NOTE = 200
MOST_MARKERS = 60
MOST_REFERENCES = 200
LONGEST_SECONDS = 7 * 24 * 3600
PLACES = 4

PANES = ("probe", "candidate")
# Of each number of an adjustment: what it is on the untouched picture, the least and the most.
NUMBERS = {
    "zoom": (1.0, 0.2, 20.0),  # 1: the whole picture just fits
    "x": (0.5, -2.0, 3.0),  # which point of the picture is in the middle, in fractions of it
    "y": (0.5, -2.0, 3.0),
    "turn": (0.0, -180.0, 180.0),  # degrees clockwise
    "brightness": (1.0, 0.2, 4.0),
    "contrast": (1.0, 0.2, 4.0),
    "gamma": (1.0, 0.2, 5.0),
}
SWITCHES = ("grey", "mirror")
TOOLS = ("zoom", "pan", "turn", "align", "brightness", "contrast", "gamma", "grey", "mirror", "flicker", "original")


class NotKept(IncompleteWork):
    """A comparison that isn't one; str() says what is wrong, and that nothing changed."""

    def __init__(self, what: str) -> None:
        super().__init__(f"This can't be kept: {what}. What was saved before is kept.")


def checked(content: object, *, references: int = MOST_REFERENCES) -> Content:
    """Return a comparison as it is kept, for a candidate with so many references; NotKept where it isn't one."""
    given = _known(content, _PARTS, "comparison")
    return {part: take(given[part], references) for part, take in _PARTS.items() if part in given}


def untouched() -> Content:
    """Return the adjustments of a picture that is shown as it is."""
    return {name: bounds[0] for name, bounds in NUMBERS.items()} | dict.fromkeys(SWITCHES, False)


def _components(given: object, _references: int) -> Content:
    """Keep what was said of each component, in the list's order; one of which nothing was said is left out."""
    by_code = _known(given, Component.values, "component")
    said = {code: _component(by_code[code]) for code in Component.values if code in by_code}
    return {code: one for code, one in said.items() if any(one.values())}


def _component(given: object) -> Content:
    one = _known(given, ("probe", "candidate", "similarity", "explanation", "note"), "answer")
    return {
        "probe": _switch(one.get("probe", False)),
        "candidate": _switch(one.get("candidate", False)),
        "similarity": _word(one.get("similarity", ""), ["", *Similarity.values]),
        "explanation": _word(one.get("explanation", ""), ["", *Explanation.values]),
        "note": _text(one.get("note", ""), LONGEST_NOTE),
    }


def _markers(given: object, references: int) -> list[Content]:
    pairs = [_marker(one, references) for one in _list(given, MOST_MARKERS, "pairs of points")]
    numbered = {(pair["reference"], pair["number"]) for pair in pairs}
    if len(numbered) != len(pairs):
        raise NotKept("two pairs of points have one number")
    return pairs


def _marker(given: object, references: int) -> Content:
    pair = _known(given, ("reference", "number", "probe", "candidate", "note"), "pair of points")
    return {
        "reference": _whole(pair.get("reference"), 1, references),
        "number": _whole(pair.get("number"), 1, 10 * MOST_MARKERS),
        "probe": _point(pair.get("probe")),
        "candidate": _point(pair.get("candidate")),
        "note": _text(pair.get("note", ""), LONGEST_MARKER_NOTE),
    }


def _point(given: object) -> list[float]:
    if not isinstance(given, list) or len(given) != 2:
        raise NotKept("a point has two coordinates")
    return [_number(coordinate, 0.0, 1.0) for coordinate in given]


def _adjustments(given: object, _references: int) -> Content:
    both = _known(given, (*PANES, "linked"), "adjustment")
    views = {pane: _view(both.get(pane, {})) for pane in PANES}
    return views | {"linked": _switch(both.get("linked", True))}


def _view(given: object) -> Content:
    view = _known(given, (*NUMBERS, *SWITCHES), "adjustment")
    numbers = {name: _number(view.get(name, usual), low, high) for name, (usual, low, high) in NUMBERS.items()}
    return numbers | {name: _switch(view.get(name, False)) for name in SWITCHES}


def _tools(given: object, _references: int) -> list[str]:
    used = {_word(tool, TOOLS) for tool in _list(given, len(TOOLS), "tools")}
    return [tool for tool in TOOLS if tool in used]


def _looked_at(given: object, references: int) -> list[int]:
    return sorted({_whole(number, 1, references) for number in _list(given, MOST_REFERENCES, "references")})


_PARTS: dict[str, Callable[[Any, int], Any]] = {
    "components": _components,
    "markers": _markers,
    "adjustments": _adjustments,
    "tools": _tools,
    "shown": lambda given, references: _whole(given, 1, references),
    "references": _looked_at,
    "seconds": lambda given, _: _whole(given, 0, LONGEST_SECONDS),
}


def _known(given: object, keys: Collection[str], what: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise NotKept(f"a {what} is missing")
    if not given.keys() <= set(keys):
        raise NotKept(f"it has a {what} that is not known here")
    return given


def _list(given: object, most: int, what: str) -> list[Any]:
    if not isinstance(given, list):
        raise NotKept(f"{what} are missing")
    if len(given) > most:
        raise NotKept(f"more than {most} {what}")
    return given


def _number(given: object, low: float, high: float) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise NotKept("a number is missing")
    if not low <= given <= high:  # nor is what is no number
        raise NotKept(f"a number is not between {low:g} and {high:g}")
    return round(float(given), PLACES)


def _whole(given: object, low: int, high: int) -> int:
    number = _number(given, low, high)
    if number != int(number):
        raise NotKept("a number is not whole")
    return int(number)


def _switch(given: object) -> bool:
    if not isinstance(given, bool):
        raise NotKept("yes or no is missing")
    return given


def _word(given: object, words: Collection[str]) -> str:
    if not isinstance(given, str) or given not in words:
        raise NotKept("it has a word that is not known here")
    return given


def _text(given: object, longest: int) -> str:
    if not isinstance(given, str):
        raise NotKept("a note is missing")
    # A browser counts a line's end as one character and sends two; PostgreSQL can't hold a zero character.
    text = given.replace("\r\n", "\n").replace("\0", "").strip()
    if len(text) > longest:
        raise NotKept(f"a note is longer than {longest} characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotKept("a note has characters that can't be written") from error
    return text
