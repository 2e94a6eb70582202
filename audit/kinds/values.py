"""What stands in the payload of an entry: plain JSON, and of each value what it may be.

A shape says in words what a value may be, and whether one is. None of them has room for a name or for words that
somebody typed: text is an id, a hash, a number written out, a code of ours, or what an operator set.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

LARGEST_INTEGER = 2**53 - 1
LONGEST_TEXT = 500
# Control characters and the semicolon could start a new cell where a spreadsheet opens a CSV export.
FORBIDDEN_IN_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f;\ud800-\udfff\u2028\u2029]")
KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")


def plain(value: Any, depth: int = 2) -> Any:
    """Return text, whole numbers, truth values, None, and lists and flat dictionaries of these.

    A float has no single way of being written, so it is refused: scores are decimal strings.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return _whole_number(value)
    if isinstance(value, str):
        return _text(str(value))
    if isinstance(value, list | tuple) and depth:
        return [plain(item, depth - 1) for item in value]
    if isinstance(value, Mapping) and depth:
        return {_key(key): plain(item, depth - 1) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} has no place in an audit payload")


def _whole_number(value: int) -> int:
    if abs(value) > LARGEST_INTEGER:
        raise ValueError("A number beyond 2**53 - 1 has no exact place in JSON; record it as text")
    return int(value)


def _text(value: str) -> str:
    if len(value) > LONGEST_TEXT or FORBIDDEN_IN_TEXT.search(value):
        raise ValueError(f"Text in an audit payload is an id, a hash or a code, not {value[:40]!r}")
    return value


def _key(value: Any) -> str:
    if not isinstance(value, str) or not KEY.fullmatch(value):
        raise TypeError(f"{value!r} is not a plain key of an audit payload")
    return value


@dataclass(frozen=True, eq=False)
class Shape:
    """What a value may be: in words, whether a plain one is, and one that is."""

    said: str
    fits: Callable[[Any], bool]
    example: Any


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def like(pattern: str, said: str, example: str) -> Shape:
    """Text in this form."""
    form = re.compile(pattern)
    return Shape(said, lambda value: isinstance(value, str) and form.fullmatch(value) is not None, example)


def one_of(*words: str) -> Shape:
    """One of these words."""
    return Shape(f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words, words[0])


def list_of(each: Shape) -> Shape:
    """A list of any length."""
    return Shape(
        f"a list, each {each.said}",
        lambda value: isinstance(value, list) and all(map(each.fits, value)),
        [each.example],
    )


def either(*shapes: Shape) -> Shape:
    """What one of these is."""
    said = " or ".join(shape.said for shape in shapes)
    return Shape(said, lambda value: any(shape.fits(value) for shape in shapes), shapes[0].example)


def object_of(shapes: Mapping[str, Shape], *, whole: bool = False) -> Shape:
    """An object with some of these keys, or with all of them."""

    def fits(value: Any) -> bool:
        if not isinstance(value, dict) or (whole and value.keys() != shapes.keys()):
            return False
        return all(key in shapes and shapes[key].fits(item) for key, item in value.items())

    return Shape(f"an object with {', '.join(shapes)}", fits, {key: shape.example for key, shape in shapes.items()})


def object_with(each: Shape) -> Shape:
    """An object with any keys that a payload may have."""
    return Shape(
        f"an object, under each key {each.said}",
        lambda value: isinstance(value, dict) and all(map(each.fits, value.values())),
        {"a_key": each.example},
    )


NOTHING = Shape("nothing", lambda value: value is None, None)
YES_OR_NO = Shape("yes or no", lambda value: isinstance(value, bool), True)
COUNT = Shape("a whole number from 0", lambda value: _is_whole(value) and value >= 0, 7)
UUID = like("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a UUID", "6f1c9d1e-7a53-4d3c-9b0c-0d9a2f9e4c11")
SHA256 = like(
    "[0-9a-f]{64}", "a SHA-256 in hexadecimal", "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"
)
NO_SHA256 = like("", "empty", "")
DIGITS = like("[0-9]{1,30}", "digits", "4611686018427387904")
# As repr writes a float: 1e-05 too.
DECIMAL = like(r"-?[0-9]{1,20}(\.[0-9]{1,20})?(e-?[0-9]{1,3})?", "a decimal number as text", "0.8123")
DAY = like("[0-9]{4}-[0-9]{2}-[0-9]{2}", "a day", "2026-11-14")
# A field of a form, a page, a part of the work: words of the program's own, which nobody types.
CODE = like("[a-z][a-z0-9]{0,30}([_-][a-z0-9]{1,30}){0,6}", "a code of the program", "a_code")
MODEL = like(r"[a-z0-9_]{1,50}\.[a-z0-9_]{1,49}", "the name of a model", "identification.case")
KIND = like(
    r"[a-z]{1,30}:([a-z-]{1,30}:([a-z-]{1,40}/[0-9]{1,3})?)?", "a kind, or how some begin", "review:assessment:"
)
ROLE_NAME = like("[A-Za-z_][A-Za-z0-9_$-]{0,62}", "the name of a database role", "countersign_app")
MODEL_NAME, MODEL_VERSION = "[a-z0-9][a-z0-9-]{0,59}", "[A-Za-z0-9][A-Za-z0-9._+-]{0,39}"
NAME = like(MODEL_NAME, "the name of an encoder", "dlib-resnet")
VERSION = like(MODEL_VERSION, "a version", "1.0")
NAME_AND_VERSION = like(f"{MODEL_NAME} {MODEL_VERSION}", "a name and a version", "dlib-resnet 1.0")
# A detector's version says as well which way of searching with it is ours (identification/recognition/detection.py).
DETECTOR = like(
    f"{MODEL_NAME} {MODEL_VERSION}(, search [0-9]{{1,6}})?",
    "the name and version of a detector",
    "mtcnn 2.5.3, search 1",
)
KEY_ID = like("[0-9a-f]{8}", "eight digits of a key", "0f1e2d3c")
VERIFIER_KEY = like(
    r"[!-*,-~]{1,200}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}", "a key for verifying", f"a.example/log+0f1e2d3c+{'A' * 44}"
)
# What an operator writes into the configuration stands in the log as it is there.
SET = like(f".{{0,{LONGEST_TEXT}}}", "a setting", "Europe/Kyiv")
