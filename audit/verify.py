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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn

FORMAT = "countersign-bundle/1"
FIRST = ("README.txt", "verify.py", "keys.jsonl", "checkpoints.jsonl", "entries.jsonl")
LAST = ("manifest.json", "closing.jsonl", "closing.txt")
OTHERS = re.compile(r"(?:records/[0-9a-f]{64}\.json\n|stamps/(?:0|[1-9][0-9]{0,15})\.tsr\n)*")
LONGEST_LINE, LONGEST_NOTE, LARGEST_LIST, PIECE = 1 << 20, 1 << 14, 1 << 26, 1 << 18
DEEPEST, LARGEST_NUMBER, HIGHEST, NEVER = 64, 2**53 - 1, 52, 1 << 60
ERASING, EXPORTED = '"audit:payload:erased/1"', '"audit:export:made/2"'

# The grammar of a line that shows an entry: canonical JSON with these keys alone. Only a payload is left to look into.
PLAIN = r'[^"\\\x00-\x1f]*'
TEXT = rf'"{PLAIN}(?:\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f])){PLAIN})*"'
NUMBER, ID, HASH = "(?:0|[1-9][0-9]{0,15})", "(?:null|0|-?[1-9][0-9]{0,15})", "[0-9a-f]{64}"
TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z"
UID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
NAMES = rf'"purpose":{TEXT},"recorded_at":"{TIME}","request_id":{TEXT},"subject_id":{TEXT},"subject_type":{TEXT},'
START = rf'{{"entry":(?P<leaf>{{"actor":(?P<actor>{ID}),"actor_roles":\[(?:{TEXT}(?:,{TEXT})*)?\],"agency":(?P<agency>{ID}),'
SECOND = rf'"case":{TEXT},"commitment":"(?P<commitment>{HASH})","kind":(?P<kind>{TEXT}),{NAMES}"uid":"(?P<uid>{UID})","version":2}})'
OLDER = rf'"kind":(?P<kind>{TEXT}),"payload":(?P<payload>{{.*}}),{NAMES}"uid":"(?P<uid>{UID})","version":1}})'
INDEX = rf'"index":(?P<index>{NUMBER})'
SHOWN = re.compile(rf'{START}{SECOND},{INDEX},"payload":(?P<payload>{{.*}}),"salt":"(?P<salt>[0-9a-f]{{32}})"}}', re.DOTALL)
ERASED = re.compile(rf'{START}{SECOND},"erased_by":"(?P<by>{UID})",{INDEX}}}')
FIRST_VERSION = re.compile(rf"{START}{OLDER},{INDEX}}}", re.DOTALL)
IS_HASH, IS_TIME, IS_NAME = re.compile(HASH), re.compile(TIME), re.compile("[!-*,-~]{1,200}")
QUOTED_HASH, LONG_NUMBER = re.compile('"([0-9a-f]{64})"'), re.compile("[0-9]{16}")
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


class Broken(ValueError):
    """Why something doesn't hold (status 1) or can't be checked (2); the place is added, unless it says all itself."""

    def __init__(self, reason: str, *, says_all: bool = False, status: int = 1) -> None:
        super().__init__(reason)
        self.says_all, self.status = says_all, status


def verify(bundle: str | Path | BinaryIO, checkpoint: str | Path | None = None, keys: Sequence[str] = ()) -> Verdict:
    """Verify a bundle, against a checkpoint that was kept and keys that are known, if there are any. Never raises."""
    try:
        kept, given = _kept(checkpoint), [key for said in keys for key in _keys_in(said)]
        if not isinstance(bundle, str | Path):
            return _Walk(bundle, kept, given).verdict()
        with Path(bundle).open("rb") as file:
            return _Walk(file, kept, given).verdict()
    except Broken as broken:
        return Verdict(False, printable(str(broken)), broken.status)
    except (OSError, ValueError) as problem:
        return Verdict(False, printable(f"{getattr(problem, 'filename', '')}: it can't be read, {problem}."), 2)


