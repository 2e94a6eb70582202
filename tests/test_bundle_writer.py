"""How bundles are written, and that the page which comes with each leads a reader through verifying it by hand."""

import hashlib
import io
import json
import random
import zipfile
from pathlib import Path

import pytest

from audit.bundle import About, BundleKey, BundleWriter, OutOfTurn
from audit.bundle.layout import hidden_ranges
from tests import attacks
from tests.attacks.entries import entry_hidden
from tests.bundles import GUIDES, MadeLog, everything, made_bundle, made_log, some_of
from tests.readme import ran, typed
from tests.tsa import needs_openssl


def opened(log: MadeLog) -> BundleWriter:
    about = About(log.origin, len(log.entries), "2026-11-14T14:05:00.000000Z")
    return BundleWriter(io.BytesIO(), about=about, keys=log.keys, checkpoints=[], guides=GUIDES)


def test_any_tool_for_zip_reads_a_bundle() -> None:
    with zipfile.ZipFile(io.BytesIO(made_bundle(made_log(1, 20)))) as bundle:
        assert bundle.testzip() is None
        assert bundle.namelist()[:5] == ["README.txt", "verify.py", "keys.jsonl", "checkpoints.jsonl", "entries.jsonl"]
        assert bundle.namelist()[-3:] == ["manifest.json", "closing.jsonl", "closing.txt"]
        assert {member.compress_type for member in bundle.infolist()} == {zipfile.ZIP_STORED}


def test_same_log_gives_the_same_bytes() -> None:
    assert made_bundle(made_log(5, 12)) == made_bundle(made_log(5, 12))


@pytest.mark.parametrize(
    ("start", "end", "boundaries", "expected"),
    [
        (0, 0, [], []),
        (0, 8, [], [(3, 0)]),
        (1, 8, [], [(0, 1), (1, 2), (2, 4)]),
        (0, 7, [], [(2, 0), (1, 4), (0, 6)]),
        (0, 8, [5], [(2, 0), (0, 4), (0, 5), (1, 6)]),
        (0, 8, [8], [(3, 0)]),
        (3, 4, [3, 4], [(0, 3)]),
    ],
)
def test_hidden_ranges_are_the_largest_that_fit(start, end, boundaries, expected) -> None:
    assert list(hidden_ranges(start, end, boundaries)) == expected


class Counted(list[int]):
    """Boundaries that count how often one of them is looked at."""

    looks = 0

    def __getitem__(self, at):  # type: ignore[no-untyped-def]
        self.looks += 1
        return super().__getitem__(at)

    def __iter__(self):  # type: ignore[no-untyped-def]
        self.looks += len(self)
        return super().__iter__()


def test_boundaries_are_bisected_and_not_walked_for_every_entry() -> None:
    """With ten million entries and two thousand checkpoints, walking them took longer than all else."""
    boundaries = Counted(range(10, 20_000, 10))
    assert list(hidden_ranges(10_001, 10_001, boundaries)) == []
    assert boundaries.looks == 0
    assert list(hidden_ranges(10_008, 10_012, boundaries)) == [(1, 10_008), (1, 10_010)]
    assert boundaries.looks < 40


def test_parts_come_in_their_turn_or_not_at_all() -> None:
    log = made_log(1, 4)
    writer = opened(log)
    with pytest.raises(OutOfTurn, match="Leaf 0 is the next of 4"):
        writer.add_file("stamps/1.tsr", b"")
    with pytest.raises(OutOfTurn, match="isn't sealed yet"):
        writer.finish("")
    writer.hide(until=4, subtree=log.subtree)
    with pytest.raises(OutOfTurn, match="Leaf 4 is the next"):
        writer.hide(until=3, subtree=log.subtree)
    writer.add_file("stamps/2.tsr", b"")
    for name in ("stamps/2.tsr", "stamps/1.tsr", "records/a.json", "other/z.txt"):
        with pytest.raises(OutOfTurn, match="can't follow"):
            writer.add_file(name, b"")
    writer.seal()
    with pytest.raises(OutOfTurn):
        writer.seal()
    with pytest.raises(OutOfTurn):
        writer.add_file("stamps/3.tsr", b"")


def test_record_may_be_a_file_of_any_length(tmp_path: Path) -> None:
    log, out = made_log(1, 0, checkpoints=0), io.BytesIO()
    about = About(log.origin, 0, "2026-11-14T14:05:00.000000Z")
    writer = BundleWriter(out, about=about, keys=[BundleKey("k")], checkpoints=[], guides=GUIDES)
    (tmp_path / "long").write_bytes(b"0123456789" * 300_000)
    with (tmp_path / "long").open("rb") as file:
        writer.add_file("records/long.json", file)
    writer.seal()
    writer.finish("note\n")
    assert zipfile.ZipFile(out).read("records/long.json") == b"0123456789" * 300_000


# The README.


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """A folder with the files of a bundle whose log has changed its key."""
    log = made_log(8, 21, keys=3, checkpoints=3)
    with zipfile.ZipFile(io.BytesIO(made_bundle(log, lambda index: index % 5 < 3, guides=None))) as bundle:
        bundle.extractall(tmp_path)
    return tmp_path


def test_readme_compares_the_files_with_the_manifest(unpacked: Path) -> None:
    said = typed(1, unpacked).splitlines()
    assert len(said) > 5
    assert all(line.endswith(": OK") for line in said)
    (unpacked / "keys.jsonl").write_bytes(b"{}\n")
    assert "keys.jsonl: FAILED" in typed(1, unpacked)


