"""Does a bundle from a Countersign audit log hold?

    python verify.py BUNDLE [--checkpoint FILE] [--key KEY ...]

This file stands alone: Python 3.11 or newer, and its package "cryptography" where a signature is checked. It accounts
for every byte of the bundle, and names the first thing that doesn't hold; by hand, see README.txt in the bundle. Exit
status: 0 all holds, 1 something doesn't, 2 wrong use or a file that can't be read.
"""

import argparse
import base64
import json
import re
import struct
import sys
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

ORDER = r"README\.txt, verify\.py, keys\.jsonl, checkpoints\.jsonl, entries\.jsonl, (records/[0-9a-f]{64}\.json, "
ORDER += r"|stamps/(0|[1-9][0-9]{0,15})\.tsr, )*manifest\.json, closing\.jsonl, closing\.txt"
LONGEST_LINE, LONGEST_NOTE, LARGEST_LIST = 1 << 20, 1 << 14, 1 << 26
DEEPEST, LARGEST_NUMBER, HIGHEST, NEVER, OFTEN = 64, 2**53 - 1, 52, 1 << 60, 1000
FORMAT, ERASING, EXPORTED = "countersign-bundle/1", '"audit:payload:erased/1"', '"audit:export:made/2"'

# The grammar of a line that shows an entry: canonical JSON, these keys, nothing else. Payloads alone are looked into.
PLAIN = r'[^"\\\x00-\x1f]*+'
TEXT = rf'"{PLAIN}(?:\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f])){PLAIN})*+"'
NUMBER, ID, HASH = "(?:0|[1-9][0-9]{0,15})", "(?:null|0|-?[1-9][0-9]{0,15})", "[0-9a-f]{64}"
TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z"
UID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
INDEX, KIND, PAYLOAD = rf'"index":(?P<index>{NUMBER})', rf'"kind":(?P<kind>{TEXT})', r'"payload":(?P<payload>{(?s:.*)})'
HEAD = rf'{{"entry":(?P<leaf>{{"actor":(?P<actor>{ID}),"actor_roles":\[(?:{TEXT}(?:,{TEXT})*)?\]'
REST = rf'"purpose":{TEXT},"recorded_at":"{TIME}","request_id":{TEXT},"subject_id":{TEXT},"subject_type":{TEXT}'
REST += rf',"uid":"(?P<uid>{UID})"'
SECOND = rf'{HEAD},"agency":(?P<agency>{ID}),"case":{TEXT},"commitment":"(?P<seal>{HASH})",{KIND},{REST},"version":2}})'
SHOWN = re.compile(rf'{SECOND},{INDEX},{PAYLOAD},"salt":"(?P<salt>[0-9a-f]{{32}})"}}')
ERASED = re.compile(rf'{SECOND},"erased_by":"(?P<by>{UID})",{INDEX}}}')
FIRST_VERSION = re.compile(rf'{HEAD},"agency":(?P<agency>{ID}),{KIND},{PAYLOAD},{REST},"version":1}}),{INDEX}}}')
# Payloads of one shape are the same once each plain value after a colon is 0: one being canonical, so are the others.
VALUE = rf"(?:{TEXT}|0|-?[1-9][0-9]{{0,14}}|true|false|null)"
VALUES = re.compile(rf":(?:{VALUE}|\[(?:{VALUE}(?:,{VALUE})*+)?\])")
IS_SHAPE = re.compile(r'(?!(?:[^{[]*[{[]){32})(?:[{}\[\],]|"[0-9_a-z]+":|0){1,1000}')
IS_HASH, IS_TIME, QUOTED_HASH, NOTHING = map(re.compile, (HASH, TIME, rf'(?<!\\)"({HASH})"', "(?!)"))
NAME, BASE64 = "([!-*,-~]{1,200})", "([0-9A-Za-z+/]+=*)"
IS_KEY, IS_SIGNATURE = re.compile(rf"{NAME}\+([0-9a-f]{{8}})\+{BASE64}"), re.compile(f"\u2014 {NAME} {BASE64}")
IS_CHECKPOINT = re.compile(f"{NAME}\n({NUMBER})\n{BASE64}\n")


@dataclass
class Verdict:
    """What holds, or the first thing that doesn't; `status` is that of the command."""

    ok: bool
    sentence: str
    status: int = 0
    member: str = ""
    index: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nothing in the sentence may move a terminal's cursor or turn its writing round."""
        self.sentence = "".join(letter if letter.isprintable() else "\ufffd" for letter in self.sentence)