def printable(text: str) -> str:
    """Return the text without what could move a terminal's cursor or turn its writing round."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


# JSON is read, written anew and compared, so that one content has one form (RFC 8785).


def _no_float(_: str) -> NoReturn:
    raise Broken("it holds a number that isn't whole")


_decode = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float).raw_decode
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _object(text: str, keys: str = "", depth: int = DEEPEST) -> dict[str, Any]:
    """Return the object that a text holds; raise ValueError unless it is canonical and has these keys."""
    value = _decode(text)[0]
    if text.count("{") + text.count("[") > depth or not text.isascii() or LONG_NUMBER.search(text):
        _check_plain(value, depth)
    if _encode(value) != text or not isinstance(value, dict):
        raise Broken("it was changed, it isn't written as canonical JSON")
    if keys and value.keys() != set(keys.split()):
        raise Broken(f"it should say {', '.join(keys.split())} and nothing else")
    return value


def _check_plain(value: Any, depth: int) -> None:
    """Refuse what is nested too deep, what isn't exact in all languages, and keys that they sort differently."""
    if type(value) is int and abs(value) > LARGEST_NUMBER:
        raise Broken("it holds a number that is too large")
    if isinstance(value, dict | list):
        if not depth:
            raise Broken("it is nested too deep")
        if isinstance(value, dict) and not all(map(str.isascii, value)):
            raise Broken("it holds a key that isn't ASCII")
        for item in value.values() if isinstance(value, dict) else value:
            _check_plain(item, depth - 1)


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


# Notes, checkpoints and keys, as C2SP writes them.


class _Key(NamedTuple):
    text: str
    name: str
    id: bytes
    public: bytes


class _Note(NamedTuple):
    text: str
    signatures: list[tuple[str, bytes, bytes]]

    def signers(self, keys: Sequence[_Key]) -> list[_Key]:
        """Return the known keys in the order of their lines; raise where the signature of one doesn't hold."""
        known, found = {(key.name, key.id): key for key in keys}, []
        for name, key_id, signature in self.signatures:
            if key := known.get((name, key_id)):
                _check_signature(self.text, key, signature)
                found.append(key)
        return found


class _Checkpoint(NamedTuple):
    note: _Note
    origin: str
    size: int
    root: bytes


def _base64(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise Broken("its base64 isn't written as it should be")
    return raw


def _key(text: Any) -> _Key:
    name, key_id, encoded = (*str(text).split("+", 2), "", "")[:3]
    raw = _base64(encoded)
    if not IS_NAME.fullmatch(name) or len(raw) != 33 or raw[0] != 1:
        raise Broken("it isn't a key of the form NAME+ID+KEY")
    digest = sha256(name.encode() + b"\n" + raw).digest()[:4]
    if key_id != digest.hex():
        raise Broken("the key's id doesn't belong to the key")
    return _Key(str(text), name, digest, raw[1:])


def _note(said: Any) -> _Note:
    text, gap, lines = said.rpartition("\n\n") if isinstance(said, str) else ("", "", "")
    if not gap or not lines.endswith("\n") or len(said.encode()) > LONGEST_NOTE:
        raise Broken("it isn't a signed note")
    return _Note(text + "\n", [_signature(line) for line in lines[:-1].split("\n")])


def _signature(line: str) -> tuple[str, bytes, bytes]:
    dash, name, encoded = line.split(" ") if line.count(" ") == 2 else ("", "", "")
    raw = _base64(encoded)
    if dash != "\u2014" or not IS_NAME.fullmatch(name) or len(raw) < 5:
        raise Broken("it holds a line that isn't a signature")
    return name, raw[:4], raw[4:]


def _checkpoint(said: Any) -> _Checkpoint:
    note = _note(said)
    found = re.fullmatch(f"({IS_NAME.pattern})\n({NUMBER})\n([0-9A-Za-z+/]{{43}}=)\n", note.text)
    if not found or int(found[2]) > LARGEST_NUMBER:
        raise Broken("it isn't a checkpoint: three lines should say origin, size and root")
    return _Checkpoint(note, found[1], int(found[2]), _base64(found[3]))


def _check_signature(text: str, key: _Key, signature: bytes) -> None:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        missing = 'Signatures can\'t be checked: install the Python package "cryptography" first.'
        raise Broken(missing, says_all=True, status=2) from None
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except (InvalidSignature, ValueError):
        raise Broken(f"the signature of key {key.id.hex()} doesn't hold") from None


def _kept(checkpoint: str | Path | None) -> _Checkpoint | None:
    """Read the checkpoint that somebody kept."""
    if checkpoint is None:
        return None
    with Path(checkpoint).open("rb") as file:
        raw = file.read(LONGEST_NOTE + 1)
    try:
        return _checkpoint(raw.decode())
    except ValueError:
        raise Broken(f"{checkpoint} isn't a checkpoint: keep it as it was published.", status=2) from None


def _keys_in(said: str) -> list[_Key]:
    """Return the key that this is, or the keys in the file that this names."""
    try:
        lines = [said] if said.count("+") > 1 and not Path(said).exists() else Path(said).read_text("utf-8").split("\n")
        return [_key(line.strip()) for line in lines if line.strip()]
    except (OSError, ValueError):
        raise Broken(f"{said[:200]} is neither a key (NAME+ID+KEY) nor a file of keys, one a line.", status=2) from None


# The container: a ZIP of which every byte is known beforehand, but for names, sizes, checksums and data.


class _Member(NamedTuple):
    name: str
    start: int
    size: int
    crc: int

    def local(self) -> bytes:
        known = (0x04034B50, 45, 0x0800, 0, 0, 0x21, self.crc, 0xFFFFFFFF, 0xFFFFFFFF, len(self.name), 20)
        return struct.pack("<I5H3I2H", *known) + self.name.encode() + struct.pack("<2H2Q", 1, 16, self.size, self.size)

    def central(self) -> bytes:
        known = (0x02014B50, 0x032D, 45, 0x0800, 0, 0, 0x21, self.crc, 0xFFFFFFFF, 0xFFFFFFFF, len(self.name), 28)
        head = struct.pack("<I6H3I2H", *known) + struct.pack("<3H2I", 0, 0, 0, 0o100644 << 16, 0xFFFFFFFF)
        return head + self.name.encode() + struct.pack("<2H3Q", 1, 24, self.size, self.size, self.start)


def _end(count: int, size: int, offset: int) -> bytes:
    end = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 0x032D, 45, 0, 0, count, count, size, offset)
    end += struct.pack("<IIQI", 0x07064B50, 0, offset + size, 1)
    return end + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)