def test_readme_finds_the_manifest_in_the_log(unpacked: Path) -> None:
    computed, said = typed(2, unpacked).splitlines()
    assert computed.split()[0] == said
    (unpacked / "manifest.json").write_bytes(b"{}\n")
    computed, said = typed(2, unpacked).splitlines()
    assert computed.split()[0] != said


@needs_openssl
def test_readme_checks_the_signature(unpacked: Path) -> None:
    assert "Signature Verified Successfully" in typed(3, unpacked)
    note = (unpacked / "closing.txt").read_text()
    (unpacked / "closing.txt").write_text("1" + note)
    assert "Verified Successfully" not in typed(3, unpacked)


@needs_openssl
def test_readme_checks_each_handover(unpacked: Path) -> None:
    keys = [json.loads(line)["key"] for line in (unpacked / "keys.jsonl").read_text().splitlines()]
    assert len(keys) == 3
    for earlier in (0, 1):
        said = typed(4, unpacked, instead=(("s[-2]", f"s[{-2 - earlier}]"), ("s[-1]", f"s[{-1 - earlier}]")))
        assert said.splitlines() == [keys[-1 - earlier], "Signature Verified Successfully"]
    skipped = typed(4, unpacked, instead=(("s[-2]", "s[-3]"),))
    assert "Verified Successfully" not in skipped  # it wasn't the first key that handed over to the third


@needs_openssl
def test_readme_finds_the_handover_that_names_another_key_or_is_missing(unpacked: Path) -> None:
    lines = [json.loads(line) for line in (unpacked / "keys.jsonl").read_text().splitlines()]
    for said in (lines[-1]["handover"].replace(lines[-1]["key"], lines[0]["key"]), None):
        changed = [*lines[:-1], lines[-1] | {"handover": said}]
        (unpacked / "keys.jsonl").write_text("".join(json.dumps(line) + "\n" for line in changed))
        assert "Verified Successfully" not in typed(4, unpacked)


def test_readme_hashes_an_entry(unpacked: Path) -> None:
    log = made_log(8, 21, keys=3, checkpoints=3)
    assert typed(5, unpacked).split()[0] == log.levels[0][0].hex()


@pytest.mark.parametrize("seed", range(6))
def test_readme_finds_nothing_in_a_genuine_bundle(tmp_path: Path, seed: int) -> None:
    """Erased payloads and entries of version 1 among them."""
    files = attacks.unpacked(made_bundle(made_log(seed, 40), everything if seed % 2 else some_of(seed)))
    lay_out(files, tmp_path)
    entries = json.loads(files[attacks.MANIFEST])["entries"]
    assert ran(6, tmp_path) == [f"{entries} shown in entries.jsonl", "1 shown in closing.jsonl"]
    assert ran(7, tmp_path) == files["closing.txt"].decode().split("\n")[1:3]


def lay_out(files: attacks.Files, folder: Path) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)


def test_readme_finds_the_thinned_bundle_whose_manifest_was_put_into_the_payload(tmp_path: Path) -> None:
    """The leaf stays, so root and signature are right; only what closing.jsonl shows beside it isn't committed to."""
    files = attacks.unpacked(made_bundle(made_log(8, 21), guides=None))
    assert entry_hidden(files, random.Random(1))
    lay_out(attacks.unpacked(attacks.sealed(files, "export payload")), tmp_path)
    computed, said = typed(2, tmp_path).splitlines()
    assert computed.split()[0] == said
    assert ran(7, tmp_path) == files["closing.txt"].decode().split("\n")[1:3]
    assert [b'"entry"' in line for line in files[attacks.CLOSING].splitlines()].index(True) == 2
    assert "CHANGED: closing.jsonl line 3" in ran(6, tmp_path)


def test_readme_finds_the_payload_that_was_changed_in_the_middle(tmp_path: Path) -> None:
    files = attacks.unpacked(made_bundle(made_log(8, 21), guides=None))
    lines = attacks.lines_of(files, attacks.ENTRIES)
    middle = next(number for number, line in enumerate(lines) if number > 8 and "payload" in line)
    lines[middle]["payload"]["relabelled"] = True
    attacks.put_lines(files, attacks.ENTRIES, lines)
    lay_out(attacks.unpacked(attacks.sealed(files, "export payload")), tmp_path)
    assert f"CHANGED: entries.jsonl line {middle + 1}" in ran(6, tmp_path)


def test_readme_finds_the_entry_of_the_export_in_no_other_place(tmp_path: Path) -> None:
    """The hash of a manifest stands somewhere in closing.jsonl, but not where the log's entry says it."""
    files = attacks.unpacked(made_bundle(made_log(8, 21), guides=None))
    files[attacks.MANIFEST] = files[attacks.MANIFEST].replace(b'"agency":1', b'"agency":2')
    files[attacks.CLOSING] += json.dumps({"x": hashlib.sha256(files[attacks.MANIFEST]).hexdigest()}).encode() + b"\n"
    lay_out(files, tmp_path)
    computed, *said = typed(2, tmp_path).splitlines()
    assert said != [computed.split()[0]]


def test_readme_makes_the_number_of_leaves_and_the_root(unpacked: Path) -> None:
    closing = (unpacked / "closing.txt").read_text().split("\n")
    assert ran(7, unpacked) == closing[1:3]
    lines = (unpacked / "entries.jsonl").read_text().replace('"height":1,', '"height":0,', 1)
    (unpacked / "entries.jsonl").write_text(lines)
    assert ran(7, unpacked)[-2:] != closing[1:3]
