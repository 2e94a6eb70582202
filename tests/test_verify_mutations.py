"""No change to a bundle goes unnoticed: of bytes anywhere, and of what it says by somebody without the private key."""

import io
import random

import pytest

from audit.verify import Verdict, verify
from tests.attacks import ATTACKS, SEALS, sealed, unpacked
from tests.bundles import made_bundle, made_log, some_of

# Attacks draw from other numbers than logs do, lest a stranger's key be the log's own.
ATTACKER = 7_000_000


def verdict(bundle: bytes) -> Verdict:
    return verify(io.BytesIO(bundle))


def drawn_bundle(seed: int) -> bytes:
    log = made_log(seed, 1 + seed % 25, keys=1 + seed % 3, checkpoints=seed % 5)
    return made_bundle(log, some_of(seed, (0.3, 0.7, 1)[seed % 3]), before=seed % 4, after=seed % 6)


def mutated(bundle: bytes, draw: random.Random) -> bytes:
    """Change some bytes in one of the ways in which a file is damaged or tampered with."""
    place, changed = draw.randrange(len(bundle)), bytearray(bundle)
    how = draw.choice(("flip", "set", "drop", "insert", "truncate", "append", "copy", "zero"))
    if how == "flip":
        changed[place] ^= 1 << draw.randrange(8)
    elif how == "set":
        changed[place] = draw.choice((0, 10, 32, 34, 48, 255, draw.randrange(256)))
    elif how == "drop":
        del changed[place : place + draw.choice((1, 1, 2, 100))]
    elif how == "insert":
        changed[place:place] = draw.choice((b" ", b"\n", b"0", b"\x00", draw.randbytes(3)))
    elif how == "truncate":
        del changed[place:]
    elif how == "append":
        changed += draw.choice((b"\n", b"\x00", draw.randbytes(10), bundle))
    elif how == "copy":
        other = draw.randrange(len(bundle))
        changed[place : place + 8] = bundle[other : other + 8]
    else:
        changed[place : place + 16] = bytes(len(changed[place : place + 16]))
    return bytes(changed)


def caught(bundles: range, changes: int) -> int:
    """Mutate bundles; return how many mutations were real, each of which must be caught and said in a sentence."""
    number = 0
    for seed in bundles:
        whole, draw = drawn_bundle(seed), random.Random(ATTACKER + seed)
        for _ in range(changes):
            changed = mutated(whole, draw)
            if changed != whole:
                number += 1
                found = verdict(changed)
                assert (found.ok, found.status) == (False, 1), (seed, number)
                assert found.sentence.endswith("."), found.sentence
    return number


def test_changed_bytes_are_caught() -> None:
    assert caught(range(10), 100) > 900


@pytest.mark.slow
def test_ten_thousand_changes_of_bytes_are_caught() -> None:
    assert caught(range(100, 200), 110) >= 10_000


def test_every_byte_of_a_small_bundle_counts() -> None:
    whole = made_bundle(made_log(3, 1, checkpoints=0), before=0, after=0)
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        assert not verdict(bytes(changed)).ok, place


def attacked(name: str, seeds: range) -> int:
    """Attack bundles, covered up in every way; return how many attacks there were, each of which must be caught."""
    number = 0
    for seed in seeds:
        whole = drawn_bundle(seed)
        for seal in SEALS:
            files, draw = unpacked(whole), random.Random(ATTACKER + seed)
            if ATTACKS[name](files, draw) and (changed := sealed(files, seal)) != whole:
                number += 1
                assert not verdict(changed).ok, (name, seed, seal)
    return number


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_attack_is_caught_however_it_is_covered_up(name: str) -> None:
    assert attacked(name, range(1, 9))


@pytest.mark.slow
def test_ten_thousand_attacks_are_caught() -> None:
    assert sum(attacked(name, range(100, 170)) for name in sorted(ATTACKS)) >= 10_000
