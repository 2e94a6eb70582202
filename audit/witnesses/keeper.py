"""What a witness of other logs keeps, and when it cosigns: the checking half of `audit.witnesses.serve`.

Of each log it holds the last checkpoint, on disk before it answers, and cosigns no other that doesn't continue it. What
the log's own key signed and doesn't continue it is kept in the folder `refused`: that is the proof against the log.
Only the standard library, `cryptography`, audit/notes.py and audit/tree.py are needed.
"""

import base64
import fcntl
import hashlib
import os
import threading
import time
from pathlib import Path
from typing import IO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.notes import COSIGNATURE, BadNote, Checkpoint, Note, Signature, VerifierKey
from audit.tree import consistent, root_of

MOST_STEPS = 63
MOST_REFUSED = 100
TEXT, SIZE = "text/plain; charset=utf-8", "text/x.tlog.size"


class Refused(Exception):
    """An answer that isn't a cosignature."""

    def __init__(self, status: int, said: str, media_type: str = TEXT) -> None:
        super().__init__(said)
        self.status, self.media_type = status, media_type


class Keeper:
    """What a witness knows: its key, the keys of the logs it watches, and the last checkpoint of each."""

    def __init__(self, name: str, folder: Path, logs: list[VerifierKey]) -> None:
        self.folder, self.logs, self._lock = folder, logs, threading.Lock()
        (folder / "refused").mkdir(parents=True, exist_ok=True)
        self._alone = _held_alone(folder / "lock")
        if not (folder / "key").exists():
            _write(folder / "key", Ed25519PrivateKey.generate().private_bytes_raw().hex())
        self._private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex((folder / "key").read_text("utf-8")))
        key = VerifierKey(name, self._private.public_key().public_bytes_raw(), COSIGNATURE)
        self.key = VerifierKey.parsed(str(key))

    def close(self) -> None:
        """Let another process have the folder."""
        self._alone.close()

    def file_of(self, origin: str) -> Path:
        """Return where the last checkpoint of a log is kept."""
        return self.folder / f"{hashlib.sha256(origin.encode()).hexdigest()}.note"

    def add_checkpoint(self, request: str) -> str:
        """Return the cosignature of a checkpoint that continues the one held; Refused for any other."""
        try:
            old, proof, note = _request(request)
            said = Checkpoint.parsed(note.text)
        except (BadNote, ValueError) as problem:
            raise Refused(400, f"{problem}") from problem
        self._check_signature(note, said)
        with self._lock:
            self._check_growth(note, said, old, proof)
            signature = self._cosignature(note.text)
            _write(self.file_of(said.origin), f"{note}{signature}")
        return signature

    def _check_signature(self, note: Note, said: Checkpoint) -> None:
        keys = [key for key in self.logs if key.name == said.origin]
        if not keys:
            raise Refused(404, "This witness doesn't watch that log.")
        for key in keys:
            try:
                note.signed_by(key)
            except BadNote:
                continue
            return
        raise Refused(403, "No key that this witness knows signed the checkpoint.")

    def _check_growth(self, note: Note, said: Checkpoint, old: int, proof: list[bytes]) -> None:
        size, root = self._held(said.origin)
        if old > said.size:
            raise Refused(400, "The old size is larger than the checkpoint's.")
        if old != size:
            raise Refused(409, f"{size}\n", SIZE)
        if size == said.size and root != said.root:
            self._keep_as_proof(note)
            raise Refused(409, f"{size}\n", SIZE)
        if not (consistent(size, said.size, proof, root, said.root) if size else not proof):
            self._keep_as_proof(note)
            raise Refused(422, "The proof doesn't lead from the checkpoint that this witness holds.")

    def _held(self, origin: str) -> tuple[int, bytes]:
        file = self.file_of(origin)
        if not file.exists():
            return 0, root_of(())
        held = Checkpoint.parsed(Note.parsed(file.read_text("utf-8")).text)
        return held.size, held.root

    def _keep_as_proof(self, note: Note) -> None:
        kept = self.folder / "refused"
        if len(list(kept.iterdir())) < MOST_REFUSED:
            _write(kept / f"{hashlib.sha256(str(note).encode()).hexdigest()}.note", str(note))

    def _cosignature(self, text: str) -> str:
        now = int(time.time())
        signed = self._private.sign(b"cosignature/v1\ntime %d\n" % now + text.encode())
        return Signature(self.key.name, self.key.id, now.to_bytes(8, "big") + signed).line()


def _request(body: str) -> tuple[int, list[bytes], Note]:
    head, gap, note = body.partition("\n\n")
    first, *steps = head.split("\n")
    old = first.removeprefix("old ")
    if not gap or old == first or not (old.isascii() and old.isdigit()) or str(int(old[:18])) != old:
        raise ValueError("A request is: old SIZE, a line for each step of the proof, an empty line, the checkpoint.")
    if len(steps) > MOST_STEPS:
        raise ValueError(f"A proof has at most {MOST_STEPS} steps.")
    return int(old), [base64.b64decode(step, validate=True) for step in steps], Note.parsed(note)


def _held_alone(file: Path) -> IO[str]:
    """Return the file, locked until it is closed; BlockingIOError where another process has it."""
    opened = file.open("w")
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        opened.close()
        raise
    return opened


def _write(file: Path, text: str) -> None:
    """Write a file for nobody else's eyes, whole or not at all, on disk before this returns."""
    beside = file.with_name(file.name + ".new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