class Broken(ValueError):
    """Why something doesn't hold: a whole sentence, or else its end, to which the place is added."""


def _need(holds: object, reason: str) -> None:
    if not holds:
        raise Broken(reason)


def verify(bundle: str | Path | BinaryIO, checkpoint: str | Path | None = None, keys: Sequence[str] = ()) -> Verdict:
    """Verify a bundle, against a checkpoint that was kept and keys that are known, if there are any. Never raises."""
    try:
        kept = None if checkpoint is None else _checkpoint(Path(checkpoint).read_bytes().decode())
        texts = [Path(said).read_bytes().decode() if Path(said).is_file() else said for said in keys]
        given = [_key(line) for text in texts for line in text.split()]
        _need(given or not keys, "it holds no key")
    except (OSError, ValueError) as problem:
        return Verdict(False, f"The checkpoint or the key that was given can't be used: {problem}.", 2)
    try:
        with Path(bundle).open("rb") if isinstance(bundle, str | Path) else nullcontext(bundle) as file:
            return _Walk(file, kept, given).verdict()
    except (OSError, ValueError) as problem:
        return Verdict(False, f"The bundle can't be verified: {problem}.", 2)


# A number that isn't whole is read as text, so that written anew it is another.
_decode = json.JSONDecoder(parse_float=str, parse_constant=str).raw_decode
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _object(text: str, keys: str = "", depth: int = DEEPEST) -> dict[str, Any]:
    """Return the object that a text holds, which must have these keys and be written as RFC 8785 says."""
    value: dict[str, Any] = _decode(text)[0]
    _check_plain(value, depth)
    _need(isinstance(value, dict) and _encode(value) == text, "it was changed, it isn't written as canonical JSON")
    _need(not keys or value.keys() == set(keys.split()), f"it should say {keys}, and nothing else")
    return value


def _check_plain(value: Any, depth: int) -> None:
    """Refuse what is nested too deep, what isn't exact in all languages, and keys that they sort differently."""
    _need(type(value) is not int or abs(value) <= LARGEST_NUMBER, "it holds a number that is too large")
    if isinstance(value, dict | list):
        _need(depth, "it is nested too deep")
        _need(isinstance(value, list) or all(map(str.isascii, value)), "it holds a key that isn't ASCII")
        for item in value.values() if isinstance(value, dict) else value:
            _check_plain(item, depth - 1)


class _Key(NamedTuple):
    text: str
    name: str
    id: bytes
    public: bytes

    def check(self, text: str, signature: bytes) -> None:
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except ImportError:
            raise OSError('no signature can be checked without the Python package "cryptography"') from None
        except (InvalidSignature, ValueError):
            raise Broken(f"the signature of key {self.id.hex()} doesn't hold") from None


class _Note(NamedTuple):
    text: str
    signatures: list[tuple[str, bytes, bytes]]

    def signers(self, keys: Sequence[_Key]) -> list[_Key | None]:
        """Return each line's key, None for one that isn't known; raise where a known one didn't sign this."""
        known = {(key.name, key.id): key for key in keys}
        found = [(known.get((name, key_id)), signature) for name, key_id, signature in self.signatures]
        for key, signature in found:
            key and key.check(self.text, signature)
        return [key for key, _ in found]


def _base64(text: str, least: int, most: int) -> bytes:
    raw = base64.b64decode(text, validate=True)
    _need(base64.b64encode(raw).decode() == text and least <= len(raw) <= most, "its base64 isn't as it should be")
    return raw


def _key(text: Any) -> _Key:
    found = IS_KEY.fullmatch(str(text))
    raw = _base64(found[3], 33, 33) if found else b""
    if not found or raw[0] != 1 or found[2] != sha256(f"{found[1]}\n".encode() + raw).hexdigest()[:8]:
        raise Broken("it isn't a key of the form NAME+ID+KEY, with the id that belongs to the key")
    return _Key(found[0], found[1], bytes.fromhex(found[2]), raw[1:])


def _note(said: Any) -> _Note:
    text, _, lines = str(said).rpartition("\n\n")
    found = [match for line in lines.split("\n") if (match := IS_SIGNATURE.fullmatch(line))]
    whole = text + "\n\n" + "".join(f"{match[0]}\n" for match in found)
    _need(found and whole == said and len(whole.encode()) <= LONGEST_NOTE, "it isn't a signed note")
    signatures = [(match[1], _base64(match[2], 5, LONGEST_NOTE)) for match in found]
    return _Note(text + "\n", [(name, raw[:4], raw[4:]) for name, raw in signatures])


