"""The verifier notices every change to an export, names it, and raises no alarm without one."""

import csv
import io
import random
import subprocess
import sys
from pathlib import Path

import pytest
import rfc8785

from audit.layout import CSV, JSONL, canonical_json, csv_line, entry_line, safe_cell
from audit.tree import leaf_hash
from audit.verify import LONGEST_LINE, Verdict, verify, verify_file
from tests.audit_fixtures import made_up_entry, made_up_export

FORMS = (JSONL, CSV)
ENTRIES = 20
MUTATIONS = 1500


def dice(seed: int) -> random.Random:
    return random.Random(seed)


def verdict(data: bytes, form: str) -> Verdict:
    return verify_file(io.BytesIO(data), form)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("entries", [0, 1, 2, 3, 7, 8, 9, 100])
def test_untouched_export_holds(form: str, entries: int) -> None:
    for seed in range(25):
        assert verdict(made_up_export(form, entries, seed), form).ok


@pytest.mark.parametrize("form", FORMS)
def test_every_change_of_one_byte_is_caught(form: str) -> None:
    draw, whole = dice(20261114), made_up_export(form, ENTRIES)
    for _ in range(MUTATIONS):
        changed = bytearray(whole)
        place = draw.randrange(len(whole))
        how = draw.choice(("set", "flip", "drop", "insert"))
        if how == "set":
            changed[place] = (changed[place] + draw.randrange(1, 256)) % 256
        elif how == "flip":
            changed[place] ^= 1 << draw.randrange(8)
        elif how == "drop":
            del changed[place]
        else:
            changed.insert(place, draw.choice((32, 10, 13, 34, 44, 48, draw.randrange(256))))
        found = verdict(bytes(changed), form)
        assert not found.ok or bytes(changed) == whole, (how, place)
        assert found.sentence.endswith(".")


@pytest.mark.parametrize("form", FORMS)
def test_every_byte_of_the_first_and_last_line_counts(form: str) -> None:
    """Each of them is changed by its lowest bit: header, number of entries, root."""
    whole = made_up_export(form, 2)
    lines = whole.splitlines(keepends=True)
    ends = [*range(len(lines[0])), *range(len(whole) - len(lines[-1]), len(whole))]
    for place in ends:
        changed = bytearray(whole)
        changed[place] ^= 1
        assert not verdict(bytes(changed), form).ok, place


@pytest.mark.parametrize("form", FORMS)
def test_changed_entry_is_named(form: str) -> None:
    lines = made_up_export(form, ENTRIES).splitlines(keepends=True)
    assert b"deceased" in lines[17]
    head, _, tail = lines[17].rpartition(b"deceased")
    lines[17] = head + b"deceasec" + tail
    found = verdict(b"".join(lines), form)
    assert (found.ok, found.entry, found.line) == (False, 17, 18)
    assert found.sentence.startswith("Entry 17 (line 18, ")
    assert "of 14 Nov 2026, 14:05 UTC, uid" not in found.sentence  # the made-up ids have no hyphens
    assert "of 14 Nov 2026, 14:05 UTC) was changed: its hash is" in found.sentence


def restructured(lines: list[bytes]) -> dict[str, list[bytes]]:
    """Every way of disturbing whole lines."""
    return {
        "dropped": lines[:5] + lines[6:],
        "first entry dropped": lines[:1] + lines[2:],
        "last entry dropped": lines[:-2] + lines[-1:],
        "doubled": lines[:6] + lines[5:],
        "swapped": [*lines[:5], lines[6], lines[5], *lines[7:]],
        "moved to the end": lines[:5] + lines[6:-1] + [lines[5], lines[-1]],
        "cut after a line": lines[:-1],
        "cut within a line": [*lines[:-2], lines[-2][:40]],
        "without its last line end": [*lines[:-1], lines[-1].rstrip(b"\r\n")],
        "something appended": [*lines, b"\n"],
        "closing line twice": [*lines, lines[-1]],
        "header twice": [lines[0], *lines],
        "header gone": lines[1:],
        "only the header": lines[:1],
        "only the closing line": lines[-1:],
        "empty line": [*lines[:5], b"\n", *lines[5:]],
        "other line ends": [line.rstrip(b"\r\n") + (b"\n" if line.endswith(b"\r\n") else b"\r\n") for line in lines],
        "byte order mark": [b"\xef\xbb\xbf" + lines[0], *lines[1:]],
    }


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", sorted(restructured([b""] * 9)))
def test_disturbed_lines_are_caught(form: str, what: str) -> None:
    lines = restructured(made_up_export(form, ENTRIES).splitlines(keepends=True))[what]
    assert not verdict(b"".join(lines), form).ok


