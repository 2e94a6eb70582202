"""Signed notes and checkpoints in the form of C2SP (signed-note, tlog-checkpoint), with Ed25519.

A note is a text that ends in a newline, an empty line, and a line for each signature. A checkpoint is a note whose
text says: the log's origin, how many entries it holds, and the root of the tree over them. No Django in here.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
# A witness's cosignature carries the time at which it was made (C2SP tlog-cosignature).
COSIGNATURE = b"\x04"
DASH = "\u2014 "
HANDOVER = "countersign-handover/1"
KEY_ID_BYTES = 4
LONGEST_NOTE = 16 * 1024


class BadNote(ValueError):
    """A text that isn't a note, a checkpoint or a key, or whose signature doesn't hold."""


@dataclass(frozen=True)
class VerifierKey:
    """The public half of a key with its name; `str()` gives its vkey."""

    name: str
    public: bytes
    algorithm: bytes = ED25519

    @classmethod
    def parsed(cls, text: str) -> "VerifierKey":
        """Read a vkey: name, key id and public key, joined by plus signs."""
        name, *rest = text.strip().split("+", 2)
        try:
            said, encoded = rest
            raw = _decoded(encoded)
        except ValueError:
            raise BadNote(f"{text[:80]!r} is no vkey: it should read NAME+ID+KEY") from None
        key = cls(_checked_name(name), raw[1:], raw[:1])
        if key.algorithm not in (ED25519, COSIGNATURE) or len(key.public) != 32 or said != key.id.hex():
            raise BadNote(f"{text[:80]!r} is no vkey of an Ed25519 key: its id and its key don't agree")
        return key

    @property
    def id(self) -> bytes:
        """Return the four bytes by which signatures name this key."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.algorithm + self.public).digest()[:KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_encoded(self.algorithm + self.public)}"

    def verify(self, text: str, signature: bytes) -> int | None:
        """Raise BadNote unless this key signed the text; return the time of a cosignature, in seconds."""
        said, time = text.encode(), None
        if self.algorithm == COSIGNATURE:
            time = int.from_bytes(signature[:8], "big")
            said, signature = b"cosignature/v1\ntime %d\n" % time + said, signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, said)
        except InvalidSignature:
            raise BadNote(f"The signature of {self.name} ({self.id.hex()}) doesn't hold") from None
        return time


@dataclass(frozen=True)
class Signature:
    """One signature line."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        """Return the line, with its newline."""
        return f"{DASH}{self.name} {_encoded(self.key_id + self.value)}\n"


@dataclass(frozen=True)
class Note:
    """A text and its signatures; `str()` gives it as it is published."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parsed(cls, note: str) -> "Note":
        """Read a note; base64 that could be written in another way is refused."""
        text, gap, lines = note.rpartition("\n\n")
        if not gap or not lines.endswith("\n") or len(note) > LONGEST_NOTE:
            raise BadNote("This is no signed note: an empty line and signature lines should end it")
        return cls(text + "\n", tuple(_signature(line) for line in lines[:-1].split("\n")))

    def __str__(self) -> str:
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)

    def signed_by(self, key: VerifierKey) -> int | None:
        """Raise BadNote unless the key signed this; return the time of a cosignature."""
        for signature in self.signatures:
            if (signature.name, signature.key_id) == (key.name, key.id):
                return key.verify(self.text, signature.value)
        raise BadNote(f"The note carries no signature of {key.name} ({key.id.hex()})")


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint says: whose log, how many entries, their root."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def parsed(cls, text: str) -> "Checkpoint":
        """Read the text of a checkpoint."""
        origin, *rest = text.split("\n")
        if len(rest) != 3 or rest[2] or not _is_decimal(rest[0]):
            raise BadNote("This is no checkpoint: three lines should say origin, size and root")
        checkpoint = cls(_checked_name(origin), int(rest[0]), _decoded(rest[1]))
        if len(checkpoint.root) != 32:
            raise BadNote("The root in this checkpoint isn't one of 32 bytes")
        return checkpoint

    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{_encoded(self.root)}\n"


class Signer:
    """A private key with its name."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self.key = VerifierKey(_checked_name(name), private.public_key().public_bytes_raw())
        self._private = private

    def sign(self, text: str) -> Note:
        """Return the text as a note with this key's signature."""
        signature = Signature(self.key.name, self.key.id, self._private.sign(text.encode()))
        return Note(text, (signature,))


def handover_text(old: VerifierKey, new: VerifierKey) -> str:
    """Return what a key signs to make another its successor."""
    return f"{HANDOVER}\n{old.name}\n{new}\n"


def _signature(line: str) -> Signature:
    name, gap, encoded = line.removeprefix(DASH).partition(" ")
    raw = _decoded(encoded)
    if not line.startswith(DASH) or not gap or len(raw) <= KEY_ID_BYTES:
        raise BadNote("A signature line should read: dash, name, signature")
    return Signature(_checked_name(name), raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:])


def _checked_name(name: str) -> str:
    if not name or "+" in name or not name.isprintable() or any(letter.isspace() for letter in name):
        raise BadNote(f"{name[:80]!r} can't be the name of a key: no spaces, no plus signs, not empty")
    return name


def _is_decimal(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19 and (text == "0" or not text.startswith("0"))


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decoded(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote(f"{text[:80]!r} isn't base64") from None
    if _encoded(raw) != text:
        raise BadNote(f"{text[:80]!r} isn't written as base64 should be")
    return raw