def _checkpoint(said: Any) -> tuple[_Note, str, int, bytes]:
    note = _note(said)
    found = IS_CHECKPOINT.fullmatch(note.text)
    if not found or int(found[2]) > LARGEST_NUMBER:
        raise Broken("it isn't a checkpoint: three lines should say origin, size and root")
    return note, found[1], int(found[2]), _base64(found[3], 32, 32)


class _Member(NamedTuple):
    """A file in the container, a ZIP of which every byte is known beforehand but for names, sizes, checksums, data."""

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
    end = struct.pack("<IQ2H2I4Q", 0x06064B50, 44, 0x032D, 45, 0, 0, count, count, size, offset)
    end += struct.pack("<2IQI", 0x07064B50, 0, offset + size, 1)
    return end + struct.pack("<I4H2IH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)


def _members(file: BinaryIO) -> dict[str, _Member]:
    """Return the files in the bundle, having looked at its end and at its list of files; data is read later."""
    file.seek(max(0, (total := file.seek(0, 2)) - 98))
    tail = file.read(98)
    count, size, offset = struct.unpack("<3Q", tail[32:56]) if len(tail) == 98 else (0, 0, 0)
    whole = offset + size + 98 == total and size <= LARGEST_LIST and tail == _end(count, size, offset)
    _need(whole, "This isn't a whole bundle: it was cut short or added to, or is a file of another kind.")
    file.seek(offset)
    members = _listed(file.read(size), offset)
    names = ", ".join(members)
    good = len(members) == count and re.fullmatch(ORDER, names) and sorted(list(members)[5:-3]) == list(members)[5:-3]
    _need(good, f"The bundle doesn't hold the files that it should, in their order: {names[:400]}.")
    return members


def _listed(raw: bytes, offset: int) -> dict[str, _Member]:
    """Read the list of files; each must begin where the one before ends, and the list itself after the last."""
    members, place, start = {}, 0, 0
    while place < len(raw):
        crc, length = struct.unpack("<I8xH", raw[place + 16 : place + 30].ljust(14))
        name = raw[place + 46 : place + 46 + length].decode("ascii", "replace").replace("\ufffd", "?")
        size = int.from_bytes(raw[place + 50 + length : place + 58 + length], "little")
        member = _Member(name, start, size, crc)
        good = name not in members and raw.startswith(member.central(), place)
        _need(good, f"The bundle's list of files was changed, at {name[:100]}.")
        members[name] = member
        place, start = place + len(member.central()), start + len(member.local()) + size
    _need(start == offset, "The bundle's list of files was changed: it doesn't agree with the bundle's length.")
    return members


class _Walk:
    """One walk through a bundle. A check that fails raises ValueError with the reason; `verdict` adds where it was."""

    def __init__(self, file: BinaryIO, kept: tuple[_Note, str, int, bytes] | None, given: list[_Key]) -> None:
        self.file, self.kept, self.given = file, kept, given
        self.kept_size, self.kept_root = kept[2] if kept else NEVER, b""
        self.keys, self.trusted, self.handed = list[_Key](), list[_Key](), set[_Key]()
        self.due, self.sizes, self.shapes = deque[tuple[int, bytes]](), set[int](), Counter[str]()
        self.files, self.parts, self.usual = list[dict[str, Any]](), list[bytes](), dict[str, re.Pattern[str]]()
        self.size = self.watch = self.agreed = self.shown = self.erased = 0
        self.hidden, self.exported, self.name, self.line, self.raw = (-1, -1), False, "", 0, b""
        self.uids, self.erasures = [bytearray() for _ in range(256)], dict[str, dict[str, int]]()

    def verdict(self) -> Verdict:
        try:
            return self._all()
        except (ValueError, RecursionError) as problem:
            reason = str(problem) if isinstance(problem, Broken) else "it was changed, it isn't legible any more"
        index = self.size if self.line and self.name in {"entries.jsonl", "closing.jsonl"} else None
        where = f"{self.name}, line {self.line}" if self.line else self.name
        if index is not None:
            found = re.findall(rb'"(?:kind|recorded_at|uid)":"([a-z0-9TZ:./_-]{1,80})"', self.raw)[:3]
            where += f" (entry {', '.join([str(index), *map(bytes.decode, found)])})"
        return Verdict(False, reason if reason.endswith(".") else f"{where}: {reason}.", 1, self.name, index)

    def _all(self) -> Verdict:
        self.members = _members(self.file)
        self.records = {name[8:72] for name in self.members if name.startswith("records/")}
        self._other_file("README.txt")
        self._other_file("verify.py")
        self._each_line("keys.jsonl", self._key_line)
        self._check_keys()
        self._each_line("checkpoints.jsonl", self._checkpoint_line)
        self._compare()
        self._each_line("entries.jsonl", self._leaf_line)
        self._after_entries()
        for name in list(self.members)[5:-3]:
            self._other_file(name)
        self._manifest()
        size, shown, self.hidden = self.size, self.shown, (-1, -1)
        self._each_line("closing.jsonl", self._leaf_line)
        return self._held(self._closing_note(), size, shown)

    def _pieces(self, name: str) -> Iterator[bytes]:
        """Yield a file's data line by line; check what stands before it, and its checksum at the end."""
        self.name, self.line, member, crc, digest = name, 0, self.members[name], 0, sha256()
        self.file.seek(member.start)
        _need(self.file.read(len(member.local())) == member.local(), "what stands before it in the bundle was changed")
        left = member.size
        while left and (piece := self.file.readline(min(left, LONGEST_LINE + 1))):
            left -= len(piece)
            crc = zlib.crc32(piece, crc)
            digest.update(piece)
            yield piece
        self.line = 0
        _need(crc == member.crc and not left, "it was changed, its checksum is another")
        self.files.append({"bytes": member.size, "name": name, "sha256": digest.hexdigest()})

    def _read(self, name: str, longest: int) -> str:
        _need(self.members[name].size <= longest, f"{name} is longer than it should be.")
        return b"".join(self._pieces(name)).decode()

    def _each_line(self, name: str, check: Callable[[str], None]) -> None:
        for raw in self._pieces(name):
            self.line, self.raw = self.line + 1, raw
            _need(raw.endswith(b"\n"), "the line doesn't end, or is longer than any should be")
            check(raw[:-1].decode())

    def _key_line(self, text: str) -> None:
        said, before = _object(text, "handover key"), self.keys[-1:]
        key, handed = _key(said["key"]), said["handover"] is not None
        _need(key not in self.keys and key.name == (*before, key)[0].name, "the key came before, or has another name")
        if handed:
            note = _note(said["handover"])
            _need(note.text == f"countersign-handover/1\n{key.name}\n{key.text}\n", "the handover isn't to this key")
            _need(note.signers(before) == before, "the handover isn't signed by the key before it")
            self.handed.add(key)
        self.keys.append(key)

    def _check_keys(self) -> None:
        """Trust the keys given, else those that signed what was kept, else the first; and whom these handed over to."""
        first: list[Any] = self.keys[:1]
        if self.kept:
            first = self.kept[0].signers(self.keys)
            same = any(first) and self.kept[1] == self.keys[0].name
            _need(same, "The kept checkpoint is one of another log: no key in this bundle signed it.")
        for before, key in zip([None, *self.keys], self.keys, strict=False):
            if key in (self.given or first) or (key in self.handed and before in self.trusted):
                self.trusted.append(key)
        _need(self.trusted, "None of the keys that were given stands in this bundle: another key signed it.")

    def _checkpoint_line(self, text: str) -> None:
        said, last = _object(text, "note signed_at"), self.due[-1][0] if self.due else -1
        note, origin, size, root = _checkpoint(said["note"])
        _need(note.signers(self.keys)[0], "its first signature is by none of the keys in keys.jsonl")
        dated = IS_TIME.fullmatch(str(said["signed_at"]))
        _need(dated and origin == self.keys[0].name, "it is one of another log, or its time is none")
        _need(size > last, f"a checkpoint of size {size} can't follow one of size {last}")
        self.due.append((size, root))
        self.sizes.add(size)

    def _leaf_line(self, text: str) -> None:
        if not self._is_shown(text):
            said = _object(text)
            _need(_encode(said.get("index")) == str(self.size), f"here should stand entry {self.size}, not this one")
            _need(said.keys() == {"hash", "height", "index"}, "it was changed, no entry looks like this")
            self._hide(said["height"], said["hash"])
        if self.size >= self.watch:
            self._compare()

    def _is_shown(self, text: str) -> bool:
        """Take a line that shows the entry whose turn it is; False if it is none."""
        found = SHOWN.fullmatch(text) or ERASED.fullmatch(text) or FIRST_VERSION.fullmatch(text)
        said = found.groupdict() if found else {}
        if not found or int(said["index"]) != self.size:
            return False
        (len(said["actor"]) > 15 or len(said["agency"]) > 15) and _object(text)
        salt, payload = said.get("salt"), said.get("payload", "{}")
        if not self.usual.get(said["kind"], NOTHING).fullmatch(payload):
            self._check_payload(said["kind"], payload, DEEPEST - (1 if salt else 2))
        if salt and sha256(bytes.fromhex(salt) + payload.encode()).hexdigest() != said["seal"]:
            raise Broken("its payload was changed: it isn't the one that the entry commits to")
        self._note_entry(said, payload)
        self.records -= {*(QUOTED_HASH.findall(payload) if self.records else ())}
        self._append(0, sha256(b"\0" + said["leaf"].encode()).digest())
        return True

    def _check_payload(self, kind: str, text: str, depth: int) -> None:
        """Look into a payload, unless one of the same shape was already found to be as it should."""
        shape = VALUES.sub(":0", text) if len(text) < LONGEST_NOTE else ""
        if shape not in self.shapes:
            _object(text, depth=depth)
            if len(self.shapes) == OFTEN or not IS_SHAPE.fullmatch(shape):
                return
        self.shapes[shape] += 1
        if self.shapes[shape] == OFTEN:
            self.usual[kind] = re.compile(VALUES.pattern.join(map(re.escape, shape.split(":0"))))

    def _note_entry(self, said: dict[str, str], payload: str) -> None:
        raw = bytes.fromhex(said["uid"].replace("-", ""))
        self.uids[raw[0]] += raw + self.size.to_bytes(8, "big")
        self.shown += 1
        if "by" in said:
            self.erasures.setdefault(said["by"], {})[said["uid"]] = self.size
            self.erased += 1
        elif said["kind"] == ERASING:
            listed = _object(payload).get("entries")
            for uid, index in self.erasures.pop(said["uid"], {}).items():
                _need(type(listed) is list and uid in listed, f"it doesn't list {uid}, erased by it (entry {index})")
        if self.name == "closing.jsonl":
            _need(not self.exported and said["kind"] == EXPORTED and "salt" in said, "it isn't that of this export")
            self.exported = _object(payload).get("manifest_sha256") == self.files[-1]["sha256"]
            _need(self.exported, "the log holds the export of another manifest: it, or what it lists, was changed")

    def _hide(self, height: Any, node: Any) -> None:
        fits = type(height) is int and 0 <= height <= HIGHEST and IS_HASH.fullmatch(str(node))
        _need(fits, "its height or its hash can't be one")
        end, most = self.size + (1 << height), self.due[0][0] if self.due else LARGEST_NUMBER
        _need(end % (1 << height) == 0 and end <= most, f"no hidden range of height {height} can stand here")
        again = self.hidden == (self.size - (1 << height), height) and self.size >> height & 1
        _need(not again, "this hidden range and the one before should be one")
        self.hidden = self.size, height
        self._append(height, bytes.fromhex(node))

    def _append(self, height: int, node: bytes) -> None:
        """Grow the tree of RFC 6962; `parts` are its complete subtrees, one for each bit set in the size."""
        position = self.size >> height
        while position & 1:
            node = sha256(b"\x01" + self.parts.pop() + node).digest()
            position >>= 1
        self.parts.append(node)
        self.size += 1 << height

    def _root(self) -> bytes:
        *rest, node = self.parts or [sha256(b"").digest()]
        for left in reversed(rest):
            node = sha256(b"\x01" + left + node).digest()
        return node

    def _compare(self) -> None:
        """Compare roots where a checkpoint says one; remember at which size to do so next."""
        if self.kept_size == self.size:
            self.kept_root = self._root()
        if self.due and self.due[0][0] == self.size:
            between = f"of the entries {self.agreed} to {self.size - 1} one was changed, left out, put in or moved"
            same = self.due.popleft()[1] == self._root()
            _need(same, f"The checkpoint over {self.size} entries has another root than {self.name}: {between}.")
            self.agreed, self.hidden = self.size, (-1, -1)
        ahead = self.due[0][0] if self.due else NEVER
        self.watch = min(ahead, self.kept_size if self.kept_size > self.size else NEVER)

    def _after_entries(self) -> None:
        _need(not self.due, f"it ends after {self.size} entries, a checkpoint is over {max(self.sizes, default=0)}")
        for by, those in self.erasures.items():
            raise Broken(f"entry {min(those.values())} has no payload, and no later entry {by} erased it")
        _need(not self.records, f"no payload that is shown names records/{min(self.records, default='')}.json")

    def _other_file(self, name: str) -> None:
        deque(self._pieces(name), maxlen=0)
        if name.startswith("records/"):
            _need(self.files[-1]["sha256"] == name[8:72], "it was changed, its hash isn't its name any more")
        if name.startswith("stamps/"):
            _need(int(name[7:-4]) in self.sizes, "no checkpoint in checkpoints.jsonl has this size")

    def _manifest(self) -> None:
        files, text = [*self.files], self._read("manifest.json", LARGEST_LIST)
        said = _object(text[:-1], "agency entries exported_at exported_by files filters format origin size")
        types = [type(said[key]) for key in ("agency", "exported_by", "files", "filters")]
        plain = {*types[:2]} <= {int, type(None)} and types[2:] == [list, dict] and text.endswith("\n")
        _need(plain and IS_TIME.fullmatch(str(said["exported_at"])), "it isn't written as a manifest is")
        for expected, listed in zip(files, said["files"], strict=False):
            _need(_encode(expected) == _encode(listed), f"{expected['name']} isn't as it says: one of them was changed")
        known = (files, self.shown, self.size, FORMAT, self.keys[0].name)
        for key, found in zip(("files", "entries", "size", "format", "origin"), known, strict=True):
            _need(_encode(said[key]) == _encode(found), f"what it says about {key} isn't so in this bundle")

    def _closing_note(self) -> Any:
        _need(self.exported, "the entry about this export isn't in it")
        deque(map(_check_uids, self.uids), maxlen=0)
        note, origin, size, root = _checkpoint(self._read("closing.txt", LONGEST_NOTE))
        key: Any = note.signers(self.keys)[0]
        _need(key and not note.signatures[1:], "it should have one signature, by a key in keys.jsonl")
        _need(origin == self.keys[0].name, f"it is one of another log, {origin}")
        _need(size == self.size, f"it is about {size} entries, but the bundle goes on to {self.size}")
        _need(root == self._root(), f"its root is another, from entry {self.agreed} on one was changed, lost or moved")
        _need(key in self.trusted, f"it is signed by key {key.id.hex()}, to which no trusted key was handed over")
        return key

    def _held(self, key: _Key, size: int, shown: int) -> Verdict:
        said = f"It holds: {shown} of {size} entries are shown, and key {key.id.hex()} of {key.name} signed for all;"
        said += f" {len(self.sizes)} checkpoints agree, and {self.erased} payloads were erased by later entries."
        if self.kept:
            old, new = self.kept_size, self.size
            _need(old <= new, f"The kept checkpoint is over {old} entries, here are {new}: cut back, or an older copy.")
            _need(self.kept_root, f"Size {old} is hidden here: ask for the consistency proof from {old} to {new}.")
            _need(self.kept[3] == self.kept_root, f"The first {old} entries were others when the checkpoint was kept.")
            said += f" Nothing under the kept checkpoint, over {old}, was changed since."
        said += "" if self.given or self.kept else " The key came with the bundle: compare it with the published one."
        facts = {"origin": key.name, "key": key.text, "size": size, "shown": shown, "closing_size": self.size}
        return Verdict(True, said, facts=facts | {"root": self._root().hex(), "erased": self.erased})


def _check_uids(part: bytearray) -> None:
    """Find two entries of one uid; a uid has 16 bytes here, then comes the index in 8."""
    pairs = list(struct.iter_unpack(">16sQ", part))
    first = dict(reversed(pairs))
    for uid, index in pairs if len(first) < len(pairs) else ():
        _need(first[uid] == index, f"the entries {first[uid]} and {index} have one and the same uid")


def main() -> int:
    """Print the verdict; return the exit status."""
    parser = argparse.ArgumentParser(description="Verify a bundle from a Countersign audit log.")
    parser.add_argument("bundle")
    parser.add_argument("--checkpoint", metavar="FILE", help="a checkpoint of the log that you have kept")
    parser.add_argument("--key", action="append", default=[], help="a key that you know, or a file of keys, one a line")
    said = parser.parse_args()
    verdict = verify(said.bundle, said.checkpoint, said.key)
    sys.stdout.buffer.write(verdict.sentence.encode(sys.stdout.encoding, "replace") + b"\n")
    return verdict.status


if __name__ == "__main__":
    sys.exit(main())