@pytest.mark.parametrize("form", FORMS)
def test_missing_entry_is_named_by_its_place(form: str) -> None:
    lines = made_up_export(form, ENTRIES).splitlines(keepends=True)
    assert "should hold entry 5 but holds entry 6" in verdict(b"".join(lines[:5] + lines[6:]), form).sentence


@pytest.mark.parametrize("form", FORMS)
def test_entry_replaced_with_its_hash_breaks_the_root(form: str) -> None:
    """Somebody who knows the format makes line and hash anew; the root over all entries tells."""
    lines = made_up_export(form, ENTRIES).splitlines(keepends=True)
    other = made_up_entry(5, dice(99))
    lines[5] = entry_line(form, 5, other, leaf_hash(other.encode()).hex()).encode()
    assert "root over all of them" in verdict(b"".join(lines), form).sentence


def test_same_content_in_other_json_is_noticed() -> None:
    lines = made_up_export(JSONL, 3).splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"number":2', b'"number": 2')
    assert "not how it is written" in verdict(b"".join(lines), JSONL).sentence


def test_doubled_key_is_noticed() -> None:
    lines = made_up_export(JSONL, 3).splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"purpose":"deceased"', b'"purpose":"missing","purpose":"deceased"')
    assert not verdict(b"".join(lines), JSONL).ok


GARBAGE = {
    "empty": b"",
    "binary": dice(1).randbytes(5000),
    "nothing but line ends": b"\n" * 50,
    "NUL": b"\x00" * 5000,
    "huge line": b'{"entry":' + b"9" * (LONGEST_LINE + 5),
    "deep": b"[" * 200_000,
    "deep entry": b'{"entry":' + b'{"a":' * 100_000,
    "huge number": b'{"entry":{"a":' + b"9" * 10_000 + b"}}\n",
    "not JSON": b"hello\nworld\n",
    "JSON of another kind": b"[1,2]\nnull\n3\n",
    "wrong types": b'{"entry":3,"leaf_hash":[],"number":{}}\n',
    "surrogate": b'{"entry":{"a":"\\ud800"},"leaf_hash":"","number":1}\n',
    "odd closing": b'{"entries":{},"root":[]}\n',
    "quotes": b'"root,"""\n',
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", sorted(GARBAGE))
@pytest.mark.parametrize("begun", [False, True])
def test_garbage_is_refused_in_a_sentence(form: str, what: str, begun: bool) -> None:
    start = made_up_export(form, 0).splitlines(keepends=True)[0] if begun else b""
    found = verdict(start + GARBAGE[what], form)
    assert not found.ok
    assert found.sentence.isprintable()
    assert len(found.sentence) < 500


def test_missing_file_is_a_sentence(tmp_path: Path) -> None:
    assert "can't be read" in verify(tmp_path / "nothing.jsonl").sentence
    assert "can't be read" in verify(tmp_path).sentence


def test_verifier_runs_without_django(tmp_path: Path) -> None:
    """In a Python that has nothing but its standard library."""
    file = tmp_path / "export.csv"
    file.write_bytes(made_up_export(CSV, 10))
    program = (
        "import sys; sys.path.insert(0, '.'); from audit.verify import main;"
        "status = main(sys.argv[1:]); assert 'django' not in sys.modules; sys.exit(status)"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    assert subprocess.run([*command, str(file)], check=False, capture_output=True).returncode == 0
    file.write_bytes(file.read_bytes().replace(b"deceased", b"missing!", 1))
    again = subprocess.run([*command, str(file)], check=False, capture_output=True, text=True)
    assert again.returncode == 1
    assert again.stderr.startswith("Entry 1 (line 2,")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d", "\uff20"])
def test_no_cell_runs_as_a_formula(start: str) -> None:
    assert safe_cell(start + "1+1").startswith("'")
    assert csv_line((start + "cmd", "b")).startswith("\"'")


def test_every_cell_but_numbers_begins_harmlessly() -> None:
    for row in csv.reader(io.StringIO(made_up_export(CSV, 50).decode(), newline="")):
        assert all(cell[:1].isalnum() or cell[:1] in ("", "{", "'") for cell in row)


def test_standard_library_writes_rfc_8785() -> None:
    value = {"b": ["\u20ac", '"', "\\", "\x7f", "\u2028", "\x1b", "/", "Ї"], "a": {"z": None, "y": True}, "1": -5}
    assert canonical_json(value).encode() == rfc8785.dumps(value)
