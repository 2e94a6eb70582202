"""Does an export still say what it said when it was made?

`python -m audit.verify FILE` needs Python and this folder: no Django, no database, no network. It
writes every line anew from what the line holds and compares the bytes, hashes every entry and grows the
tree over them, then compares root, count and header with the closing line. The first thing that doesn't
hold is named.

What it can't show: that the exporter wrote down everything that happened, or that somebody didn't make the
whole file anew with other entries. Compare the root with the one in the log's entry about the export.
"""

import csv
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from audit import layout
from audit.tree import Frontier, leaf_hash

# An entry is a few hundred bytes; a line this long is none, and isn't read into memory.
LONGEST_LINE = 1024 * 1024
csv.field_size_limit(LONGEST_LINE)
SHA256 = re.compile(r"[0-9a-f]{64}")
KIND = re.compile(rb'"+kind"+:"+([a-z]+:[a-z_-]+:[a-z_-]+/[0-9]+)"')
TIME = re.compile(rb'"+recorded_at"+:"+(\d{4}-\d\d-\d\dT\d\d:\d\d)')
UID = re.compile(rb'"+uid"+:"+([0-9a-f-]{36})"')
NUMBER = re.compile(rb'"number": ?([0-9]{1,15}) ?\}|^"([0-9]{1,15})"')


@dataclass(frozen=True)
class Verdict:
    """What holds, or the first thing that doesn't, in one sentence."""

    ok: bool
    sentence: str
    entries: int = 0
    root: str = ""
    line: int | None = None
    entry: int | None = None


class Broken(Exception):
    """Something in the file doesn't hold."""

    def __init__(self, sentence: str, *, line: int | None = None, entry: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence, self.line, self.entry = sentence, line, entry


def verify(path: str | Path) -> Verdict:
    """Verify an export; .csv is read as CSV and everything else as JSON Lines. Never raises."""
    form = layout.CSV if Path(path).suffix.lower() == ".csv" else layout.JSONL
    try:
        with Path(path).open("rb") as file:
            return verify_file(file, form)
    except OSError as problem:
        return Verdict(False, f"{path} can't be read: {problem.strerror or problem}.")


def verify_file(file: BinaryIO, form: str) -> Verdict:
    """Verify an open export; see `verify`."""
    tree = Frontier()
    try:
        head = _closing(_through_entries(_lines(file), form, tree), form, tree)
    except Broken as broken:
        return Verdict(False, broken.sentence, tree.size, line=broken.line, entry=broken.entry)
    root = tree.root().hex()
    return Verdict(True, f"All {tree.size} entries hold. Root {root}. {_scope(head)}", tree.size, root)


@dataclass(frozen=True)
class _Closing:
    """The closing line as it was found, the lines after it, and the first line."""

    first: str
    last: str
    number: int
    rest: Iterator[tuple[int, bytes]]


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while raw := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE:
            raise Broken(f"Line {number} is longer than any entry.", line=number)
        yield number, raw


def _through_entries(lines: Iterator[tuple[int, bytes]], form: str, tree: Frontier) -> _Closing:
    """Check entry after entry into the tree, up to the closing line."""
    number, raw = next(lines, (0, b""))
    if not number:
        raise Broken("The file is empty: it isn't an export of the audit log.")
    first = _text(raw, number, None)
    _check_first(first, form)
    for number, raw in lines:
        canonical = None if _is_closing(raw, form) else _canonical_of(raw, form)
        if canonical is not None and _holds(raw, canonical, form, tree):
            continue
        if canonical is None and _is_closing(raw, form):
            return _Closing(first, _text(raw, number, None), number, lines)
        raise _diagnosed(raw, number, tree.size + 1, canonical, form)
    raise Broken(f"The file ends after entry {tree.size} without its closing line: it was cut short.", entry=tree.size)


def _holds(raw: bytes, canonical: str, form: str, tree: Frontier) -> bool:
    """Whether the line is, to the byte, what an export writes for this entry in this place."""
    leaf = leaf_hash(canonical.encode("utf-8", "surrogatepass"))
    try:
        line = layout.entry_line(form, tree.size + 1, canonical, leaf.hex())
        if line.encode() != raw:
            return False
    except (ValueError, AttributeError, RecursionError):
        return False
    tree.append(leaf)
    return True


def _canonical_of(raw: bytes, form: str) -> str | None:
    """Return the entry in a line, written anew as canonical JSON; None where there is no legible one."""
    try:
        text = raw.decode()
        entry = json.loads(next(csv.reader([text]))[-1]) if form == layout.CSV else json.loads(text)["entry"]
        return layout.canonical_json(entry) if isinstance(entry, dict) else None
    except (ValueError, LookupError, TypeError, csv.Error, RecursionError, StopIteration):
        return None


def _is_closing(raw: bytes, form: str) -> bool:
    return raw.startswith(b'"root",' if form == layout.CSV else b'{"entries":')


def _check_first(first: str, form: str) -> None:
    """Refuse at once what was never an export of this form; the header itself is bound by the closing line."""
    if form == layout.CSV:
        if first != layout.first_line(form, {}):
            raise Broken("Line 1 doesn't name the columns of an export: it was changed, or the file is none.", line=1)
        return
    head = _object(first)
    if head is None or head.get("format") != layout.FORMAT:
        raise Broken(
            f"Line 1 isn't the header of an export ({layout.FORMAT}): it was changed, or the file is none.", line=1
        )


def _closing(found: _Closing, form: str, tree: Frontier) -> dict[str, Any]:
    """Check the closing line against everything before it; return the header that it binds."""
    said = _object(_last_cell(found.last) if form == layout.CSV else found.last)
    if said is None:
        raise Broken(f"The closing line (line {found.number}) isn't legible: it was changed.", line=found.number)
    _check_sum(said, found.number, tree)
    head = _checked_header(said, found, form)
    if layout.last_line(form, head, entries=tree.size, root=tree.root().hex()) != found.last:
        raise Broken(f"The closing line (line {found.number}) was changed or cut: an export writes it otherwise.",
                     line=found.number)  # fmt: skip
    for number, _ in found.rest:
        raise Broken(f"Line {number} stands after the closing line.", line=number)
    return head


def _check_sum(said: dict[str, Any], line: int, tree: Frontier) -> None:
    """Compare number and root of the entries with what the closing line says."""
    size, root = tree.size, tree.root().hex()
    if said.get("entries") != size:
        raise Broken(f"The file holds {size} entries, but the closing line (line {line}) says"
                     f" {_shown(said.get('entries'))}: entries were added or left out, or that line was changed.",
                     line=line)  # fmt: skip
    if said.get("root") != root:
        raise Broken(f"Each entry agrees with its own hash, but the root over all of them is {root}, and the closing"
                     f" line (line {line}) says {_shown(said.get('root'))}: entries were replaced, left out or put in"
                     " another order, or that line was changed.", line=line)  # fmt: skip


def _checked_header(said: dict[str, Any], found: _Closing, form: str) -> dict[str, Any]:
    """Return the header if the closing line binds it."""
    line = found.number if form == layout.CSV else 1
    head = said.get("header") if form == layout.CSV else _object(found.first)
    if not isinstance(head, dict) or layout.header_sha256(head) != said.get("header_sha256"):
        raise Broken(f"The header (line {line}) and its hash in the closing line (line {found.number}) don't agree: one"
                     " of them was changed.", line=line)  # fmt: skip
    if form == layout.JSONL and layout.first_line(form, head) != found.first:
        raise Broken("The header (line 1) was changed: an export writes it otherwise.", line=1)
    if head.get("format") != layout.FORMAT or head.get("form") != form:
        raise Broken(f"The header (line {line}) isn't that of an export in this form.", line=line)
    return head


def _diagnosed(raw: bytes, line: int, number: int, canonical: str | None, form: str) -> Broken:
    """Say what is wrong with the line that should hold this entry."""
    name = f"Entry {number} (line {line}{_described(raw)})"
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return Broken(f"{name} was changed: it isn't UTF-8 text any more.", line=line, entry=number)
    found, leaf = _numbered(raw), _leaf_said(text, form)
    if canonical is None and not _described(raw):
        return Broken(f"Line {line} is neither a legible entry nor the closing line: it was changed.", line=line)
    if canonical is None:
        return Broken(f"{name} was changed: it isn't legible as an entry any more.", line=line, entry=number)
    actual = leaf_hash(canonical.encode("utf-8", "surrogatepass")).hex()
    if leaf != actual:
        return Broken(f"{name} was changed: its hash is {actual}, the export says {leaf}.", line=line, entry=number)
    if found is not None and found != number:
        return Broken(
            f"Line {line} should hold entry {number} but holds entry {found}{_described(raw)}: an entry is"
            " missing, repeated or out of its place.",
            line=line,
            entry=number,
        )
    return Broken(
        f"{name} was changed: what it says agrees with its hash, but not how it is written.", line=line, entry=number
    )


def _described(raw: bytes) -> str:
    """Return kind, time and id of an entry as far as its line still shows them."""
    kind, time, uid = KIND.search(raw), TIME.search(raw), UID.search(raw)
    told = f", {kind[1].decode()}" if kind else ""
    told += f" of {_people_time(time[1].decode())}" if time else ""
    return told + (f", uid {uid[1].decode()}" if uid else "")


def _people_time(text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text):%d %b %Y, %H:%M} UTC".lstrip("0")
    except ValueError:
        return text


