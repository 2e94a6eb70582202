"""Every kind of entry says exactly what it may say, and says it to people too."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Role, User
from audit.case_log import WHAT
from audit.erasure import Basis
from audit.kinds import KINDS, Kind, UnknownKind, kind_named, plain
from audit.kinds.values import UUID
from audit.models import Export
from audit.selectors import timeline
from audit.services import record
from audit.verification import FAILED, HELD
from identification import imaging
from identification.models import GalleryKind, IdentifierKind, Purpose, Search
from review.models import (
    Assignment,
    EvidenceChange,
    Exposure,
    Limitation,
    Outcome,
    Part,
    Reopening,
    Suitability,
    Verdict,
)
from tests.audit_fixtures import payload_for

# Where a file is no worse than others, and still can't be taken.
OTHERWISE_REFUSED = ("same-file-twice", "original-changed", "not-one-face")


def sentences_of(kind: Kind) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Yield each sentence of a kind with a payload of which it is said, and whether somebody acted."""
    whole, deciding = payload_for(kind.name), {key for key, *_ in (*kind.others, *kind.unacted)}
    said = {key: value for key, value in whole.items() if key in kind.payload_keys or key not in deciding}
    yield kind.sentence, said, True
    yield kind.sentence, said, False
    for key, value, sentence in kind.others:
        yield sentence, said | {key: value}, True
    for number, (_, sentence) in enumerate(kind.unacted):
        yield sentence, said | {key: whole[key] for key, _ in kind.unacted[number:]}, False


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_has_a_sentence_that_renders(auditor: User, name: str) -> None:
    for sentence, said, acted in sentences_of(KINDS[name]):
        assert KINDS[name].sentence_for(said, acted=acted) == sentence
        entry = record(kind=name, actor=auditor if acted else None, subject=auditor, payload=said)
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
    for sentence, *_ in sentences_of(KINDS[name]):
        assert not forbidden.search(sentence)


def test_unknown_kind_is_a_mistake() -> None:
    with pytest.raises(UnknownKind, match="case:dreamt"):
        kind_named("identification:case:dreamt/1")


@pytest.mark.parametrize("payload", [{}, {"role": "reviewer", "name": "A. Person"}, {"rolle": "reviewer"}])
def test_wrong_keys_are_a_mistake(payload: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="accounts:role:granted"):
        kind_named("accounts:role:granted/1").checked(payload)


SOMEBODY = "Ivan Petrenko"
# What an operator writes into the configuration is on record as it stands there; nobody else writes there.
OPERATORS = {("audit:service:started/1", "settings")}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_no_kind_has_room_for_a_name(name: str) -> None:
    kind, whole = KINDS[name], payload_for(name)
    assert kind.checked(whole) == whole
    for key in whole:
        for somebody in (SOMEBODY, [SOMEBODY], {"name": SOMEBODY}, [{"name": SOMEBODY}]):
            if (name, key) not in OPERATORS:
                with pytest.raises(ValueError, match=f"{name}: {key} must be") as refused:
                    kind.checked(whole | {key: somebody})
                assert SOMEBODY not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("accounts:role:granted/1", "role", "petrenko"),
        ("identification:search:run/1", "persons", -1),
        ("identification:search:run/1", "persons", True),
        ("identification:search:run/1", "gallery_size", "7"),
        ("identification:search:run/1", "scores", [1]),
        ("identification:search:run/1", "cut_off", "none"),
        ("identification:search:run/1", "weights_sha256", ""),
        ("identification:search:run/1", "galleries", None),
        ("identification:search:run/1", "settings", {"score": "cosine similarity", "who": "person"}),
        ("identification:policy:changed/1", "values", {"sufficient_kinds": ["hair"]}),
        ("review:conclusion:reached/1", "dissent", [{"assessment": UUID.example}]),
        ("review:conclusion:reached/1", "finding", "person:petrenko"),
        ("audit:log:viewed/1", "filters", {"subject_id": "petrenko"}),
        ("audit:log:viewed/1", "filters", {"unknown": 1}),
        ("audit:export:made/2", "entries", [UUID.example]),
        ("audit:payload:erased/1", "entries", 7),
    ],
)
def test_a_value_that_is_not_of_its_kind_is_a_mistake(name: str, key: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name}: {key} must be"):
        KINDS[name].checked(payload_for(name) | {key: value})


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("identification:search:run/1", "scores", ["0.81", "-1.0", "1e-05", "0.9999999403953552"]),
        ("identification:search:run/1", "cut_off", None),
        ("identification:photograph:refused/1", "sha256", None),
        ("review:review:opened/1", "refers_to", None),
        ("review:conclusion:reached/1", "finding", f"person:{UUID.example}"),
        ("review:conclusion:reached/1", "dissent", []),
        ("audit:log:restored/1", "signed_root", ""),
        ("identification:encoder:activated/1", "replaces", "facenet-vggface2 2.5.3+cpu"),
    ],
)
def test_what_the_services_say_is_let_in(name: str, key: str, value: Any) -> None:
    assert KINDS[name].checked(payload_for(name) | {key: value})[key] == value


@pytest.mark.parametrize(
    ("name", "key", "chosen"),
    [
        ("accounts:role:granted/1", "role", Role.values),
        ("identification:case:opened/1", "purpose", Purpose.values),
        ("identification:gallery:opened/1", "gallery_kind", GalleryKind.values),
        ("identification:search:run/1", "method", Search.Method.values),
        ("identification:photograph:refused/1", "code", [*imaging.SENTENCES, *OTHERWISE_REFUSED]),
        ("review:assignment:taken/1", "part", Part.values),
        ("review:analysis:recorded/1", "suitability", Suitability.values),
        ("review:analysis:recorded/1", "limitations", Limitation.values),
        ("review:assignment:declined/1", "code", Assignment.DeclineReason.values),
        ("review:image:revealed/1", "variant", Exposure.Variant.values),
        ("review:conclusion:reached/1", "outcome", Outcome.values),
        ("review:review:withdrawn/2", "cause", EvidenceChange.values),
        ("review:review:reopened/1", "cause", Reopening.Cause.values),
        ("review:identifier:recorded/1", "identifier_kind", IdentifierKind.values),
        ("review:identifier:verified/1", "verdict", Verdict.values),
        ("audit:payload:erased/1", "basis", Basis.values),
        ("audit:export:made/2", "format", Export.Format.values),
        ("audit:log:verified/1", "outcome", [HELD, FAILED]),
        ("audit:timeline:viewed/1", "what", [what for what, _ in WHAT]),
    ],
)
def test_the_registry_has_the_words_that_people_choose_from(name: str, key: str, chosen: list[str]) -> None:
    said = KINDS[name].shape(key).said.rpartition("one of ")[2]
    assert set(said.split(", ")) == set(chosen)


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
