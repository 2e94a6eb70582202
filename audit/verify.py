"""Does a bundle from a Countersign audit log hold?

    python verify.py BUNDLE [--checkpoint FILE] [--key KEY ...]

This file stands alone: Python 3.11 or newer, and its package "cryptography" where a signature is checked. It accounts
for every byte of the bundle, and names the first thing that doesn't hold. Exit status: 0 all holds, 1 something
doesn't, 2 wrong use or a file that can't be read. What is checked, and how to do it by hand, stands in README.txt.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

FORMAT = "countersign-bundle/1"
FIRST = ("README.txt", "verify.py", "keys.jsonl", "checkpoints.jsonl", "entries.jsonl")
LAST = ("manifest.json", "closing.jsonl", "closing.txt")
LONGEST_LINE, LONGEST_NOTE, LARGEST_LIST = 1 << 20, 1 << 14, 1 << 26
DEEPEST, LARGEST_NUMBER, HIGHEST = 64, 2**53 - 1, 52
NEVER = 1 << 60

TEXT, NUMBER = r'"[^"\\]*(?:\\.[^"\\]*)*"', "(?:null|-?[0-9]+)"
TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z"
UID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_START = rf'{{"actor":{NUMBER},"actor_roles":\[(?:{TEXT}(?:,{TEXT})*)?\],"agency":{NUMBER},'
_END = rf'"purpose":{TEXT},"recorded_at":"{TIME}","request_id":{TEXT},"subject_id":{TEXT},"subject_type":{TEXT},"uid":"{UID}",'  # fmt: skip
# What a leaf looks like once its JSON is known to be canonical; by its version.
LEAVES = {
    1: re.compile(rf'{_START}"kind":{TEXT},"payload":{{.*}},{_END}"version":1}}', re.DOTALL),
    2: re.compile(rf'{_START}"case":{TEXT},"commitment":"[0-9a-f]{{64}}","kind":{TEXT},{_END}"version":2}}', re.DOTALL),
}
LEAF_KEYS = {1: 12, 2: 13}
HEX_16, HEX_32 = re.compile("[0-9a-f]{32}"), re.compile("[0-9a-f]{64}")
QUOTED_HASH = re.compile('"([0-9a-f]{64})"')
IS_TIME, IS_UID, IS_NAME = re.compile(TIME), re.compile(UID), re.compile("[!-*,-~]{1,200}")
DECIMAL = re.compile("0|[1-9][0-9]{0,15}")
OTHER_FILE = re.compile(r"records/[0-9a-f]{64}\.json|stamps/(?:0|[1-9][0-9]{0,15})\.tsr")
SHOWN, ERASED, FIRST_VERSION = (
    {"entry", "index", "payload", "salt"},
    {"entry", "erased_by", "index"},
    {"entry", "index"},
)
ERASING, EXPORTED = "audit:payload:erased/1", "audit:export:made/2"
sha256 = hashlib.sha256


@dataclass(frozen=True)
class Verdict:
    """What holds, or the first thing that doesn't; `status` is that of the command."""

    ok: bool
    sentence: str
    status: int = 0
    member: str = ""
    line: int | None = None
    index: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)


class Broken(Exception):
    """Something doesn't hold (status 1), or can't be checked at all (2)."""

    def __init__(
        self, sentence: str, member: str = "", line: int | None = None, index: int | None = None, status: int = 1
    ) -> None:
        super().__init__(sentence)
        self.sentence, self.member, self.line, self.index, self.status = sentence, member, line, index, status


def verify(bundle: str | Path | BinaryIO, checkpoint: str | Path | None = None, keys: Sequence[str] = ()) -> Verdict:
    """Verify a bundle, against a checkpoint that was kept and keys that are known, if there are any. Never raises."""
    try:
        kept, given = _kept(checkpoint), _given(keys)
        if not isinstance(bundle, str | Path):
            return _Bundle(bundle, kept, given).verdict()
        with Path(bundle).open("rb") as file:
            return _Bundle(file, kept, given).verdict()
    except Broken as broken:
        return Verdict(False, printable(broken.sentence), broken.status, broken.member, broken.line, broken.index)
    except (OSError, ValueError) as problem:  # ValueError: a path that can't be one
        reason = getattr(problem, "strerror", None) or problem
        return Verdict(False, printable(f"{bundle} can't be read: {reason}."), 2)


