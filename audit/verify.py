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
IS_ORDER = re.compile(
    r"README\.txt\nverify\.py\nkeys\.jsonl\ncheckpoints\.jsonl\nentries\.jsonl\n"
    r"(records/[0-9a-f]{64}\.json\n|stamps/(0|[1-9][0-9]{0,15})\.tsr\n)*manifest\.json\nclosing\.jsonl\nclosing\.txt"
)
LONGEST_LINE, LONGEST_NOTE, LARGEST_LIST, PIECE = 1 << 20, 1 << 14, 1 << 26, 1 << 18
DEEPEST, LARGEST_NUMBER, HIGHEST, NEVER = 64, 2**53 - 1, 52, 1 << 60
ERASING, EXPORTED = '"audit:payload:erased/1"', '"audit:export:made/2"'

# The grammar of a line that shows an entry: canonical JSON, these keys, nothing else. Payloads alone are looked into.
PLAIN = r'[^"\\\x00-\x1f]*'
TEXT = rf'"{PLAIN}(?:\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f])){PLAIN})*"'
NUMBER, ID, HASH = "(?:0|[1-9][0-9]{0,15})", "(?:null|0|-?[1-9][0-9]{0,15})", "[0-9a-f]{64}"
TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z"
UID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
INDEX, KIND, PAYLOAD = rf'"index":(?P<index>{NUMBER})', rf'"kind":(?P<kind>{TEXT})', r'"payload":(?P<payload>{.*})'
START = rf'{{"entry":(?P<leaf>{{"actor":(?P<actor>{ID}),"actor_roles":\[(?:{TEXT}(?:,{TEXT})*)?\]'
START += rf',"agency":(?P<agency>{ID})'
NAMES = rf'"purpose":{TEXT},"recorded_at":"{TIME}","request_id":{TEXT},"subject_id":{TEXT},"subject_type":{TEXT}'
NAMES += rf',"uid":"(?P<uid>{UID})"'
SECOND = rf'{START},"case":{TEXT},"commitment":"(?P<commitment>{HASH})",{KIND},{NAMES},"version":2}})'
SHOWN = re.compile(rf'{SECOND},{INDEX},{PAYLOAD},"salt":"(?P<salt>[0-9a-f]{{32}})"}}', re.DOTALL)
ERASED = re.compile(rf'{SECOND},"erased_by":"(?P<by>{UID})",{INDEX}}}')
FIRST_VERSION = re.compile(rf'{START},{KIND},{PAYLOAD},{NAMES},"version":1}}),{INDEX}}}', re.DOTALL)
IS_HASH, IS_TIME, QUOTED_HASH = re.compile(HASH), re.compile(TIME), re.compile(f'"({HASH})"')
NAME, BASE64 = "([!-*,-~]{1,200})", "([0-9A-Za-z+/]+=*)"
IS_KEY, IS_SIGNATURE = re.compile(rf"{NAME}\+([0-9a-f]{{8}})\+{BASE64}"), re.compile(f"\u2014 {NAME} {BASE64}")
IS_CHECKPOINT = re.compile(f"{NAME}\n({NUMBER})\n{BASE64}\n")
DIGITS = bytes.maketrans(b"123456789", b"000000000")
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
    """Why something doesn't hold: a whole sentence, or else its end, to which the place is added."""

    status = 1


class Unusable(Broken):
    """Why something can't be checked at all."""

    status = 2


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
    except (OSError, ValueError) as problem:  # ValueError: a name that no file can have
        return Verdict(False, printable(f"The file can't be read: {problem}."), 2)


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
    if text.count("{") + text.count("[") > depth or not text.isascii() or b"0" * 16 in text.encode().translate(DIGITS):
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


# Notes, checkpoints and keys, as C2SP writes them.


class _Key(NamedTuple):
    text: str
    name: str
    id: bytes
    public: bytes

    def check(self, text: str, signature: bytes) -> None:
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError:
            raise Unusable('Signatures can\'t be checked: install the Python package "cryptography" first.') from None
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            raise Broken(f"the signature of key {self.id.hex()} doesn't hold") from None


