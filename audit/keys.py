"""The key that signs checkpoints: a file outside the database, of which the database knows the public half.

It is made when the sequencer first runs, and replaced by command: the old key signs a note that makes the new one its
successor, and the log says so. What an old key signed stays verifiable.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from audit.key_rules import KEY_LOCK
from audit.models import SigningKey
from audit.notes import Signer, VerifierKey, handover_text
from audit.services import record

BRING_IT_BACK = (
    "put the log's key in its place; if that is lost, take the file away and run `manage.py audit rotate-key --lost`,"
    " which every verifier will be told."
)
TAKE_IT_AWAY = "take the file away; this log has no key yet, and the sequencer makes one."


class KeyProblem(Exception):
    """The signing key can't be used; the text says why and what to do."""


def ensure_key() -> SigningKey:
    """Return the key in use; make one where the log has none."""
    with _alone():
        known = _newest()
        return known or _register(_signer_at(_key_file()) or _written(_key_file()), handover="")


def load_signer() -> tuple[SigningKey, Signer]:
    """Return the key in use with its private half; KeyProblem where the file doesn't hold it."""
    known = _newest()
    if known is None:
        raise KeyProblem("This log has no signing key yet: run the sequencer, which makes one.")
    _check_name()
    if signer := _signer_of(known):
        return known, signer
    if _newest() != known:  # it was replaced while we looked for it
        return load_signer()
    raise KeyProblem(
        f"{_key_file()} doesn't hold the key that this log is signed with ({key_id(known)}): bring it back, or run"
        " `manage.py audit rotate-key --lost`, which every verifier will be told."
    )


def _newest() -> SigningKey | None:
    return SigningKey.objects.order_by("id").last()


def _signer_of(known: SigningKey) -> Signer | None:
    """Return the private half of a key, which is in its place afterwards; None where no file holds it."""
    # The first is looked at again: who ends a rotation meanwhile moves the second into its place.
    for file in (_key_file(), _next_file(), _key_file()):
        signer = _signer_at(file)
        if signer is not None and str(signer.key) == known.vkey:
            if file != _key_file():  # a rotation ends here, or one that was interrupted
                _put_in_place(known)
            return signer
    return None


def _put_in_place(known: SigningKey) -> None:
    """End a rotation; alone, or another's next key, which may never be used, could be put over the one in use."""
    with _alone():
        signer = _signer_at(_next_file())
        if signer is not None and str(signer.key) == known.vkey:
            _next_file().replace(_key_file())
            sync_folder(_key_file())


def rotate_key(*, lost: bool = False) -> SigningKey:
    """Replace the signing key; the old one hands over unless it is lost. The change itself is in the log."""
    with _alone():
        old = _newest()
        if old is None:
            raise KeyProblem("This log has no signing key yet: run the sequencer, which makes one.")
        _check_name()
        handing_over = _hands_over(lost=lost)
        signer = _written(_next_file())
        text = handover_text(VerifierKey.parsed(old.vkey), signer.key)
        key = _register(signer, handover=str(handing_over.sign(text)) if handing_over else "", replaces=old)
    load_signer()
    return key


def _check_name() -> None:
    """A log keeps its name: a bundle in which a key has another one never verifies, whoever handed over."""
    name = verifier_keys()[0].name
    if name != settings.AUDIT_ORIGIN:
        raise KeyProblem(
            f"AUDIT_ORIGIN was {name} when this log began and is {settings.AUDIT_ORIGIN} now: set it back and start"
            " the sequencer again, for under another name nothing that was signed could be verified."
        )


def _hands_over(*, lost: bool) -> Signer | None:
    """Return the key in use, having ended a rotation that was interrupted: what it left is not overwritten."""
    try:
        signer = load_signer()[1]
    except KeyProblem:
        if lost:
            return None
        raise
    if lost:
        raise KeyProblem(f"The key isn't lost: {_key_file()} holds it. Rotate without --lost, so that it hands over.")
    return signer


def verifier_keys() -> list[VerifierKey]:
    """Return the public keys of this log, the oldest first."""
    return [VerifierKey.parsed(vkey) for vkey in SigningKey.objects.order_by("id").values_list("vkey", flat=True)]


def key_id(key: SigningKey) -> str:
    """Return the eight digits by which people tell keys apart."""
    return VerifierKey.parsed(key.vkey).id.hex()


@contextmanager
def _alone() -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [KEY_LOCK])
        yield


def _key_file() -> Path:
    return Path(settings.AUDIT_KEY_FILE)


def _next_file() -> Path:
    return _key_file().with_name(_key_file().name + ".next")


def _register(signer: Signer, *, handover: str, replaces: SigningKey | None = None) -> SigningKey:
    key = SigningKey.objects.create(vkey=str(signer.key), handover=handover, made_at=timezone.now())
    said: dict[str, Any] = {"key_id": key_id(key), "vkey": key.vkey}
    if replaces is None:
        record(kind="audit:key:made/1", actor=None, subject=key, payload=said)
    else:
        said |= {"replaces": key_id(replaces), "handed_over": bool(handover)}
        record(kind="audit:key:rotated/1", actor=None, subject=key, payload=said)
    return key


def _signer_at(file: Path) -> Signer | None:
    try:
        private = load_pem_private_key(file.read_bytes(), password=None)
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise KeyProblem(
            f"The signing key can't be read from {file} ({problem.strerror}): let the sequencer read it."
        ) from problem
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:  # TypeError: it asks for a password
        raise KeyProblem(f"{file} holds no key that can be read: {_what_to_do()}") from problem
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyProblem(f"{file} holds a key that isn't an Ed25519 key: {_what_to_do()}")
    return Signer(settings.AUDIT_ORIGIN, private)


def _what_to_do() -> str:
    return BRING_IT_BACK if _newest() else TAKE_IT_AWAY


def _written(file: Path) -> Signer:
    """Make a key and write it for nobody else's eyes, safely on disk before it is used."""
    private = Ed25519PrivateKey.generate()
    write_safely(file, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Signer(settings.AUDIT_ORIGIN, private)


def write_safely(file: Path, content: bytes) -> None:
    """Write a file for nobody else's eyes; who finds it, also after a loss of power, finds all of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)
    sync_folder(file)


def cant_write(problem: OSError) -> str:
    """Say that the key or what is kept beside it can't be written, and what to do."""
    return (
        f"Nothing can be signed while a file of the signer can't be written ({problem}): see to it that the sequencer"
        f" may write in {_key_file().parent} and that the disk isn't full."
    )


def sync_folder(file: Path) -> None:
    """See to it that the name of a file is on the disk."""
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