def printable(text: str) -> str:
    """Return the text without what could move a terminal's cursor or turn its writing round."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


# JSON: what is read is written anew and compared, so that one content has one form (RFC 8785).


def _number(text: str) -> int:
    if len(text) > 17 or abs(value := int(text)) > LARGEST_NUMBER:
        raise ValueError("it holds a number that is too large")
    return value


def _no_float(_: str) -> NoReturn:
    raise ValueError("it holds a number that isn't whole")


_decode = json.JSONDecoder(parse_int=_number, parse_float=_no_float, parse_constant=_no_float).raw_decode
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _read_json(raw: bytes) -> tuple[str, dict[str, Any]]:
    """Return text and content of a line that should hold one object; raise ValueError with the reason."""
    try:
        text = raw.decode()
        value, _ = _decode(text)
    except UnicodeDecodeError:
        raise ValueError("it isn't UTF-8 text") from None
    except json.JSONDecodeError:
        raise ValueError("it isn't legible as JSON") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(value, dict):
        raise ValueError("it isn't a JSON object")
    if raw.count(b"{") + raw.count(b"[") > DEEPEST or not raw.isascii():
        _check_plain(value, DEEPEST)
    return text, value


def _check_plain(value: Any, depth: int) -> None:
    """Refuse what is nested too deep, and keys whose order isn't the same in all languages."""
    if isinstance(value, dict | list):
        if not depth:
            raise ValueError("it is nested too deep")
        if isinstance(value, dict) and not all(map(str.isascii, value)):
            raise ValueError("it holds a key that isn't ASCII")
        for item in value.values() if isinstance(value, dict) else value:
            _check_plain(item, depth - 1)


def _is_id(value: Any) -> bool:
    return value is None or type(value) is int


# Notes, checkpoints and keys, as C2SP writes them.


@dataclass(frozen=True)
class _Key:
    text: str
    name: str
    id: bytes
    public: bytes


@dataclass(frozen=True)
class _Note:
    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]


@dataclass(frozen=True)
class _Checkpoint:
    note: _Note
    origin: str
    size: int
    root: bytes


def _base64(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True) if text.isascii() else b""
    if base64.b64encode(raw).decode() != text:
        raise ValueError("its base64 isn't written as it should be")
    return raw


def _key(text: str) -> _Key:
    name, key_id, encoded = (*text.split("+", 2), "", "")[:3]
    raw = _base64(encoded)
    if not IS_NAME.fullmatch(name) or len(raw) != 33 or raw[0] != 1:
        raise ValueError("it isn't a key of the form NAME+ID+KEY")
    digest = sha256(name.encode() + b"\n" + raw).digest()[:4]
    if key_id != digest.hex():
        raise ValueError("the key's id doesn't belong to the key")
    return _Key(text, name, digest, raw[1:])


def _signature(line: str) -> tuple[str, bytes, bytes]:
    dash, name, encoded = (*line.split(" "), "", "", "")[:3] if line.count(" ") == 2 else ("", "", "")
    raw = _base64(encoded)
    if dash != "\u2014" or not IS_NAME.fullmatch(name) or len(raw) < 5:
        raise ValueError("it holds a line that isn't a signature")
    return name, raw[:4], raw[4:]


def _note(said: Any) -> _Note:
    if not isinstance(said, str) or len(said.encode("utf-8", "replace")) > LONGEST_NOTE:
        raise ValueError("it isn't a signed note")
    text, gap, lines = said.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise ValueError("it isn't a signed note")
    return _Note(text + "\n", tuple(map(_signature, lines[:-1].split("\n"))))


def _checkpoint(said: Any) -> _Checkpoint:
    note = _note(said)
    origin, size, root, *more = (*note.text.split("\n"), "", "", "")
    if note.text.count("\n") != 3 or any(more) or not IS_NAME.fullmatch(origin) or not DECIMAL.fullmatch(size):
        raise ValueError("it isn't a checkpoint: it should say origin, size and root in three lines")
    if len(raw := _base64(root)) != 32 or int(size) > LARGEST_NUMBER:
        raise ValueError("it isn't a checkpoint: its size or its root can't be one")
    return _Checkpoint(note, origin, int(size), raw)