class _Note(NamedTuple):
    text: str
    signatures: list[tuple[str, bytes, bytes]]

    def signers(self, keys: Sequence[_Key]) -> list[_Key | None]:
        """Return for each line the key, None for one that isn't known; raise where the signature of one doesn't hold."""
        known = {(key.name, key.id): key for key in keys}
        signers = [known.get((name, key_id)) for name, key_id, _ in self.signatures]
        for key, (_, _, signature) in zip(signers, self.signatures, strict=True):
            if key:
                key.check(self.text, signature)
        return signers


class _Checkpoint(NamedTuple):
    note: _Note
    origin: str
    size: int
    root: bytes


def _base64(text: str, least: int) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text or len(raw) < least:
        raise Broken("its base64 isn't written as it should be")
    return raw


def _key(text: Any) -> _Key:
    found = IS_KEY.fullmatch(str(text))
    raw = _base64(found[3], 33) if found else b""
    if not found or len(raw) != 33 or raw[0] != 1 or found[2] != sha256(f"{found[1]}\n".encode() + raw).hexdigest()[:8]:
        raise Broken("it isn't a key of the form NAME+ID+KEY, with the id that belongs to the key")
    return _Key(found[0], found[1], bytes.fromhex(found[2]), raw[1:])


def _note(said: Any) -> _Note:
    text, gap, lines = str(said).rpartition("\n\n")
    found = [match for line in lines.split("\n") if (match := IS_SIGNATURE.fullmatch(line))]
    if not gap or lines != "".join(f"{match[0]}\n" for match in found) or len(said.encode()) > LONGEST_NOTE:
        raise Broken("it isn't a signed note")
    signatures = [(match[1], _base64(match[2], 5)) for match in found]
    return _Note(text + "\n", [(name, raw[:4], raw[4:]) for name, raw in signatures])


def _checkpoint(said: Any) -> _Checkpoint:
    note = _note(said)
    found = IS_CHECKPOINT.fullmatch(note.text)
    root = _base64(found[3], 32) if found else b""
    if not found or int(found[2]) > LARGEST_NUMBER or len(root) != 32:
        raise Broken("it isn't a checkpoint: three lines should say origin, size and root")
    return _Checkpoint(note, found[1], int(found[2]), root)


def _kept(path: str | Path | None) -> _Checkpoint | None:
    """Read the checkpoint that somebody kept."""
    try:
        return None if path is None else _checkpoint(Path(path).read_text("utf-8"))
    except ValueError:
        raise Unusable(f"{path} isn't a checkpoint: keep it as it was published, to the last letter.") from None


