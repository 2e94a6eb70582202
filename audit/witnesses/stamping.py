"""Time stamps (RFC 3161): an authority signs that a checkpoint's note existed at a time.

The stamp is over the SHA-256 of the note as the log signed it, before any witness cosigned. Without
AUDIT_TSA_CERTIFICATES the answer is checked to be about this note and this question; with them, also to be signed by a
time-stamping certificate under one of them.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificates
from django.conf import settings
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from audit.models import Checkpoint, Stamp
from audit.witnesses.configured import Witness
from audit.witnesses.post import Undelivered, post

GRANTED = 0
SHA256_OID = "2.16.840.1.101.3.4.2.1"


class NoCertificates(Exception):
    """The file of trusted certificates is of no use."""


class NoStamp(Exception):
    """An answer is no time stamp on a note that holds; the text says why."""


@dataclass(frozen=True)
class Token:
    """An authority's answer and the time that it says."""

    answer: bytes
    stamped_at: datetime


def stamped(authority: Witness, checkpoint: Checkpoint) -> Token:
    """Return a checked time stamp over the checkpoint's note; Undelivered where the authority gives none that holds."""
    note = checkpoint.note.encode()
    request = TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = post(authority.address, request.as_bytes(), "application/timestamp-query")
    if answer.status != 200:
        raise Undelivered(f"{authority.name} answered with status {answer.status} instead of a time stamp.")
    try:
        return _checked(answer.body, note, request)
    except NoStamp as problem:
        raise Undelivered(f"{authority.name} gave no time stamp that holds: {problem}.") from problem


def kept_token(stamp: Stamp) -> Token:
    """Return the time stamp of a kept row, checked anew; NoStamp where it doesn't hold.

    Web and workers add these rows, so a row alone proves nothing.
    """
    return _checked(bytes(stamp.token), stamp.checkpoint.note.encode())


def _checked(answer: bytes, note: bytes, request: TimeStampRequest | None = None) -> Token:
    """Return an answer as a time stamp on this note; of one that was kept, the request isn't known any more."""
    try:
        response = decode_timestamp_response(answer)
        _check(response, note)
        if request and response.tst_info.nonce != request.nonce:
            raise NoStamp("it answers another request")
        if settings.AUDIT_TSA_CERTIFICATES:
            _check_signature(response, note)
        return Token(answer, response.tst_info.gen_time)
    except (ValueError, OverflowError) as problem:
        raise NoStamp("it isn't written as RFC 3161 says") from problem


def _check(response: TimeStampResponse, note: bytes) -> None:
    """Raise NoStamp unless the answer is a stamp on this note."""
    if response.status != GRANTED:
        said = ", ".join(response.status_string) or f"status {response.status}"
        raise NoStamp(f"it wasn't granted ({said[:200]})")
    imprint = response.tst_info.message_imprint
    if imprint.hash_algorithm.dotted_string != SHA256_OID or imprint.message != hashlib.sha256(note).digest():
        raise NoStamp("it is about something else")


def _check_signature(response: TimeStampResponse, note: bytes) -> None:
    try:
        roots = trusted_certificates(Path(settings.AUDIT_TSA_CERTIFICATES))
        VerifierBuilder(roots=roots).build().verify_message(response, note)
    except NoCertificates as problem:
        raise NoStamp(f"{problem}") from problem
    except VerificationError as problem:
        raise NoStamp("it isn't signed under the certificates in AUDIT_TSA_CERTIFICATES") from problem


def trusted_certificates(file: Path) -> list[Certificate]:
    """Return the certificates of a PEM file; NoCertificates where it holds none or can't be read."""
    try:
        return load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as problem:
        raise NoCertificates(f"AUDIT_TSA_CERTIFICATES names {file}, which holds no certificate to be read") from problem