def _signed(text: str, key: _Key, signature: bytes) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        raise Broken(
            'Signatures can\'t be checked here: install the Python package "cryptography".', status=2
        ) from None
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _signers(note: _Note, keys: Sequence[_Key]) -> list[_Key]:
    """Return the known keys in the order of their signature lines; raise ValueError where a signature doesn't hold."""
    known, found = {(key.name, key.id): key for key in keys}, []
    for name, key_id, signature in note.signatures:
        if key := known.get((name, key_id)):
            if not _signed(note.text, key, signature):
                raise ValueError(f"the signature of key {key.id.hex()} doesn't hold")
            found.append(key)
    return found


def _kept(checkpoint: str | Path | None) -> _Checkpoint | None:
    if checkpoint is None:
        return None
    with Path(checkpoint).open("rb") as file:
        raw = file.read(LONGEST_NOTE + 1)
    try:
        return _checkpoint(raw.decode())
    except ValueError as reason:
        raise Broken(f"{checkpoint} can't be compared with: {_reason(reason)}.", status=2) from None


def _given(keys: Sequence[str]) -> list[_Key]:
    return [key for said in keys for key in _keys_in(said)]


def _keys_in(said: str) -> list[_Key]:
    """Return the key that this is, or the keys in the file that this names."""
    try:
        return [_key(said.strip())]
    except ValueError:
        pass
    try:
        lines = Path(said).read_text(encoding="utf-8").split("\n")
        return [_key(line.strip()) for line in lines if line.strip()]
    except (OSError, ValueError):
        raise Broken(f"{said[:200]} is neither a key (NAME+ID+KEY) nor a file of keys, one a line.", status=2) from None


def _reason(problem: ValueError) -> str:
    """Return why, in words; base64 and UTF-8 have their own."""
    return "it isn't legible" if type(problem) is not ValueError else str(problem)


# The container: a ZIP of which every byte is known beforehand, but for names, sizes, checksums and data.


@dataclass(frozen=True)
class _Member:
    name: str
    start: int
    size: int
    crc: int

    def local(self) -> bytes:
        parts = (0x04034B50, 45, 0x0800, 0, 0, 0x21, self.crc, 0xFFFFFFFF, 0xFFFFFFFF, len(self.name), 20)
        return (
            struct.pack("<IHHHHHIIIHH", *parts) + self.name.encode() + struct.pack("<HHQQ", 1, 16, self.size, self.size)
        )

    def central(self) -> bytes:
        parts = (
            0x02014B50,
            0x032D,
            45,
            0x0800,
            0,
            0,
            0x21,
            self.crc,
            0xFFFFFFFF,
            0xFFFFFFFF,
            len(self.name),
            28,
            0,
            0,
            0,
        )
        head = struct.pack("<IHHHHHHIIIHHHHHII", *parts, 0o100644 << 16, 0xFFFFFFFF)
        return head + self.name.encode() + struct.pack("<HHQQQ", 1, 24, self.size, self.size, self.start)

    @property
    def end(self) -> int:
        return self.start + 50 + len(self.name) + self.size


def _end(count: int, size: int, offset: int) -> bytes:
    end = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 0x032D, 45, 0, 0, count, count, size, offset)
    end += struct.pack("<IIQI", 0x07064B50, 0, offset + size, 1)
    return end + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)


def _members(file: BinaryIO) -> list[_Member]:
    total = file.seek(0, 2)
    file.seek(max(0, total - 98))
    tail = file.read(98)
    count, size, offset = struct.unpack("<QQQ", tail[32:56]) if len(tail) == 98 else (0, 0, 0)
    if offset + size + 98 != total or size > LARGEST_LIST or tail != _end(count, size, offset):
        raise Broken("This isn't a whole bundle: it was cut short or added to, or is a file of another kind.")
    file.seek(offset)
    members = list(_listed(file.read(size)))
    if len(members) != count or members[-1].end != offset:
        raise Broken(
            "The list of files at the end of the bundle was changed: it doesn't agree with the bundle's length."
        )
    _check_names([member.name for member in members])
    return members