def _keys_in(said: str) -> list[_Key]:
    """Return the key that this is, or the keys in the file that this names."""
    try:
        lines = [said] if IS_KEY.fullmatch(said.strip()) else Path(said).read_text("utf-8").split("\n")
        return [_key(line.strip()) for line in lines if line.strip()]
    except (OSError, ValueError):
        raise Unusable(f"{said[:200]} is neither a key (NAME+ID+KEY) nor a file of keys, one a line.") from None


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
    end = struct.pack("<IQ2H2I4Q", 0x06064B50, 44, 0x032D, 45, 0, 0, count, count, size, offset)
    end += struct.pack("<2IQI", 0x07064B50, 0, offset + size, 1)
    return end + struct.pack("<I4H2IH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)


def _members(file: BinaryIO) -> dict[str, _Member]:
    """Return the files in the bundle, after a look at its end and at its list of files; their own heads come later."""
    total = file.seek(0, 2)
    file.seek(max(0, total - 98))
    tail = file.read(98)
    count, size, offset = struct.unpack("<3Q", tail[32:56]) if len(tail) == 98 else (0, 0, 0)
    if offset + size + 98 != total or size > LARGEST_LIST or tail != _end(count, size, offset):
        raise Broken("This isn't a whole bundle: it was cut short or added to, or is a file of another kind.")
    file.seek(offset)
    members = _listed(file.read(size), offset)
    names = list(members)
    if len(names) != count or not IS_ORDER.fullmatch("\n".join(names)) or names[5:-3] != sorted(names[5:-3]):
        raise Broken(f"The bundle doesn't hold the files that it should, in their order: {', '.join(names)[:400]}.")
    return members


def _listed(raw: bytes, offset: int) -> dict[str, _Member]:
    """Read the list of files; each must begin where the one before ends, and the list itself after the last."""
    members, place, start = {}, 0, 0
    while place < len(raw):
        crc, length = struct.unpack("<I8xH", raw[place + 16 : place + 30].ljust(14))
        name = raw[place + 46 : place + 46 + length].decode("ascii", "replace").replace("\ufffd", "?")
        size = int.from_bytes(raw[place + 50 + length : place + 58 + length], "little")
        members[name] = member = _Member(name, start, size, crc)
        if not raw.startswith(member.central(), place):
            raise Broken(f"The bundle's list of files was changed, at {name[:100] or 'its end'}.")
        place, start = place + len(member.central()), start + len(member.local()) + size
    if start != offset:
        raise Broken("The bundle's list of files was changed: it doesn't agree with the length of the bundle.")
    return members


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


def _repeated(part: bytes) -> tuple[int, int] | None:
    """Return the first index whose uid stood before, and where; a uid has 16 bytes here, an index 8."""
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
        self.tree, self.uids = _Tree(), [bytearray() for _ in range(256)]
        self.watch = self.agreed = self.shown = self.erased = 0
        self.hidden, self.kept_root, self.exported = (-1, -1), b"", False
        self.erasures: dict[str, dict[str, int]] = {}
        self.records = {name[8:72] for name in self.members if name.startswith("records/")}

    def verdict(self) -> Verdict:
        try:
            return self._all()
        except (ValueError, RecursionError) as problem:
            reason = str(problem) if isinstance(problem, Broken) else "it was changed, it isn't legible any more"
            index = self.tree.size if self.line and self.name in {"entries.jsonl", "closing.jsonl"} else None
            who = "" if index is None else f" (entry {index}{_described(self.raw)})"
            where = f"{self.name}, line {self.line}{who}" if self.line else self.name
            sentence = reason if reason.endswith(".") else f"{where}: {reason}."
            return Verdict(
                False, printable(sentence), getattr(problem, "status", 1), self.name, self.line or None, index
            )

    def _all(self) -> Verdict:
        self._skip("README.txt")
        self._skip("verify.py")
        self._each_line("keys.jsonl", self._key_line)
        self._check_keys()
        self._each_line("checkpoints.jsonl", self._checkpoint_line)
        self._compare()
        self._each_line("entries.jsonl", self._leaf_line)
        self._after_entries()
        for name in list(self.members)[5:-3]:
            self._other_file(name)
        self._manifest()
        size, shown, self.hidden = self.tree.size, self.shown, (-1, -1)
        self._each_line("closing.jsonl", self._leaf_line)
        key = self._closing_note()
        self._check_kept()
        return self._held(key, size, shown)

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
        self.name = name
        if self.members[name].size > longest:
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
        said, before = _object(text, "handover key"), self.keys[-1:]
        key, handed = _key(said["key"]), said["handover"] is not None
        if key in self.keys or key.name != (self.keys or [key])[0].name:
            raise Broken("the key stands here twice, or has another name than the first")
        if handed:
            note = _note(said["handover"])
            if note.text != f"countersign-handover/1\n{key.name}\n{key.text}\n" or note.signers(before) != before:
                raise Broken("the handover doesn't name this key, or isn't signed by the one before it")
        if key in self.given or (not self.given and not before) or (handed and before[0] in self.trusted):
            self.trusted.append(key)
        self.keys.append(key)

    def _check_keys(self) -> None:
        if not self.trusted:
            raise Broken("None of the keys that were given stands in this bundle: another key signed it.")
        if self.kept and self.kept.origin != self.keys[0].name:
            raise Broken(f"The kept checkpoint is one of another log, {self.kept.origin}.")
        if self.kept and not any(self.kept.note.signers(self.keys)):
            raise Broken(
                "No key in this bundle signed the kept checkpoint: if that is genuine, the log was written anew."
            )

    def _checkpoint_line(self, text: str) -> None:
        said, last = _object(text, "note signed_at"), self.due[-1][0] if self.due else -1
        checkpoint = _checkpoint(said["note"])
        if not checkpoint.note.signers(self.keys)[0]:
            raise Broken("its first signature is by none of the keys in keys.jsonl")
        if checkpoint.origin != self.keys[0].name or not IS_TIME.fullmatch(str(said["signed_at"])):
            raise Broken("it is one of another log, or its time is none")
        if checkpoint.size <= last:
            raise Broken(f"a checkpoint of size {checkpoint.size} can't follow one of size {last}")
        self.due.append((checkpoint.size, checkpoint.root))
        self.sizes.add(checkpoint.size)

    def _leaf_line(self, text: str) -> None:
        if not self._is_shown(text):
            said, turn = _object(text), self.tree.size
            if type(said.get("index")) is not int or said["index"] != turn:
                raise Broken(f"here it is the turn of entry {turn}: one is missing, repeated or out of its place")
            if said.keys() != {"hash", "height", "index"}:
                raise Broken("it was changed, no entry looks like this")
            self._hide(said["height"], said["hash"])
        if self.tree.size >= self.watch:
            self._compare()

    def _is_shown(self, text: str) -> bool:
        """Take a line that shows the entry whose turn it is; False if it is none."""
        found = SHOWN.fullmatch(text) or ERASED.fullmatch(text) or FIRST_VERSION.fullmatch(text)
        said = found.groupdict() if found else {}
        if not found or int(said["index"]) != self.tree.size:
            return False
        if len(said["actor"]) > 15 or len(said["agency"]) > 15:
            _object(text)
        salt, payload = said.get("salt"), said.get("payload", "{}")
        content = _object(payload, depth=DEEPEST - (1 if salt else 2))
        if salt and sha256(bytes.fromhex(salt) + payload.encode()).hexdigest() != said["commitment"]:
            raise Broken("its payload was changed: it isn't the one that the entry commits to")
        self._note_entry(said, content)
        if self.records:
            self.records.difference_update(QUOTED_HASH.findall(payload))
        self.tree.append(0, sha256(b"\0" + said["leaf"].encode()).digest())
        return True

    def _note_entry(self, said: dict[str, str], content: dict[str, Any]) -> None:
        uid, size = said["uid"], self.tree.size
        raw = bytes.fromhex(uid.replace("-", ""))
        self.uids[raw[0]] += raw + size.to_bytes(8, "big")
        self.shown += 1
        if "by" in said:
            self.erasures.setdefault(said["by"], {})[uid] = size
            self.erased += 1
        elif said["kind"] == ERASING:
            listed = content.get("entries")
            for erased, index in self.erasures.pop(uid, {}).items():
                if not isinstance(listed, list) or erased not in listed:
                    raise Broken(
                        f"it doesn't list entry {index} (uid {erased}), whose payload it is said to have erased"
                    )
        if self.name == "closing.jsonl":
            self._check_export(said, content)

    def _check_export(self, said: dict[str, str], content: dict[str, Any]) -> None:
        if self.exported or said["kind"] != EXPORTED or "salt" not in said:
            raise Broken("only the entry about this export, with its payload, may be shown here")
        if content.get("manifest_sha256") != self.files[-1]["sha256"]:
            raise Broken("the log holds the export of another manifest: the manifest, or what it lists, was changed")
        self.exported = True

    def _hide(self, height: Any, node: Any) -> None:
        size = self.tree.size
        if type(height) is not int or not 0 <= height <= HIGHEST or not IS_HASH.fullmatch(str(node)):
            raise Broken("its height or its hash can't be one")
        if size % (1 << height) or size + (1 << height) > (self.due[0][0] if self.due else LARGEST_NUMBER):
            raise Broken(f"a hidden range of height {height} can't begin here")
        if self.hidden == (size - (1 << height), height) and size >> height & 1:
            raise Broken("this hidden range and the one before should be one")
        self.hidden = size, height
        self.tree.append(height, bytes.fromhex(node))

    def _compare(self) -> None:
        """Compare roots where a checkpoint says one; remember at which size to do so next."""
        size, kept = self.tree.size, self.kept.size if self.kept else NEVER
        if kept == size:
            self.kept_root = self.tree.root()
        if self.due and self.due[0][0] == size:
            if self.due.popleft()[1] != self.tree.root():
                raise Broken(f"The checkpoint over {size} entries has another root than {self.name}: of the entries"
                             f" {self.agreed} to {size - 1} one was changed, left out, put in or moved.")  # fmt: skip
            self.agreed, self.hidden = size, (-1, -1)
        ahead = (kept, self.due[0][0] if self.due else NEVER)
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
        said = _object(text[:-1], "agency entries exported_at exported_by files filters format origin size")
        types = [type(said[key]) for key in ("agency", "exported_by", "files", "filters")]
        if not text.endswith("\n") or not {*types[:2]} <= {int, type(None)} or types[2:] != [list, dict]:
            raise Broken("it isn't written as a manifest is")
        if not IS_TIME.fullmatch(str(said["exported_at"])):
            raise Broken("its time is none")
        for expected, listed in zip(files, said["files"], strict=False):
            if _encode(expected) != _encode(listed):
                raise Broken(f"{expected['name']} isn't as it says: that file was changed, or the manifest was")
        counts = {"files": files, "entries": self.shown, "size": self.tree.size}
        for key, found in (counts | {"format": FORMAT, "origin": self.keys[0].name}).items():
            if _encode(said[key]) != _encode(found):
                raise Broken(f"what it says about {key} isn't so in this bundle")

    def _closing_note(self) -> _Key:
        if not self.exported:
            raise Broken("the entry about this export isn't in it")
        if twice := min(filter(None, map(_repeated, self.uids)), default=None):
            raise Broken(f"entries {twice[1]} and {twice[0]} have one and the same uid")
        closing = _checkpoint(self._read("closing.txt", LONGEST_NOTE))
        key, *more = closing.note.signers(self.keys)
        if not key or more:
            raise Broken("it should have one signature, by a key in keys.jsonl")
        if (closing.origin, closing.size) != (self.keys[0].name, self.tree.size):
            raise Broken(f"it is about {closing.size} entries of {closing.origin}, and here are {self.tree.size}")
        if closing.root != self.tree.root():
            raise Broken(
                f"its root is another: of the entries from {self.agreed} on, one was changed, left out or moved"
            )
        if key not in self.trusted:
            raise Broken(f"it is signed by key {key.id.hex()}, to which no trusted key was handed over")
        return key

    def _check_kept(self) -> None:
        size, total = self.kept.size if self.kept else 0, self.tree.size
        if size > total:
            raise Broken(f"The kept checkpoint is over {size} entries, and this bundle ends at {total}: the log was cut"
                         " back, or this is an older copy.")  # fmt: skip
        if self.kept and not self.kept_root:
            raise Broken("This bundle can't be compared with the kept checkpoint: ask for the consistency proof from size"
                         f" {size} to size {total}, or for a bundle with that checkpoint.")  # fmt: skip
        if self.kept and self.kept.root != self.kept_root:
            raise Broken(f"The first {size} entries aren't those of the kept checkpoint: the log was changed since.")

    def _held(self, key: _Key, size: int, shown: int) -> Verdict:
        said = f"It holds: {shown} of {size} entries are shown, and key {key.id.hex()} of {key.name} signed for all of them;"
        said += f" {len(self.sizes)} checkpoints agree, and {self.erased} payloads were erased by later entries."
        if self.kept:
            said += f" Nothing under the kept checkpoint, of size {self.kept.size}, was changed since."
        if not self.given:
            said += " The key came with the bundle: compare it with the one that was published."
        facts = {"origin": key.name, "size": size, "shown": shown, "erased": self.erased, "checkpoints": len(self.sizes),
                 "closing_size": self.tree.size, "root": self.tree.root().hex(), "key": key.text}  # fmt: skip
        return Verdict(True, said, facts=facts)


def _described(raw: bytes) -> str:
    """Return kind, time and uid of an entry as far as its line still shows them."""
    kind, uid = re.search(rb'"kind":"([a-z:_/0-9-]{1,80})"', raw), re.search(rb'"uid":"([0-9a-f-]{36})"', raw)
    time = re.search(rb'"recorded_at":"([0-9-]{10})T([0-9:]{5})', raw)
    told = [kind and kind[1], time and time[1] + b" " + time[2] + b" UTC", uid and b"uid " + uid[1]]
    return "".join(f", {part.decode()}" for part in told if part)


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