def _members(file: BinaryIO) -> dict[str, _Member]:
    total = file.seek(0, 2)
    file.seek(max(0, total - 98))
    tail = file.read(98)
    count, size, offset = struct.unpack("<QQQ", tail[32:56]) if len(tail) == 98 else (0, 0, 0)
    if offset + size + 98 != total or size > LARGEST_LIST or tail != _end(count, size, offset):
        raise Broken("This isn't a whole bundle: it was cut short or added to, or is a file of another kind.")
    file.seek(offset)
    members = list(_listed(file.read(size), offset))
    names = [member.name for member in members]
    others, start, end = names[5:-3], tuple(names[:5]), tuple(names[-3:])
    if (start, end) != (FIRST, LAST) or not OTHERS.fullmatch("".join(f"{name}\n" for name in others)):
        raise Broken(f"The bundle doesn't hold the files that it should, in their order: {', '.join(names)[:400]}.")
    if len(members) != count or others != sorted(set(others)):
        raise Broken("The bundle's list of files was changed: it has more or fewer than it says, or in another order.")
    return {member.name: member for member in members}


def _listed(raw: bytes, offset: int) -> Iterator[_Member]:
    """Yield the members in the directory; each must begin where the one before ends, the last end at the directory."""
    place = start = 0
    while place < len(raw):
        crc, length = struct.unpack("<I8xH", raw[place + 16 : place + 30].ljust(14))
        name = raw[place + 46 : place + 46 + length].decode("ascii", "replace").replace("\ufffd", "?")
        size = int.from_bytes(raw[place + 50 + length : place + 58 + length], "little")
        member = _Member(name, start, size, crc)
        if not raw.startswith(member.central(), place):
            raise Broken(f"The bundle's list of files was changed, at {name[:100] or 'its end'}.")
        yield member
        place, start = place + len(member.central()), start + len(member.local()) + size
    if start != offset:
        raise Broken("The bundle's list of files was changed: it doesn't agree with the length of the bundle.")


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
        *rest, node = self.parts or [sha256(b"").digest()]
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

    def twice(self) -> tuple[int, int] | None:
        """Return the first index whose uid stood before, and where."""
        return min(filter(None, map(self._twice_in, self._parts)), default=None)

    def _twice_in(self, part: bytearray) -> tuple[int, int] | None:
        seen: dict[bytes, int] = {}
        for at in range(0, len(part), 24):
            index = int.from_bytes(part[at + 16 : at + 24], "big")
            if (first := seen.setdefault(bytes(part[at : at + 16]), index)) != index:
                return index, first
        return None