def _listed(raw: bytes) -> Iterator[_Member]:
    place = start = 0
    while place < len(raw):
        length = int.from_bytes(raw[place + 28 : place + 30], "little")
        name = raw[place + 46 : place + 46 + length].decode("ascii", "replace").replace("\ufffd", "?")
        size = int.from_bytes(raw[place + 50 + length : place + 58 + length], "little")
        member = _Member(name, start, size, int.from_bytes(raw[place + 16 : place + 20], "little"))
        if not raw.startswith(expected := member.central(), place):
            raise Broken(f"The list of files at the end of the bundle was changed, at {name[:100] or 'a name'}.")
        yield member
        place, start = place + len(expected), member.end


def _check_names(names: list[str]) -> None:
    others = names[len(FIRST) : -len(LAST)]
    if (tuple(names[: len(FIRST)]), tuple(names[-len(LAST) :])) != (FIRST, LAST) or len(names) < len(FIRST + LAST):
        raise Broken(f"The bundle doesn't hold the files that it must, in their order: {', '.join(names)[:300]}.")
    for before, name in zip(["", *others], others, strict=False):
        if not OTHER_FILE.fullmatch(name) or not before < name:
            raise Broken(f"{name[:100]} has no place in a bundle.")


# The walk through all of it.


class _Tree:
    """The tree of RFC 6962: complete subtrees from left to right, one for each bit set in the size."""

    def __init__(self) -> None:
        self.size = 0
        self.parts: list[bytes] = []

    def append(self, height: int, node: bytes) -> None:
        position = self.size >> height
        while position & 1:
            node = sha256(b"\x01" + self.parts.pop() + node).digest()
            position >>= 1
        self.parts.append(node)
        self.size += 1 << height

    def root(self) -> bytes:
        if not self.parts:
            return sha256(b"").digest()
        *rest, node = self.parts
        for left in reversed(rest):
            node = sha256(b"\x01" + left + node).digest()
        return node


class _Uids:
    """Remembers 24 bytes for each entry, and finds the first uid that comes twice."""

    def __init__(self) -> None:
        self._parts = [bytearray() for _ in range(256)]

    def add(self, uid: str, index: int) -> None:
        raw = bytes.fromhex(uid.replace("-", ""))
        self._parts[raw[0]] += raw + index.to_bytes(8, "big")

    def repeated(self) -> tuple[int, int] | None:
        return min(filter(None, map(self._repeated_in, self._parts)), default=None)

    def _repeated_in(self, part: bytearray) -> tuple[int, int] | None:
        seen: dict[bytes, int] = {}
        for at in range(0, len(part), 24):
            index = int.from_bytes(part[at + 16 : at + 24], "big")
            if (first := seen.setdefault(bytes(part[at : at + 16]), index)) != index:
                return index, first
        return None


