"""What the verifier says: of bundles that hold, and of the first thing that doesn't."""

import io
import json
import random
from pathlib import Path

import pytest

from audit.notes import Checkpoint
from audit.verify import Verdict, verify
from tests import oddities
from tests.attacks import (
    ATTACKS,
    CHECKPOINTS,
    ENTRIES,
    forged_continuation,
    lines_of,
    packed,
    put_lines,
    sealed,
    unpacked,
)
from tests.bundles import KINDS, MadeLog, everything, made_bundle, made_log, made_signer, nothing, some_of
from tests.vectors.audit import make


def verdict(
    bundle: bytes, folder: Path | None = None, *, kept: str | None = None, keys: tuple[str, ...] = ()
) -> Verdict:
    """Verify a bundle; a checkpoint that was kept goes into a file in this folder."""
    if kept is None or folder is None:
        return verify(io.BytesIO(bundle), keys=keys)
    (folder / "kept.txt").write_text(kept, encoding="utf-8", newline="")
    return verify(io.BytesIO(bundle), folder / "kept.txt", keys)


def false_alarms(seeds: range) -> list[str]:
    shares, found = (everything, some_of(1), some_of(2, 0.02), nothing), []
    for seed in seeds:
        log = made_log(seed, seed % 45, keys=1 + seed % 4, checkpoints=seed % 7)
        bundle = made_bundle(log, shares[seed % 4], before=seed % 5, after=seed % 9, stamps=seed % 2 == 0)
        found.append(verdict(bundle))
    return [verdict.sentence for verdict in found if not verdict.ok]


def test_clean_bundles_raise_no_alarm() -> None:
    assert false_alarms(range(150)) == []


@pytest.mark.slow
def test_a_thousand_clean_bundles_raise_no_alarm() -> None:
    assert false_alarms(range(1000, 2000)) == []


def test_odd_things_that_the_holder_signed() -> None:
    """Names of those on which the verifier and the rule part ways."""
    assert [name for name, bundle, ok in oddities.odd_bundles() if verdict(bundle).ok != ok] == []


@pytest.mark.parametrize(("name", "build", "ok"), oddities.LONG_LINES)
def test_line_of_a_mebibyte_is_the_longest(name: str, build, ok: bool) -> None:
    assert verdict(build()).ok == ok


def test_vectors_say_what_the_verifier_says(tmp_path: Path) -> None:
    said = json.loads((make.HERE / "bundles.json").read_text())
    assert len(said) > 50
    for case in said:
        data = (make.HERE / "bundles" / case["file"]).read_bytes()
        found = verdict(data, tmp_path, kept=case["checkpoint"], keys=tuple(case["keys"]))
        assert found.ok == case["ok"], (case["file"], found.sentence)


def test_vectors_are_as_they_are_made(tmp_path: Path) -> None:
    make.main(tmp_path)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    committed = {path: (make.HERE / path).read_bytes() for path in made}
    assert made == committed
    assert len(list((make.HERE / "bundles").iterdir())) == sum("bundles" in path.parts for path in made)


def test_verdict_tells_what_holds() -> None:
    log = made_log(12, 20, checkpoints=3)
    found = verdict(made_bundle(log, lambda index: index < 5))
    assert found.facts["origin"] == log.origin
    assert (found.facts["size"], found.facts["closing_size"]) == (20, 24)
    assert found.facts["root"] == log.root(24).hex()
    assert f"of 20 entries are shown, and key {log.signers[0].key.id.hex()} of {log.origin} signed" in found.sentence
    assert f"{len(log.checkpoints)} checkpoints agree" in found.sentence
    assert "came with the bundle: compare it" in found.sentence


# What doesn't hold is named.


def attacked(name: str, seal: str = "manifest") -> Verdict:
    files = unpacked(made_bundle(made_log(50, 12, checkpoints=3)))
    assert ATTACKS[name](files, random.Random(f"named {name}"))
    return verdict(sealed(files, seal))


def test_changed_payload_is_named_with_its_entry() -> None:
    found = attacked("payload_changed")
    assert found.member == "entries.jsonl"
    assert found.index is not None
    assert found.sentence.startswith(f"entries.jsonl, line {found.index + 1} (entry {found.index}, ")
    assert ", 2026-11-14T14:0" in found.sentence
    assert found.sentence.endswith("its payload was changed: it isn't the one that the entry commits to.")


