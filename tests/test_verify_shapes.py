"""Payloads that look like many before them are checked quicker; no others pass than when each is new."""

import io
import random

import pytest

from audit import verify as module
from tests.bundles import TEXTS
from tests.oddities import PAYLOADS

# One each of what is quick, of what never is, and of what only seems to be.
SEEN = (
    '{"a":1}',
    '{"a":0,"b":"","c":[1,"x",null]}',
    '{"a":{"b":[{"c":1},{"c":-20}]},"d":true}',
    '{"a":["x",{"b":1}],"c":[[1,2],[3]]}',
    '{"a:1":2,"a:2":3}',
    '{"k:":1,"x":2}',
    '{"A":1,"a":"\\n,\\"b\\":1"}',
    "{}",
)
PIECES = ('"', ":", ",", "0", "-", "1.5", "[", "]", "{", "}", '"a":', '"b":1,', "\\", "\\u0041", " ", "é", "9" * 16)


def checks(walk: module._Walk, kind: str, text: str) -> bool:
    """Do as a walk does with a payload."""
    try:
        if not walk.usual.get(kind, module.NOTHING).fullmatch(text):
            walk._check_payload(kind, text, 63)
    except (ValueError, RecursionError):
        return False
    return True


def is_good(text: str) -> bool:
    try:
        return bool(module._object(text, depth=63)) or text == "{}"
    except (ValueError, RecursionError):
        return False


@pytest.fixture
def walk(monkeypatch: pytest.MonkeyPatch) -> module._Walk:
    """A walk that has seen much already."""
    monkeypatch.setattr(module, "OFTEN", 40)
    walk = module._Walk(io.BytesIO(), None, [])
    for text in SEEN * 50:
        assert checks(walk, text, text)
    return walk


def mutated(text: str, draw: random.Random) -> str:
    place, end = sorted(draw.randrange(len(text) + 1) for _ in range(2))
    return text[:place] + draw.choice((*PIECES, text[place:end] * 2, "")) + text[draw.choice((place, end)) :]


def test_what_was_seen_often_is_quick(walk: module._Walk) -> None:
    assert set(walk.usual) == {SEEN[0], SEEN[1], SEEN[2], SEEN[7]}
    assert '{"a":0}' in walk.shapes
    assert not any("a:" in shape or "k:" in shape for shape in walk.shapes)


def test_any_plain_values_are_taken_in_a_known_shape(walk: module._Walk) -> None:
    for value in ("true", "null", "-999999999999999", "9007199254740991", *map(module._encode, TEXTS), '["",-1]', "[]"):
        assert checks(walk, SEEN[0], f'{{"a":{value}}}')


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_odd_payloads_fare_as_ever(walk: module._Walk, name: str) -> None:
    text, ok = PAYLOADS[name]
    assert [checks(walk, kind, text) for kind in (*SEEN, "another")] == [ok] * (len(SEEN) + 1)


def test_changed_payloads_fare_as_if_each_were_new(walk: module._Walk) -> None:
    draw, good = random.Random(5), 0
    for _ in range(20_000):
        kind = draw.choice(SEEN)
        text = mutated(mutated(kind, draw), draw) if draw.random() < 0.5 else mutated(kind, draw)
        good += is_good(text)
        assert checks(walk, kind, text) == is_good(text), text
    assert 1000 < good < 19_000


def test_shapes_remembered_are_few_small_and_flat(walk: module._Walk) -> None:
    for index in range(100):
        assert checks(walk, "another", f'{{"k{index}":1}}')
    assert len(walk.shapes) == 40
    walk.shapes.clear()
    for text in ('{"a":"' + "x" * module.LONGEST_NOTE + '"}', '{"a":' * 40 + "{}" + "}" * 40):
        assert checks(walk, "another", text)
    assert not walk.shapes
