"""The second verifier, written in JavaScript from the format's description alone, comes to the verdict of the first."""

import io
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.bundle.container import Container
from audit.verify import Verdict, verify
from tests import attacks, node
from tests.bundles import MadeLog, made_bundle, made_log, some_of
from tests.damages import damaged
from tests.node import SAME_FACTS, Verifier
from tests.oddities import LONG_LINES, odd_bundles
from tests.resigned import resigned

VECTORS = Path(__file__).parent / "vectors" / "audit"


@pytest.fixture(scope="module")
def javascript() -> Iterator[Verifier]:
    """The JavaScript verifier, one process for all bundles of this file."""
    with node.verifier() as verifier:
        yield verifier


class Judges:
    """Both verifiers; they must agree on every bundle."""

    def __init__(self, javascript: Verifier, place: Path) -> None:
        self.javascript = javascript
        self.place = place
        self.held = self.asked = 0

    def ask(self, bundle: bytes, name: str, *, keys: tuple[str, ...] = (), checkpoint: str | None = None) -> Verdict:
        """Return what the first says, once the second has said the same."""
        path, kept = self.place / "bundle.zip", self.place / "kept.txt"
        path.write_bytes(bundle)
        kept.write_text(checkpoint or "", newline="")
        first = verify(path, kept if checkpoint else None, keys)
        second = self.javascript.verdict(path, checkpoint, keys)
        assert first.ok is (second["verdict"] == "holds"), (name, first.sentence, second)
        if first.ok:
            assert {one: second["facts"][other] for one, other in SAME_FACTS.items()} == {
                one: first.facts[one] for one in SAME_FACTS
            }, name
        self.asked += 1
        self.held += first.ok
        return first


@pytest.fixture
def judges(javascript: Verifier, tmp_path: Path) -> Judges:
    return Judges(javascript, tmp_path)


def drawn_log(draw: random.Random) -> MadeLog:
    return made_log(
        draw.randrange(10**6), draw.randrange(1, 25), keys=draw.choice((1, 1, 2, 3)), checkpoints=draw.randrange(5)
    )


@pytest.mark.slow
def test_its_parts_agree_with_published_vectors() -> None:
    run = node.run_tests()
    assert run.returncode == 0, run.stdout + run.stderr
    (passed,) = re.findall(r"^# pass (\d+)$", run.stdout, re.MULTILINE)
    assert int(passed) > 40


@pytest.mark.parametrize("vector", json.loads((VECTORS / "bundles.json").read_text()), ids=lambda one: one["file"])
def test_verdict_on_each_published_bundle(judges: Judges, vector: dict[str, Any]) -> None:
    bundle = (VECTORS / "bundles" / vector["file"]).read_bytes()
    verdict = judges.ask(bundle, vector["file"], keys=tuple(vector["keys"]), checkpoint=vector["checkpoint"])
    assert verdict.ok is vector["ok"], verdict.sentence


def test_both_take_the_same_oddities_that_a_key_holder_can_sign(judges: Judges) -> None:
    long = ((name, build(), ok) for name, build, ok in LONG_LINES)
    for name, bundle, ok in (*odd_bundles(), *long):
        verdict = judges.ask(bundle, name)
        assert verdict.ok is ok, (name, verdict.sentence)


@pytest.mark.parametrize("number", [60, pytest.param(1_000, marks=pytest.mark.slow)])
def test_clean_bundles_hold_for_both(judges: Judges, number: int) -> None:
    for seed in range(number):
        draw = random.Random(f"clean {seed}")
        log = drawn_log(draw)
        keys = draw.choice(((), (log.keys[0].vkey,), (log.keys[-1].vkey,)))
        bundle = made_bundle(log, some_of(seed, draw.random()), before=draw.randrange(4), after=draw.randrange(4))
        kept = draw.choice([None, *log.checkpoints])
        verdict = judges.ask(bundle, f"seed {seed}", keys=keys, checkpoint=kept and kept.note)
        assert verdict.ok, (seed, verdict.sentence)


@pytest.mark.parametrize("number", [400, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_mutation_is_taken_by_either(judges: Judges, number: int) -> None:
    """Half are bytes that were damaged, half attacks that were covered up as well as one can without the key."""
    seed = 0
    while judges.asked < number:
        seed += 1
        draw = random.Random(f"mutated {seed}")
        if seed % 50 == 1:
            clean = made_bundle(drawn_log(draw), some_of(seed, draw.random()))
        mutated = damaged(clean, draw) if seed % 2 else attacked(clean, draw)
        if mutated != clean:
            assert not judges.ask(mutated, f"seed {seed}").ok, seed


def test_every_attack_is_refused_however_it_is_covered_up(judges: Judges) -> None:
    clean = made_bundle(made_log(15, 12, keys=3), some_of(15, 0.6))
    for name, attack in attacks.ATTACKS.items():
        for seal in attacks.SEALS:
            files = attacks.unpacked(clean)
            if attack(files, random.Random(name)) and (mutated := attacks.sealed(files, seal)) != clean:
                assert not judges.ask(mutated, f"{name}, {seal}").ok, (name, seal)
    assert judges.asked > 3 * len(attacks.ATTACKS)


def test_checksum_that_both_headers_give_wrongly_is_refused_by_both(judges: Judges) -> None:
    """Nothing that is signed covers it."""
    clean = made_bundle(made_log(3, 4))
    checksum = clean[14:18]  # in the first file's header
    assert clean.count(checksum) == 2
    assert not judges.ask(clean.replace(checksum, bytes(4)), "checksum").ok


def test_no_byte_of_the_headers_can_be_another(judges: Judges) -> None:
    clean = made_bundle(made_log(3, 4), some_of(3))
    directory = clean.index(b"PK\x01\x02")
    for at in (*range(60), *range(directory, len(clean))):
        mutated = clean[:at] + bytes([clean[at] ^ 1]) + clean[at + 1 :]
        assert not judges.ask(mutated, f"byte {at}").ok, at


@pytest.mark.parametrize("where", ["first", "between", "before the directory", "last"])
def test_bytes_that_belong_to_no_file_are_refused_though_every_offset_is_right(judges: Judges, where: str) -> None:
    assert judges.ask(with_gap(""), "no gap").ok
    assert not judges.ask(with_gap(where), where).ok


def with_gap(where: str) -> bytes:
    """Return a bundle with some bytes put in, and every offset as it then must be."""
    files, out = attacks.unpacked(made_bundle(made_log(3, 4))), io.BytesIO()
    container = Container(out)
    for name, data in files.items():
        if where == ("between" if name == "keys.jsonl" else "first" if name == "README.txt" else None):
            container._at += out.write(b"unseen")
        container.add(name, data)
    if where == "before the directory":
        container._at += out.write(b"unseen")
    container.finish()
    return out.getvalue() + (b"unseen" if where == "last" else b"")


def attacked(clean: bytes, draw: random.Random) -> bytes:
    """Return the bundle after an attack; the same where this attack finds nothing to change."""
    files, attack = attacks.unpacked(clean), draw.choice(list(attacks.ATTACKS.values()))
    return attacks.sealed(files, draw.choice(attacks.SEALS)) if attack(files, draw) else clean


@pytest.mark.parametrize("number", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_both_agree_on_what_a_key_holder_made_wrongly_and_signed(judges: Judges, number: int) -> None:
    for seed in range(number):
        draw = random.Random(f"resigned {seed}")
        log = drawn_log(draw)
        judges.ask(resigned(log, made_bundle(log, some_of(seed, draw.random())), draw), f"seed {seed}")
    assert number / 10 < judges.held < number * 9 / 10  # some hold and some don't, or nothing was compared
