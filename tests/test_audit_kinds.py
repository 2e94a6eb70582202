"""Every kind of entry says exactly what it may say, and says it to people too."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from audit.kinds import KINDS, UnknownKind, kind_named, plain
from audit.selectors import timeline
from audit.services import record
from tests.audit_fixtures import payload_for


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_has_a_sentence_that_renders(auditor: User, name: str) -> None:
    entry = record(kind=name, actor=auditor, subject=auditor, payload=payload_for(name))
    (line,) = timeline(auditor, [entry])
    assert re.fullmatch(r"[A-Z7][^{}]+\.", line.sentence)
    assert "not stated" not in line.sentence


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_is_namespaced_and_versioned(name: str) -> None:
    assert re.fullmatch(r"(accounts|identification|review|audit):[a-z]+:[a-z-]+/[1-9]", name)
    assert KINDS[name].label


@pytest.mark.parametrize("name", sorted(KINDS))
def test_no_sentence_calls_a_person_anything(name: str) -> None:
    forbidden = re.compile("mat" + r"ch|\bh" + r"its?\b|susp" + r"ect|target|percent|%", re.IGNORECASE)
    assert not forbidden.search(KINDS[name].sentence)


def test_unknown_kind_is_a_mistake() -> None:
    with pytest.raises(UnknownKind, match="case:dreamt"):
        kind_named("identification:case:dreamt/1")


@pytest.mark.parametrize("payload", [{}, {"role": "reviewer", "name": "A. Person"}, {"rolle": "reviewer"}])
def test_wrong_keys_are_a_mistake(payload: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="accounts:role:granted"):
        kind_named("accounts:role:granted/1").checked(payload)


@pytest.mark.parametrize("value", [0.5, [0.5], {"score": 0.5}, b"bytes", object(), {1: "a"}, [[["deep"]]], {1, 2}])
def test_what_has_no_exact_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        plain(value)


@pytest.mark.parametrize("value", [2**53, "a\nb", "a;b", "a\x00", "\ud800", "long " * 200])
def test_what_could_do_harm_in_an_export_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON|payload"):
        plain(value)


@pytest.mark.parametrize("value", [None, True, 7, "0.8123", ["a", 1, None], {"ef": 40, "lists": [1, 2]}, ({"id": 1},)])
def test_plain_values_are_kept(value: Any) -> None:
    assert plain(value) == (list(value) if isinstance(value, tuple) else value)


def recorded_kinds() -> Iterator[tuple[str, str, set[str] | None]]:
    """Find every call with a kind in the code: where, which, and the keys of its payload if they are written there."""
    root = Path(__file__).resolve().parent.parent
    apps = ("audit", "identification", "review", "demo")
    for file in sorted(path for app in apps for path in (root / app).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            said = {word.arg: word.value for word in node.keywords} if isinstance(node, ast.Call) else {}
            match said.get("kind"), said.get("payload", ast.Dict([], [])):
                case ast.Constant(value=str() as name), payload if name.count(":") == 2:
                    yield f"{file.name}:{node.lineno}", name, _keys(payload)


def _keys(payload: ast.expr) -> set[str] | None:
    """Return the keys of a dictionary that is written out; None where it is put together."""
    keys = payload.keys if isinstance(payload, ast.Dict) else [None]
    written = {key.value for key in keys if isinstance(key, ast.Constant)}
    return written if len(written) == len(keys) else None


def test_code_records_only_what_the_registry_knows() -> None:
    found = list(recorded_kinds())
    assert len(found) > 10
    for place, name, keys in found:
        kind = kind_named(name)
        if keys is not None:
            assert kind.payload_keys <= keys <= kind.payload_keys | kind.optional_keys, (place, name)