class _Walk:
    """One walk through a bundle. A check that fails raises ValueError with the reason; `verdict` adds where it was."""

    def __init__(self, file: BinaryIO, kept: _Checkpoint | None, given: list[_Key]) -> None:
        self.file, self.kept, self.given, self.members = file, kept, given, _members(file)
        self.name, self.line, self.raw = "", 0, b""
        self.files: list[dict[str, Any]] = []
        self.keys: list[_Key] = []
        self.trusted: list[_Key] = []
        self.due: deque[tuple[int, bytes]] = deque()
        self.sizes: set[int] = set()
        self.tree, self.uids = _Tree(), _Uids()
        self.watch = self.agreed = self.shown = self.erased = 0
        self.hidden, self.kept_root = (-1, -1), b""
        self.erasures: dict[str, dict[str, int]] = {}
        self.records = {name[8:72] for name in self.members if name.startswith("records/")}
        self.exported = False

    def verdict(self) -> Verdict:
        try:
            return self._all()
        except (ValueError, RecursionError) as problem:
            reason = str(problem) if isinstance(problem, Broken) else "it was changed, it isn't legible any more"
            if isinstance(problem, Broken) and problem.says_all:
                return Verdict(False, printable(reason), problem.status, self.name)
            index = self.tree.size if self.line and self.name in {"entries.jsonl", "closing.jsonl"} else None
            who = f" (entry {index}{_described(self.raw)})" if index is not None else ""
            where = f"{self.name}, line {self.line}{who}" if self.line else self.name
            return Verdict(False, printable(f"{where}: {reason}."), 1, self.name, self.line or None, index)

    def _all(self) -> Verdict:
        for name in FIRST[:2]:
            self._skip(name)
        self._each_line("keys.jsonl", self._key_line)
        self._check_keys()
        self._each_line("checkpoints.jsonl", self._checkpoint_line)
        self._leaves("entries.jsonl")
        self._after_entries()
        for name in list(self.members)[5:-3]:
            self._other_file(name)
        shown, size = self.shown, self.tree.size
        self._manifest()
        self._leaves("closing.jsonl")
        self._after_closing()
        return self._held(self._closing_note(), size, shown)

    def _pieces(self, name: str) -> Iterator[bytes]:
        """Yield a file's data; check what stands before it, and its checksum at the end."""
        self.name, self.line, member, crc, digest = name, 0, self.members[name], 0, sha256()
        self.file.seek(member.start)
        if self.file.read(len(member.local())) != member.local():
            raise Broken("what stands before it in the bundle was changed")
        for at in range(0, member.size, PIECE):
            piece = self.file.read(min(member.size - at, PIECE))
            crc = zlib.crc32(piece, crc)
            digest.update(piece)
            yield piece
        self.line = 0
        if crc != member.crc:
            raise Broken("it was changed, its checksum is another")
        self.files.append({"bytes": member.size, "name": name, "sha256": digest.hexdigest()})

    def _skip(self, name: str) -> None:
        deque(self._pieces(name), maxlen=0)

    def _read(self, name: str, longest: int) -> str:
        if self.members[name].size > longest:
            self.name = name
            raise Broken("it is longer than it should be")
        return b"".join(self._pieces(name)).decode()

    def _each_line(self, name: str, check: Callable[[str], None]) -> None:
        rest = b""
        for piece in self._pieces(name):
            *lines, rest = (rest + piece).split(b"\n")
            for self.raw in lines:
                self.line += 1
                if len(self.raw) > LONGEST_LINE:
                    raise Broken("the line is longer than any should be")
                check(self.raw.decode())
            if len(rest) > LONGEST_LINE:
                break
        if rest:
            self.line, self.raw = self.line + 1, rest[:4096]
            raise Broken("the line doesn't end, or is longer than any should be")

    def _key_line(self, text: str) -> None:
        said = _object(text, "handover key")
        key, handed = _key(said["key"]), said["handover"] is not None
        if key in self.keys or key.name != (self.keys or [key])[0].name:
            raise Broken("the key stands here twice, or has another name than the first")
        if handed:
            self._check_handover(_note(said["handover"]), key)
        if key in self.given or (not self.given and not self.keys) or (handed and self.keys[-1] in self.trusted):
            self.trusted.append(key)
        self.keys.append(key)

    def _check_handover(self, note: _Note, key: _Key) -> None:
        before = self.keys[-1:]
        if note.text != f"countersign-handover/1\n{key.name}\n{key.text}\n" or len(note.signatures) != 1:
            raise Broken("the handover doesn't name this key")
        if not before or note.signers(before) != before:
            raise Broken("the handover isn't signed by the key before it")

    def _check_keys(self) -> None:
        if not self.trusted:
            raise Broken("None of the keys that were given stands in this bundle: another signed it.", says_all=True)
        if self.kept and self.kept.origin != self.keys[0].name:
            raise Broken(f"The kept checkpoint is one of another log, {self.kept.origin}.", says_all=True)
        if self.kept and not self.kept.note.signers(self.keys):
            raise Broken("The kept checkpoint is signed by none of the keys in this bundle: if it is genuine, the log"
                         " was written anew.", says_all=True)  # fmt: skip

    def _checkpoint_line(self, text: str) -> None:
        said = _object(text, "note signed_at")
        checkpoint, last = _checkpoint(said["note"]), self.due[-1][0] if self.due else -1
        signers = checkpoint.note.signers(self.keys)
        if [(key.name, key.id) for key in signers[:1]] != [checkpoint.note.signatures[0][:2]]:
            raise Broken("its first signature is by none of the keys in keys.jsonl")
        if checkpoint.origin != self.keys[0].name or not _matches(IS_TIME, said["signed_at"]):
            raise Broken("it is one of another log, or its time is none")
        if checkpoint.size <= last:
            raise Broken(f"a checkpoint of size {checkpoint.size} can't follow one of size {last}")
        self.due.append((checkpoint.size, checkpoint.root))
        self.sizes.add(checkpoint.size)

    def _leaves(self, name: str) -> None:
        self.hidden = (-1, -1)
        self._compare()
        self._each_line(name, self._leaf_line)

    def _leaf_line(self, text: str) -> None:
        if not self._shown(text):
            said = _object(text)
            if type(said.get("index")) is not int or said["index"] != self.tree.size:
                raise Broken(f"here should stand entry {self.tree.size}, not {str(said.get('index'))[:20]}: something is"
                             " missing, repeated or out of its place")  # fmt: skip
            if said.keys() != {"hash", "height", "index"}:
                raise Broken("it was changed, no entry looks like this")
            self._hide(said["height"], said["hash"])
        if self.tree.size >= self.watch:
            self._compare()

    def _shown(self, text: str) -> bool:
        """Take a line that shows the entry whose turn it is; False if it is none."""
        found = SHOWN.fullmatch(text) or ERASED.fullmatch(text) or FIRST_VERSION.fullmatch(text)
        if not found or int(found["index"]) != self.tree.size:
            return False
        said = found.groupdict()
        if len(said["actor"]) > 15 or len(said["agency"]) > 15:
            _object(text)
        salt, payload, uid = said.get("salt"), said.get("payload"), said["uid"]
        content = _object(payload, depth=DEEPEST - (1 if salt else 2)) if payload else {}
        if salt and sha256(bytes.fromhex(salt) + payload.encode()).hexdigest() != said["commitment"]:
            raise Broken("its payload was changed: it isn't the one that the entry commits to")
        if self.name == "closing.jsonl":
            self._check_export(said["kind"], salt, content)
        self._check_erasures(said, content)
        self.records and self.records.difference_update(QUOTED_HASH.findall(payload or ""))
        self.uids.add(uid, self.tree.size)
        self.shown += 1
        self.tree.append(0, sha256(b"\0" + said["leaf"].encode()).digest())
        return True

    def _check_erasures(self, said: dict[str, str], content: dict[str, Any]) -> None:
        if by := said.get("by"):
            self.erasures.setdefault(by, {})[said["uid"]] = self.tree.size
            self.erased += 1
        elif said["kind"] == ERASING:
            listed = content.get("entries")
            for uid, index in self.erasures.pop(said["uid"], {}).items():
                if not isinstance(listed, list) or uid not in listed:
                    raise Broken(f"it doesn't list entry {index} (uid {uid}), which says that this erased its payload")

    def _check_export(self, kind: str, salt: str | None, content: dict[str, Any]) -> None:
        if self.exported or kind != EXPORTED or not salt:
            raise Broken("only the entry about this export may be shown here")
        if content.get("manifest_sha256") != self.files[-1]["sha256"]:
            raise Broken("the log holds the export of another manifest: the manifest, or what it lists, was changed")
        self.exported = True

    def _hide(self, height: Any, node: Any) -> None:
        size = self.tree.size
        if type(height) is not int or not 0 <= height <= HIGHEST or not _matches(IS_HASH, node):
            raise Broken("its height or its hash can't be one")
        if size % (1 << height) or size + (1 << height) > (self.due[0][0] if self.due else LARGEST_NUMBER):
            raise Broken(f"a hidden range of height {height} can't begin here")
        if self.hidden == (size - (1 << height), height) and size >> height & 1:
            raise Broken("this hidden range and the one before should be one")
        self.hidden = size, height
        self.tree.append(height, bytes.fromhex(node))

    def _compare(self) -> None:
        """Compare roots at a size of which there is a checkpoint; remember at which size to do so next."""
        size = self.tree.size
        if self.kept and self.kept.size == size:
            self.kept_root = self.tree.root()
        if self.due and self.due[0][0] == size:
            if self.due.popleft()[1] != self.tree.root():
                raise Broken(f"The checkpoint over {size} entries is about others than these: of entries {self.agreed} to"
                             f" {size - 1} in {self.name}, one was changed, left out, put in or moved.", says_all=True)  # fmt: skip
            self.agreed, self.hidden = size, (-1, -1)
        ahead = [self.due[0][0] if self.due else NEVER, self.kept.size if self.kept else NEVER]
        self.watch = min((at for at in ahead if at > size), default=NEVER)

    def _after_entries(self) -> None:
        if self.due:
            raise Broken(f"it ends after {self.tree.size} entries, but there is a checkpoint over {self.due[0][0]}")
        if self.erasures:
            index, by = min((min(those.values()), by) for by, those in self.erasures.items())
            raise Broken(f"entry {index} has no payload, and no later entry {by} erased it")
        if self.records:
            raise Broken(f"no payload that is shown names records/{min(self.records)}.json")

    def _other_file(self, name: str) -> None:
        self._skip(name)
        if name.startswith("records/") and self.files[-1]["sha256"] != name[8:72]:
            raise Broken("it was changed, its hash isn't its name any more")
        if name.startswith("stamps/") and int(name[7:-4]) not in self.sizes:
            raise Broken("no checkpoint in checkpoints.jsonl has this size")

    def _manifest(self) -> None:
        files, text = [*self.files], self._read("manifest.json", LARGEST_LIST)
        said = _object(text.removesuffix("\n"), "agency entries exported_at exported_by files filters format origin size")
        if not text.endswith("\n") or said["format"] != FORMAT or said["origin"] != self.keys[0].name:
            raise Broken("it is of another format, or another log")
        if not all(value is None or type(value) is int for value in (said["agency"], said["exported_by"])):
            raise Broken("it names agency or person otherwise than by number")
        if not (_matches(IS_TIME, said["exported_at"]) and [type(said[key]) for key in ("files", "filters")] == [list, dict]):
            raise Broken("its time, its files or its filters can't be any")
        for expected, listed in zip(files, said["files"], strict=False):
            if _encode(expected) != _encode(listed):
                raise Broken(f"{expected['name']} isn't as it says: that file was changed, or the manifest was")
        for key, count in (("entries", self.shown), ("size", self.tree.size)):
            if type(said[key]) is not int or said[key] != count:
                raise Broken(f"it says {key} {str(said[key])[:20]}, but the bundle has {count}")
        if len(files) != len(said["files"]):
            raise Broken(f"it lists {len(said['files'])} files, but the bundle has {len(files)}")

    def _after_closing(self) -> None:
        if not self.exported:
            raise Broken("the entry about this export isn't in it")
        if twice := self.uids.twice():
            raise Broken(f"entries {twice[1]} and {twice[0]} have one and the same uid")

    def _closing_note(self) -> _Key:
        closing = _checkpoint(self._read("closing.txt", LONGEST_NOTE))
        signers = closing.note.signers(self.keys)
        if not signers or len(closing.note.signatures) != 1:
            raise Broken("it should have one signature, by a key in keys.jsonl")
        if (closing.origin, closing.size) != (self.keys[0].name, self.tree.size):
            raise Broken(f"it is about {closing.size} entries of {closing.origin}, but the bundle ends at {self.tree.size}")
        if closing.root != self.tree.root():
            raise Broken(f"its root isn't the one over the bundle: of the entries from {self.agreed} on, one was changed, left"
                         " out, put in or moved")  # fmt: skip
        if signers[0] not in self.trusted:
            raise Broken(f"it is signed by key {signers[0].id.hex()}, to which no trusted key was handed over")
        return signers[0]

    def _check_kept(self) -> None:
        """Compare with the checkpoint that was kept; the reasons here are whole sentences."""
        total, kept = self.tree.size, self.kept
        if not kept:
            return
        if kept.size > total:
            raise Broken(f"The checkpoint that was kept is over {kept.size} entries, and this bundle ends at {total}:"
                         " the log was cut back, or this is an older copy.", says_all=True)  # fmt: skip
        if not self.kept_root:
            raise Broken(f"This bundle can't be compared with the checkpoint that was kept: ask for the consistency proof"
                         f" from size {kept.size} to size {total}, or a bundle with that checkpoint.", says_all=True)  # fmt: skip
        if kept.root != self.kept_root:
            raise Broken(f"The first {kept.size} entries aren't those of the checkpoint that was kept: the log was changed"
                         " after that was signed.", says_all=True)  # fmt: skip

    def _held(self, key: _Key, size: int, shown: int) -> Verdict:
        self._check_kept()
        said = (f"It holds: {shown} of {size} entries are shown, and key {key.id.hex()} of {key.name} signed for all of"
                f" them; {len(self.sizes)} checkpoints agree, and {self.erased} payloads were erased by later entries.")  # fmt: skip
        if self.kept:
            said += f" Nothing under the kept checkpoint, of size {self.kept.size}, was changed since."
        if not self.given:
            said += " The key came with the bundle: compare it with the one that was published."
        facts = {"origin": key.name, "size": size, "shown": shown, "erased": self.erased, "checkpoints": len(self.sizes),
                 "closing_size": self.tree.size, "root": self.tree.root().hex(), "key": key.text}  # fmt: skip
        return Verdict(True, printable(said), facts=facts)