def test_changed_leaf_is_found_between_two_checkpoints() -> None:
    log = made_log(51, 0)
    for _ in range(12):
        log.append(KINDS[0], {"a": 1})
        if len(log.entries) % 4 == 0:
            log.checkpoint()
    files = unpacked(made_bundle(log))
    lines = lines_of(files, ENTRIES)
    lines[6]["entry"]["purpose"] = "other"
    put_lines(files, ENTRIES, lines)
    found = verdict(sealed(files, "manifest"))
    assert "checkpoint over 8 entries" in found.sentence
    assert "of the entries 4 to 7 one was changed" in found.sentence


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("entry_dropped", "here should stand entry"),
        ("entry_hidden", "holds the export of another manifest"),
        ("checkpoint_dropped", "holds the export of another manifest"),
        ("checkpoint_repeated", "can't follow one of size"),
        ("checkpoint_over_another_root", "doesn't hold"),
        ("checkpoint_signed_by_a_stranger", "by none of the keys"),
        ("erasure_faked", "no later entry"),
        ("end_cut_off", "here should stand entry"),
        ("claim_changed", "holds the export of another manifest"),
        ("old_checkpoint_as_the_closing_one", "closing.txt: it is about"),
        ("entries_of_the_closing_dropped", "here should stand entry"),
        ("document_added", "no payload that is shown names"),
        ("file_dropped", "doesn't hold the files that it should"),
    ],
)
def test_each_attack_is_said_in_its_own_words(name: str, said: str) -> None:
    assert said in attacked(name).sentence


@pytest.mark.parametrize("cut", [0, 1, 97, 98, 500])
def test_what_was_cut_short_is_no_whole_bundle(cut: int) -> None:
    whole = made_bundle(made_log(1, 5))
    assert "isn't a whole bundle" in verdict(whole[: len(whole) - cut - 1]).sentence


# Keys and checkpoints that somebody kept.


def test_bundle_holds_with_any_key_of_an_unbroken_chain_but_the_later() -> None:
    log = made_log(60, 10, keys=3)
    whole = made_bundle(log)
    for key in log.keys:
        found = verdict(whole, keys=(key.vkey,))
        assert found.ok
        assert "came with the bundle" not in found.sentence


def test_old_key_alone_isnt_enough_where_the_chain_is_broken() -> None:
    log = made_log(61, 4)
    log.add_key(made_signer(log.draw), handed_over=False)
    whole = made_bundle(log)
    assert "to which no trusted key was handed over" in verdict(whole, keys=(log.keys[0].vkey,)).sentence
    assert verdict(whole, keys=(log.keys[1].vkey,)).ok


def remade(log: MadeLog, after: int) -> MadeLog:
    """Return a log with the same first entries, others from there on, and another key; what an owner could write."""
    other = made_log(9_000_001, 0, origin=log.origin)
    for entry in log.entries[:after]:
        other.put(entry)
    while len(other.entries) < 12:
        other.append(KINDS[0], {"rewritten": len(other.entries)})
    other.checkpoint()
    return other


def test_log_written_anew_with_another_key_is_told_by_a_known_key(tmp_path: Path) -> None:
    log = made_log(62, 12, checkpoints=4)
    forged = made_bundle(remade(log, 5))
    alone = verdict(forged)
    assert alone.ok, "by itself it can't be told from a genuine one"
    assert "compare it with the published one" in alone.sentence
    assert "None of the keys that were given" in verdict(forged, keys=(log.keys[0].vkey,)).sentence
    kept = verdict(forged, tmp_path, kept=log.checkpoints[-1].note)
    assert "no key in this bundle signed it" in kept.sentence


def test_log_written_anew_that_brings_the_old_key_along_is_told(tmp_path: Path) -> None:
    """The forger lists the genuine key too, as if it had been lost."""
    log = made_log(63, 12, checkpoints=4)
    for before in (True, False):
        forged = remade(log, 5)
        forged.keys.insert(0 if before else 1, log.keys[0])
        bundle = made_bundle(forged)
        assert not verdict(bundle, keys=(log.keys[0].vkey,)).ok
        assert not verdict(bundle, tmp_path, kept=log.checkpoints[-1].note).ok