def _numbered(raw: bytes) -> int | None:
    found = NUMBER.search(raw)
    return int(found[1] or found[2]) if found else None


def _leaf_said(text: str, form: str) -> str:
    """Return the hash that the line gives for its entry, if it looks like one."""
    try:
        said = next(csv.reader([text]))[-2] if form == layout.CSV else json.loads(text)["leaf_hash"]
    except (ValueError, LookupError, TypeError, csv.Error, RecursionError, StopIteration):
        return "nothing legible"
    return said if isinstance(said, str) and SHA256.fullmatch(said) else "nothing legible"


def _last_cell(line: str) -> str:
    try:
        return next(csv.reader([line]))[-1]
    except (csv.Error, StopIteration, IndexError):
        return ""


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _text(raw: bytes, line: int, entry: int | None) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Broken(
            f"Line {line} isn't UTF-8 text: it was changed, or the file isn't an export.", line=line, entry=entry
        ) from None


def _scope(head: dict[str, Any]) -> str:
    agency = "all agencies" if head.get("agency") is None else f"agency {_shown(head['agency'])}"
    narrowed = f", narrowed to {_shown(head.get('filters'))}" if head.get("filters") else ""
    return f"They are of {agency}{narrowed}, exported at {_shown(head.get('exported_at'))}."


def _shown(value: Any) -> str:
    """Return a value from the file, short and without anything that a terminal would obey."""
    return json.dumps(value)[:200].strip('"')


def main(arguments: list[str]) -> int:
    """Verify the one file named; return the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("Name one file: python -m audit.verify FILE\n")
        return 2
    verdict = verify(arguments[0])
    (sys.stdout if verdict.ok else sys.stderr).write(verdict.sentence + "\n")
    return 0 if verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