def _described(raw: bytes) -> str:
    """Return kind, time and uid of an entry as far as its line still shows them."""
    kind = re.search(rb'"kind":"([a-z]+:[a-z:_-]{1,60}/[0-9]{1,3})"', raw)
    time, uid = re.search(rb'"recorded_at":"([0-9-]{10})T([0-9:]{5})', raw), re.search(rb'"uid":"([0-9a-f-]{36})"', raw)
    told = f", {kind[1].decode()}" if kind else ""
    told += f", {time[1].decode()} {time[2].decode()} UTC" if time else ""
    return told + (f", uid {uid[1].decode()}" if uid else "")


def main() -> int:
    """Print the verdict; return the exit status."""
    parser = argparse.ArgumentParser(description="Verify a bundle from a Countersign audit log.")
    parser.add_argument("bundle")
    parser.add_argument("--checkpoint", metavar="FILE", help="a checkpoint of the log that you have kept")
    parser.add_argument("--key", action="append", default=[], help="a key that you know, or a file of keys, one a line")
    said = parser.parse_args()
    verdict = verify(said.bundle, said.checkpoint, said.key)
    sys.stdout.reconfigure(errors="replace")
    print(verdict.sentence)
    return verdict.status


if __name__ == "__main__":
    sys.exit(main())