@pytest.mark.parametrize("genuine_first", [False, True])
def test_log_continued_by_a_stranger_who_names_his_key_is_told_by_a_kept_checkpoint(
    tmp_path: Path, *, genuine_first: bool
) -> None:
    """All that the checkpoint covers is genuine, only what follows isn't; the checkpoint's key vouches for no other."""
    log = made_log(63, 12, keys=2, checkpoints=4)
    log.checkpoint()
    forged = forged_continuation(log, genuine_first=genuine_first)
    assert verdict(forged).ok is not genuine_first
    found = verdict(forged, tmp_path, kept=log.checkpoints[-1].note)
    assert "to which no trusted key was handed over" in found.sentence
    assert not verdict(forged, keys=(log.keys[0].vkey,)).ok


def test_kept_checkpoint_vouches_for_its_key_and_those_handed_over_from_it(tmp_path: Path) -> None:
    log = made_log(63, 6, checkpoints=1)
    log.add_key(made_signer(log.draw), handed_over=False)
    log.add_key(made_signer(log.draw))
    whole = made_bundle(log)
    assert not verdict(whole).ok
    for signer, holds in zip(log.signers, (False, True, True), strict=True):
        kept = str(signer.sign(Checkpoint(log.origin, 6, log.root(6)).text()))
        found = verdict(whole, tmp_path, kept=kept)
        assert found.ok is holds, found.sentence
        assert "came with the bundle" not in found.sentence


def test_fork_by_the_holder_of_the_key_is_told_by_a_kept_checkpoint(tmp_path: Path) -> None:
    """Two people are shown two logs, both signed by the right key."""
    one, two = made_log(64, 6, checkpoints=0), made_log(64, 6, checkpoints=0)
    two.append(KINDS[0], {"only": "here"})
    one.append(KINDS[0], {"another": "there"})
    kept = one.signed().note
    whole = made_bundle(two)
    assert verdict(whole).ok
    assert "were others when the checkpoint was kept" in verdict(whole, tmp_path, kept=kept).sentence


def test_older_copy_is_told_by_a_kept_checkpoint(tmp_path: Path) -> None:
    """As when an older database was restored."""
    log = made_log(65, 8)
    older = made_bundle(log)
    for _ in range(3):
        log.append(KINDS[0], {})
    found = verdict(older, tmp_path, kept=log.signed().note)
    assert "cut back, or an older copy" in found.sentence


def test_kept_checkpoint_within_a_hidden_range_asks_for_a_proof(tmp_path: Path) -> None:
    log = made_log(66, 8, checkpoints=0)
    kept = log.signed(3).note
    assert "ask for the consistency proof from 3 to" in verdict(made_bundle(log, nothing), tmp_path, kept=kept).sentence


def test_kept_checkpoint_of_any_size_that_is_shown_holds(tmp_path: Path) -> None:
    log = made_log(67, 9, checkpoints=0)
    whole = made_bundle(log)
    for size in range(10):
        found = verdict(whole, tmp_path, kept=log.signed(size).note)
        assert found.ok, found.sentence
        assert f"Nothing under the kept checkpoint, over {size}, was changed since." in found.sentence


def test_kept_checkpoint_of_another_log(tmp_path: Path) -> None:
    log = made_log(68, 4)
    text = Checkpoint("other.example/log", 4, log.root(4)).text()
    assert "another log" in verdict(made_bundle(log), tmp_path, kept=str(log.signers[0].sign(text))).sentence


def test_kept_checkpoint_whose_signature_was_changed(tmp_path: Path) -> None:
    log = made_log(69, 4)
    kept = log.signed(4).note.replace("\n4\n", "\n3\n")
    assert "signature of key" in verdict(made_bundle(log), tmp_path, kept=kept).sentence