class _Bundle:
    """One walk through a bundle. What doesn't hold is a ValueError with the reason; `verdict` says where it was."""

    def __init__(self, file: BinaryIO, kept: _Checkpoint | None, given: list[_Key]) -> None:
        self.file, self.kept, self.given = file, kept, given
        self.members = {member.name: member for member in _members(file)}
        self.files: dict[str, tuple[int, str]] = {}
        self.name, self.line, self.raw = "", 0, b""
        self.keys: list[_Key] = []
        self.trusted: list[_Key] = []
        self.due: deque[tuple[int, bytes]] = deque()
        self.sizes: set[int] = set()
        self.tree, self.uids = _Tree(), _Uids()
        self.watch = self.agreed = self.shown = self.erased = 0
        self.hidden, self.kept_root = (-1, -1), b""
        self.erasures: dict[str, dict[str, int]] = {}
        self.records = {name[8:72] for name in self.members if name.startswith("records/")}
        self.export: dict[str, Any] = {}

    def verdict(self) -> Verdict:
        try:
            return self._all()
        except ValueError as reason:
            raise self._broken(_reason(reason)) from None

    def _all(self) -> Verdict:
        for name in FIRST[:2]:
            deque(self._chunks(name), maxlen=0)
        self._keys()
        self._checkpoints()
        self._walk("entries.jsonl")
        self._after_entries()
        for name in list(self.members)[len(FIRST) : -len(LAST)]:
            self._other_file(name)
        manifest = self._manifest()
        shown = self.shown
        self._walk("closing.jsonl")
        self._closing_entry()
        return self._held(self._closing_note(), manifest["size"], shown)

    def _broken(self, reason: str) -> Broken:
        """Say which file, which line, which entry."""
        entry = self.name in {"entries.jsonl", "closing.jsonl"} and self.line
        index = self.tree.size if entry else None
        who = f" (entry {index}{_described(self.raw)})" if entry else ""
        where = f"{self.name}, line {self.line}{who}" if self.line else self.name
        return Broken(f"{where}: {reason}.", self.name, self.line or None, index)

    def _chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file's data; check what stands before it, and its checksum at the end."""
        self.name, self.line = name, 0
        member, crc, digest = self.members[name], 0, sha256()
        self.file.seek(member.start)
        if self.file.read(len(member.local())) != member.local():
            raise ValueError("what stands before it in the bundle was changed")
        for at in range(0, member.size, 1 << 18):
            chunk = self.file.read(min(member.size - at, 1 << 18))
            crc = zlib.crc32(chunk, crc)
            digest.update(chunk)
            yield chunk
        self.line = 0
        if crc != member.crc:
            raise ValueError("it was changed, its checksum is another")
        self.files[name] = member.size, digest.hexdigest()

    def _lines(self, name: str, longest: int = LONGEST_LINE) -> Iterator[bytes]:
        rest = b""
        for chunk in self._chunks(name):
            *lines, rest = (rest + chunk).split(b"\n")
            for self.raw in lines:
                self.line += 1
                yield self.raw
            if len(rest) > longest:
                break
        if rest:
            self.line, self.raw = self.line + 1, rest[:4096]
            raise ValueError("its line doesn't end, or is longer than any should be")

    def _object(self, raw: bytes, keys: str) -> dict[str, Any]:
        """Return the content of a line that holds one object with these keys."""
        text, said = _read_json(raw)
        if _encode(said) != text:
            raise ValueError("it was changed, it isn't written as canonical JSON")
        if said.keys() != set(keys.split()):
            raise ValueError(f"it should say {', '.join(keys.split())} and nothing else")
        return said

    def _keys(self) -> None:
        for raw in self._lines("keys.jsonl"):
            said = self._object(raw, "handover key")
            key = _key(said["key"])
            if key in self.keys or key.name != (self.keys or [key])[0].name:
                raise ValueError("the key stands here twice, or has another name than the first")
            handed = said["handover"] is not None and self._handed_over(_note(said["handover"]), key)
            if key in self.given or (not self.given and not self.keys) or (handed and self.keys[-1] in self.trusted):
                self.trusted.append(key)
            self.keys.append(key)
        if not self.keys:
            raise ValueError("it holds no key")
        if not self.trusted:
            raise Broken("None of the keys that were given stands in this bundle: another key signed it.", self.name)
        self._check_kept()

    def _handed_over(self, note: _Note, key: _Key) -> bool:
        before = self.keys[-1:]
        if note.text != f"countersign-handover/1\n{key.name}\n{key.text}\n" or len(note.signatures) != 1:
            raise ValueError("the handover doesn't name this key")
        if not before or _signers(note, before) != before:
            raise ValueError("the handover isn't signed by the key before it")
        return True

    def _check_kept(self) -> None:
        if not self.kept:
            return
        try:
            signers = _signers(self.kept.note, self.keys)
        except ValueError:
            raise Broken(
                "The signature of the checkpoint that was kept doesn't hold: it isn't one of this log."
            ) from None
        if self.kept.origin != self.keys[0].name:
            raise Broken(f"The checkpoint that was kept is one of another log, {self.kept.origin}.")
        if not signers:
            raise Broken(
                "The checkpoint that was kept is signed by none of the keys in this bundle: the log was written anew."
            )

    def _checkpoints(self) -> None:
        last = -1
        for raw in self._lines("checkpoints.jsonl"):
            said = self._object(raw, "note signed_at")
            checkpoint = _checkpoint(said["note"])
            name, key_id, _ = checkpoint.note.signatures[0]
            signers = _signers(checkpoint.note, self.keys)
            if not signers or (signers[0].name, signers[0].id) != (name, key_id):
                raise ValueError("its first signature is by none of the keys in keys.jsonl")
            if checkpoint.origin != name or not _is_time(said["signed_at"]):
                raise ValueError("it is one of another log, or its time is none")
            if checkpoint.size <= last:
                raise ValueError(f"a checkpoint of size {checkpoint.size} can't follow one of size {last}")
            last = checkpoint.size
            self.due.append((last, checkpoint.root))
            self.sizes.add(last)

    def _walk(self, name: str) -> None:
        self.hidden = (-1, -1)
        self._watched()
        for raw in self._lines(name):
            if len(raw) > LONGEST_LINE:
                raise ValueError("the line is longer than any should be")
            self._hide(raw) if raw.startswith(b'{"hash"') else self._show(raw)
            if self.tree.size >= self.watch:
                self._watched()

    def _watched(self) -> None:
        """Compare roots at a size of which a checkpoint is known."""
        size = self.tree.size
        if self.kept and self.kept.size == size:
            self.kept_root = self.tree.root()
        if self.due and self.due[0][0] == size:
            if self.due.popleft()[1] != self.tree.root():
                raise Broken(f"The checkpoint over {size} entries is about others than these: of entries {self.agreed} to"
                             f" {size - 1} in {self.name}, one was changed, left out, put in or moved.", self.name)  # fmt: skip
            self.agreed, self.hidden = size, (-1, -1)
        ahead = [self.due[0][0] if self.due else NEVER, self.kept.size if self.kept else NEVER]
        self.watch = min((at for at in ahead if at > size), default=NEVER)

    def _hide(self, raw: bytes) -> None:
        said = self._object(raw, "hash height index")
        height, index, size = said["height"], said["index"], self.tree.size
        if not _matches(HEX_32, said["hash"]) or type(height) is not int or not 0 <= height <= HIGHEST:
            raise ValueError("its hash or its height can't be one")
        self._check_index(index)
        end = size + (1 << height)
        if size % (1 << height) or end > (self.due[0][0] if self.due else LARGEST_NUMBER):
            raise ValueError(f"a hidden range of height {height} can't begin here")
        if self.hidden == (size - (1 << height), height) and size >> height & 1:
            raise ValueError("this hidden range and the one before should be one")
        self.hidden = size, height
        self.tree.append(height, bytes.fromhex(said["hash"]))

    def _check_index(self, index: Any) -> None:
        if type(index) is not int or index != self.tree.size:
            raise ValueError(f"here should stand entry {self.tree.size}, not {str(index)[:20]}: something is missing,"
                             " repeated or out of its place")  # fmt: skip

    def _show(self, raw: bytes) -> None:
        text, said = _read_json(raw)
        entry, index = said.get("entry"), self.tree.size
        version = entry.get("version") if isinstance(entry, dict) else None
        leaf, form, rest = _encode(entry), said.keys(), f',"index":{index}}}'
        payload = None
        if form == SHOWN:
            payload = _encode(said["payload"])
            rest = f',"index":{index},"payload":{payload},"salt":{_encode(said["salt"])}}}'
        elif form == ERASED:
            rest = f',"erased_by":{_encode(said["erased_by"])},"index":{index}}}'
        if text != f'{{"entry":{leaf}{rest}':
            self._check_index(said.get("index"))
            raise ValueError("it was changed, it isn't written as canonical JSON or says more than it should")
        self._check_leaf(version, leaf, entry, form)
        if payload is not None and not self._committed(said, payload):
            raise ValueError("its payload was changed: it isn't the one that the entry commits to")
        self._note_entry(said, entry, payload)
        self.tree.append(0, sha256(b"\0" + leaf.encode()).digest())

    def _check_leaf(self, version: Any, leaf: str, entry: Any, form: Any) -> None:
        known = type(version) is int and version in LEAVES
        if not known or not LEAVES[version].fullmatch(leaf) or len(entry) != LEAF_KEYS[version]:
            raise ValueError("it was changed, no entry looks like this")
        if (form == FIRST_VERSION) != (version == 1):
            raise ValueError("it should hold a payload and its salt, or say what erased them")

    def _committed(self, said: dict[str, Any], payload: str) -> bool:
        if not isinstance(said["payload"], dict) or not _matches(HEX_16, said["salt"]):
            return False
        digest = sha256(bytes.fromhex(said["salt"]) + payload.encode()).hexdigest()
        return bool(digest == said["entry"]["commitment"])

    def _note_entry(self, said: dict[str, Any], entry: dict[str, Any], payload: str | None) -> None:
        self.uids.add(entry["uid"], self.tree.size)
        self.shown += 1
        if self.name == "closing.jsonl":
            if self.export or payload is None:
                raise ValueError("only the entry about this export, with its payload, may be shown here")
            self.export = said
        if "erased_by" in said:
            self.erased += 1
            self.erasures.setdefault(_uid(said["erased_by"]), {})[entry["uid"]] = self.tree.size
        elif entry["kind"] == ERASING:
            self._check_erasures(entry, said.get("payload", entry.get("payload")))
        if self.records:
            self.records.difference_update(QUOTED_HASH.findall(payload or _encode(entry.get("payload"))))

    def _check_erasures(self, entry: dict[str, Any], payload: dict[str, Any]) -> None:
        listed = payload.get("entries")
        named = set(filter(_is_text, listed)) if isinstance(listed, list) else set()
        for uid, index in self.erasures.pop(entry["uid"], {}).items():
            if uid not in named:
                raise ValueError(f"it doesn't list entry {index} (uid {uid}), which says that this erased its payload")

    def _after_entries(self) -> None:
        self.line = 0
        if self.due:
            raise ValueError(
                f"it ends after entry {self.tree.size - 1}, before the checkpoint of size {self.due[0][0]}"
            )
        if self.erasures:
            index, uid, by = min(
                (index, uid, by) for by, those in self.erasures.items() for uid, index in those.items()
            )
            raise ValueError(f"entry {index} (uid {uid}) has no payload, and no later entry {by} that erased it")
        if self.records:
            raise ValueError(f"no payload that is shown names records/{min(self.records)}.json")

    def _other_file(self, name: str) -> None:
        deque(self._chunks(name), maxlen=0)
        if name.startswith("records/") and self.files[name][1] != name[8:72]:
            raise ValueError("it was changed, its hash isn't its name any more")
        if name.startswith("stamps/") and int(name[7:-4]) not in self.sizes:
            raise ValueError("no checkpoint in checkpoints.jsonl has this size")

    def _manifest(self) -> dict[str, Any]:
        files = [{"bytes": size, "name": name, "sha256": digest} for name, (size, digest) in self.files.items()]
        raw, *more = [*self._lines("manifest.json", LARGEST_LIST), b""]
        said = self._object(raw, "agency entries exported_at exported_by files filters format origin size")
        if len(more) > 1 or not (_is_id(said["agency"]) and _is_id(said["exported_by"])) or said["format"] != FORMAT:
            raise ValueError(f"it isn't the manifest of a bundle in the format {FORMAT}")
        if (
            not _is_time(said["exported_at"])
            or not isinstance(said["filters"], dict)
            or not isinstance(said["files"], list)
        ):
            raise ValueError("its time, its filters or its files can't be any")
        if said["origin"] != self.keys[0].name:
            raise ValueError("it names another log than keys.jsonl")
        for expected, file in zip(files, said["files"], strict=False):
            if _encode(expected) != _encode(file):
                raise ValueError(f"{expected['name']} isn't as it says: it was changed, or the manifest was")
        for key, found in (("entries", self.shown), ("size", self.tree.size)):
            if type(said[key]) is not int or said[key] != found:
                raise ValueError(f"it says {key} {str(said[key])[:20]}, but the bundle has {found}")
        if len(files) != len(said["files"]):
            raise ValueError(f"it lists {len(said['files'])} files, but the bundle has {len(files)}")
        return said

    def _closing_entry(self) -> None:
        self.line = 0
        if not self.export or self.export["entry"]["kind"] != EXPORTED:
            raise ValueError("the entry about this export isn't in it")
        if self.export["payload"].get("manifest_sha256") != self.files["manifest.json"][1]:
            raise ValueError("the log holds the export of another manifest: the manifest or what it lists was changed")
        if twice := self.uids.repeated():
            raise ValueError(f"entries {twice[1]} and {twice[0]} have one and the same uid")

    def _closing_note(self) -> _Key:
        if self.members["closing.txt"].size > LONGEST_NOTE:
            raise Broken("closing.txt: it isn't a signed note.", "closing.txt")
        checkpoint = _checkpoint(b"".join(self._chunks("closing.txt")).decode())
        signers = _signers(checkpoint.note, self.keys)
        if not signers or len(checkpoint.note.signatures) != 1:
            raise ValueError("it should have one signature, by a key in keys.jsonl")
        if checkpoint.origin != self.keys[0].name or checkpoint.size != self.tree.size:
            raise ValueError(f"it is about {checkpoint.size} entries of {checkpoint.origin}, but the bundle goes through"
                             f" {self.tree.size}")  # fmt: skip
        if checkpoint.root != self.tree.root():
            raise ValueError(f"its root isn't the one over the bundle: of the entries from {self.agreed} on, one was"
                             " changed, left out, put in or moved")  # fmt: skip
        if signers[0] not in self.trusted:
            raise ValueError(f"it is signed by key {signers[0].id.hex()}, to which no trusted key was handed over")
        return signers[0]

    def _held(self, key: _Key, size: int, shown: int) -> Verdict:
        total, kept = self.tree.size, self.kept
        if kept and kept.size > total:
            raise Broken(f"The checkpoint that was kept is over {kept.size} entries, and this bundle goes only through {total}:"
                         " the log was cut back, or this is an older copy.")  # fmt: skip
        if kept and not self.kept_root:
            raise Broken(f"This bundle can't be compared with the checkpoint that was kept: ask for the consistency proof"
                         f" from size {kept.size} to size {total}, or for a bundle with that checkpoint.")  # fmt: skip
        if kept and kept.root != self.kept_root:
            raise Broken(f"The first {kept.size} entries aren't those of the checkpoint that was kept: the log was changed"
                         " after it was signed.")  # fmt: skip
        facts = {"origin": key.name, "size": size, "shown": shown, "erased": self.erased, "checkpoints": len(self.sizes),
                 "closing_size": total, "root": self.tree.root().hex(), "key": key.text, "given": bool(self.given)}  # fmt: skip
        return Verdict(True, printable(_sentence(facts, key, kept)), facts=facts)


