"""docs/bundle-format.md says what the verifiers check: what can be read out of the page is held against bundles."""

import io
import json
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from audit import verify
from audit.bundle import layout
from audit.notes import HANDOVER
from tests import attacks
from tests.bundles import made_bundle, made_log, nothing
from tests.vectors.audit import make

PAGE = (settings.BASE_DIR / "docs" / "bundle-format.md").read_text()
VECTORS = (make.HERE / "README.md").read_text()
SIZES = {2: "<H", 4: "<I", 8: "<Q"}


def table(heading: str, page: str = PAGE) -> list[list[str]]:
    """Return the cells of the one table whose first heading is this, without its head."""
    (found,) = re.findall(rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", page, re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in found.splitlines()]


def tables(heading: str, page: str = PAGE) -> Iterator[list[list[str]]]:
    """Yield the cells of all tables whose first heading is this."""
    for found in re.findall(rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", page, re.MULTILINE):
        yield [[cell.strip() for cell in row.split("|")[1:-1]] for row in found.splitlines()]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def keys(rows: list[list[str]]) -> set[str]:
    """Return the keys that the first column of a table names."""
    return {key for row in rows for key in quoted(row[0])}


# --- The container ---------------------------------------------------------------------------------------------------


def packed(heading: str, said: dict[str, Any]) -> bytes:
    """Return the bytes that a table of the page describes."""
    out = b""
    for _, length, value in table(heading):
        if value == "name":
            out += said["name"]
        else:
            number = sum(said[part] if part in said else int(part, 0) for part in value.split(" + "))
            out += struct.pack(SIZES[int(length)], number)
    return out


@pytest.mark.parametrize("bundle", ["good-before-it-was-attacked.zip", "good-all-hidden.zip"])
def test_container_can_be_made_from_the_page_alone(bundle: str) -> None:
    whole = (make.HERE / "bundles" / bundle).read_bytes()
    out, directory, files = b"", b"", attacks.unpacked(whole)
    for name, data in files.items():
        title = name.encode()
        said = {"name": title, "length": len(title), "bytes": len(data), "crc": zlib.crc32(data), "offset": len(out)}
        directory += packed("central header", said)
        out += packed("local header", said) + data
    end = packed("end", {"count": len(files), "size": len(directory), "offset": len(out)})
    assert len(end) == 98
    assert "the end of 98 bytes" in " ".join(PAGE.split())
    assert out + directory + end == whole


def test_members_stand_in_the_order_of_the_page() -> None:
    patterns = [re.escape(quoted(row[0])[0]) for row in table("member")]
    patterns = [each.replace("HASH", "[0-9a-f]{64}").replace("SIZE", "[0-9]+") for each in patterns]
    assert len(patterns) == 10
    files = list(attacks.unpacked((make.HERE / "bundles" / "good-before-it-was-attacked.zip").read_bytes()))
    assert re.fullmatch(", ".join(patterns), ", ".join(files))
    assert re.fullmatch(verify.ORDER, ", ".join(files))


# --- Keys of objects -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lines() -> dict[str, list[dict[str, Any]]]:
    """The lines of two bundles that together have something of everything."""
    shown = (make.HERE / "bundles" / "good-before-it-was-attacked.zip").read_bytes()
    both = [attacks.unpacked(bundle) for bundle in (shown, made_bundle(made_log(13, 23), nothing))]
    names = [name for name in both[0] if name.endswith(".jsonl") or name == "manifest.json"]
    return {name: [json.loads(line) for files in both for line in files[name].splitlines()] for name in names}


def forms(objects: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    return {tuple(sorted(each)) for each in objects}


def test_each_kind_of_line_has_the_keys_of_the_page(lines: dict[str, list[dict[str, Any]]]) -> None:
    described = {tuple(sorted(quoted(row[1]))) for row in table("line")}
    assert forms(lines["entries.jsonl"]) == described
    assert len(described) == 4
    of_keys, of_checkpoints, of_entries = map(keys, tables("key of the line"))
    assert forms(lines["keys.jsonl"]) == {tuple(sorted(of_keys))}
    assert forms(lines["checkpoints.jsonl"]) == {tuple(sorted(of_checkpoints))}
    assert {key for form in described for key in form} == of_entries


def test_leaf_has_the_keys_of_the_page_in_both_versions(lines: dict[str, list[dict[str, Any]]]) -> None:
    second = keys(table("key of the leaf"))
    leaves = {each["entry"]["version"]: set(each["entry"]) for each in lines["entries.jsonl"] if "entry" in each}
    assert leaves == {2: second, 1: second - {"case", "commitment"} | {"payload"}}
    assert "version 1 has neither `case` nor `commitment`, but `payload`" in " ".join(PAGE.split())


def test_manifest_has_the_keys_of_the_page(lines: dict[str, list[dict[str, Any]]]) -> None:
    rows = table("key of the manifest")
    assert forms(lines["manifest.json"]) == {tuple(sorted(keys(rows)))}
    (files,) = (quoted(row[1]) for row in rows if row[0] == "`files`")
    assert {form for each in lines["manifest.json"] for form in forms(each["files"])} == {tuple(files)}


def test_verifier_knows_no_key_that_the_page_does_not_name() -> None:
    code = Path(verify.__file__).read_text()
    grammar = set(re.findall(r'"([a-z_0-9]+)":', code[: code.index("class Verdict")]))
    asked = {key for said in re.findall(r'_object\(\S+, "([a-z_ ]+)"\)', code) for key in said.split()}
    assert len(grammar) > 15
    assert asked == {"handover", "key", "note", "signed_at", *keys(table("key of the manifest"))}
    assert grammar | asked <= set(quoted(PAGE))


# --- Names and limits ------------------------------------------------------------------------------------------------


def test_page_names_the_format_the_kinds_and_the_limits_of_the_verifier() -> None:
    for name in (verify.FORMAT, verify.ERASING.strip('"'), verify.EXPORTED.strip('"'), HANDOVER, "manifest_sha256"):
        assert f"`{name}`" in PAGE
    assert layout.FORMAT == verify.FORMAT
    prose = " ".join(PAGE.split())
    for number in (verify.LONGEST_LINE, verify.LONGEST_NOTE, verify.LARGEST_LIST):
        assert f"{number:,} bytes" in prose
    assert f"nested at most {verify.DEEPEST} deep" in prose
    assert f"| `height` | 0 to {verify.HIGHEST} |" in PAGE


# --- The test vectors ------------------------------------------------------------------------------------------------


def test_page_of_the_vectors_names_each_file_and_each_key() -> None:
    rows = table("file", VECTORS)
    files = {path.name + "/" * path.is_dir() for path in make.HERE.iterdir() if path.suffix in {".json", ""}}
    assert keys(rows) == files - {"__pycache__/"}
    for file, said in ((quoted(row[0])[0], set(quoted(row[1]))) for row in rows if ".json" in row[0]):
        assert said >= every_key(json.loads((make.HERE / file).read_text())), file


def every_key(value: Any) -> set[str]:
    """Return the keys of an object and of those in its lists, or of all objects in a list."""
    if isinstance(value, list):
        return {key for each in value for key in each} if value and isinstance(value[0], dict) else set()
    return set(value).union(*map(every_key, value.values()))


def test_program_of_the_vectors_tells_a_right_verifier_from_a_wrong_one(tmp_path: Path) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```", VECTORS, re.DOTALL | re.MULTILINE)
    (tmp_path / "run.py").write_text(program)

    def run(*verifier: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "run.py", str(make.HERE), *verifier]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    cases = json.loads((make.HERE / "bundles.json").read_text())
    right, wrong = run(sys.executable, verify.__file__), run("true")
    assert (right.returncode, right.stdout) == (0, f"0 of {len(cases)} are wrong\n")
    bad = sum(not case["ok"] for case in cases)
    assert (wrong.returncode, wrong.stdout.splitlines()[-1]) == (1, f"{bad} of {len(cases)} are wrong")


def test_sentence_of_each_status_is_on_the_page(tmp_path: Path) -> None:
    statuses = {int(row[0]) for row in table("status")}
    bundles = make.HERE / "bundles"
    found = [verify.verify(path).status for path in (bundles / "good-empty.zip", bundles / "bad-nothing.zip", tmp_path)]
    assert statuses == set(found) == {0, 1, 2}
    assert not verify.verify(io.BytesIO(b"")).ok