def test_file_of_keys_and_wrong_use(tmp_path: Path) -> None:
    log = made_log(70, 4)
    whole = made_bundle(log)
    (tmp_path / "keys.txt").write_text(f"\n{made_signer(log.draw).key}\n{log.keys[0].vkey}\n")
    (tmp_path / "empty.txt").write_text("\n")
    assert verdict(whole, keys=(str(tmp_path / "keys.txt"),)).ok
    empty = str(tmp_path / "empty.txt")
    for key in ("nokey", "", " ", empty, "a+b+c", "x" * 10_000, str(tmp_path), log.keys[0].vkey[:-2] + "AA"):
        assert verdict(whole, keys=(key,)).status == 2, key
    assert verdict(whole, tmp_path, kept="no checkpoint\n").status == 2
    assert verify(tmp_path / "nowhere.zip").status == 2
    assert verify(tmp_path).status == 2


# Hostile input.

HOSTILE = {
    "nothing": b"",
    "noughts": bytes(5000),
    "only the end of an empty container": packed({}),
    "one file": packed({"README.txt": b""}),
    "everything empty": packed(dict.fromkeys(unpacked(made_bundle(made_log(1, 1), stamps=False)), b"")),
    "a name that moves the cursor": packed({"\x1b[2J": b""}),
    "a gzip": b"\x1f\x8b" + bytes(200),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_what_is_no_bundle_is_refused_in_a_sentence(name: str) -> None:
    found = verdict(HOSTILE[name])
    assert (found.ok, found.status) == (False, 1)
    assert found.sentence.isprintable()


def test_same_name_twice_is_refused() -> None:
    """Data of the first of two files would be read by nobody."""
    files = unpacked(made_bundle(made_log(1, 1), stamps=False))
    parts = list(files.items())
    assert not verdict(packed_twice(parts)).ok


def packed_twice(parts: list[tuple[str, bytes]]) -> bytes:
    """Return a container that holds a second README.txt, and says that it holds one file fewer."""
    from audit.bundle.container import Container, end_records

    out = io.BytesIO()
    container = Container(out)
    for name, data in [parts[0], *parts]:
        container.add(name, data)
    container.finish()
    data = out.getvalue()
    offset = int.from_bytes(data[-98 + 48 : -98 + 56], "little")
    return data[:-98] + end_records(len(parts), len(data) - 98 - offset, offset)


CONTENTS = (
    b"",
    b"\n",
    b"{}\n",
    b"[]\n",
    b"null\n",
    b"\xff\xfe\n",
    b"\xef\xbb\xbf{}\n",
    b"[" * 100_000 + b"\n",
    b'{"a":' * 100_000 + b"\n",
    b"9" * 100_000 + b"\n",
    b'"\\ud800"\n',
    b'{"handover":null,"key":null}\n',
    b'{"note":[],"signed_at":{}}\n',
    b'{"note":"\\n\\n","signed_at":0}\n',
    b'{"hash":"","height":0,"index":0}\n',
    b'{"hash":"' + b"a" * 64 + b'","height":99999999,"index":0}\n',
    b'{"hash":null,"height":null,"index":0}\n',
    b'{"index":1e999}\n',
    b'{"entry":{"version":[]},"index":0}\n',
    b'{"entry":[],"index":0}\n',
    b"x" * (2 << 20),
)


@pytest.mark.parametrize("raw", CONTENTS)
@pytest.mark.parametrize(
    "name", ["keys.jsonl", "checkpoints.jsonl", "entries.jsonl", "manifest.json", "closing.jsonl", "closing.txt"]
)
def test_hostile_content_is_refused_in_a_sentence(name: str, raw: bytes) -> None:
    whole = made_bundle(made_log(3, 3, checkpoints=2))
    found = verdict(packed(unpacked(whole) | {name: raw}))
    assert (found.ok, found.status) == (False, 1)
    assert found.sentence.isprintable()
    assert len(found.sentence) < 1000


def test_control_characters_never_reach_a_terminal() -> None:
    log = made_log(71, 3)
    files = unpacked(made_bundle(log))
    lines = lines_of(files, CHECKPOINTS)
    lines[0]["\x1b[2J\u202e"] = 1
    put_lines(files, CHECKPOINTS, lines)
    found = verdict(packed(files))
    assert not found.ok
    assert found.sentence.isprintable()