def _sentence(facts: dict[str, Any], key: _Key, kept: _Checkpoint | None) -> str:
    said = f"It holds: {facts['shown']} of {facts['size']} entries are shown, and key {key.id.hex()} of {key.name} signed for all"
    said += f" of them; {facts['checkpoints']} checkpoints agree, and {facts['erased']} payloads were erased by later entries."
    if kept:
        said += f" Nothing under the checkpoint that was kept, of size {kept.size}, was changed."
    if not facts["given"]:
        said += " The key came with the bundle: compare it with the one that was published."
    return said


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_time(value: Any) -> bool:
    return _matches(IS_TIME, value)


def _uid(value: Any) -> str:
    if not _matches(IS_UID, value):
        raise ValueError("what erased its payload isn't the uid of an entry")
    return str(value)


def _described(raw: bytes) -> str:
    """Return kind, time and uid of an entry as far as its line still shows them."""
    kind = re.search(rb'"kind":"([a-z]+:[a-z:_-]{1,60}/[0-9]{1,3})"', raw)
    time, uid = re.search(rb'"recorded_at":"([0-9T:.-]{26})Z"', raw), re.search(rb'"uid":"([0-9a-f-]{36})"', raw)
    told = f", {kind[1].decode()}" if kind else ""
    told += f", {time[1][:10].decode()} {time[1][11:16].decode()} UTC" if time else ""
    return told + (f", uid {uid[1].decode()}" if uid else "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the verdict; return the exit status."""
    parser = argparse.ArgumentParser(description="Verify a bundle from a Countersign audit log.")
    parser.add_argument("bundle")
    parser.add_argument("--checkpoint", metavar="FILE", help="a checkpoint of the log that you have kept")
    parser.add_argument("--key", action="append", default=[], help="a key that you know, or a file of keys, one a line")
    said = parser.parse_args(arguments)
    verdict = verify(said.bundle, said.checkpoint, said.key)
    print(verdict.sentence.encode(sys.stdout.encoding or "ascii", "replace").decode(sys.stdout.encoding or "ascii"))
    return verdict.status


if __name__ == "__main__":
    sys.exit(main())
