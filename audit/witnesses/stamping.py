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

from audit.models import Checkpoint
from audit.witnesses.configured import Witness
from audit.witnesses.post import Undelivered, post

GRANTED = 0
SHA256_OID = "2.16.840.1.101.3.4.2.1"


class NoCertificates(Exception):
    """The file of trusted certificates is of no use."""


class _DoesNotHold(Exception):
    """A time stamp isn't one on this note; the text says why."""


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
        response = decode_timestamp_response(answer.body)
        _check(response, request, note)
        return Token(answer.body, response.tst_info.gen_time)
    except _DoesNotHold as problem:
        raise Undelivered(f"{authority.name} gave no time stamp that holds: {problem}.") from problem
    except (ValueError, OverflowError) as problem:
        raise Undelivered(f"{authority.name} gave an answer that isn't written as RFC 3161 says.") from problem


def _check(response: TimeStampResponse, request: TimeStampRequest, note: bytes) -> None:
    """Raise _DoesNotHold unless the answer is a stamp on this note, given for this request."""
    if response.status != GRANTED:
        said = ", ".join(response.status_string) or f"status {response.status}"
        raise _DoesNotHold(f"it wasn't granted ({said[:200]})")
    imprint = response.tst_info.message_imprint
    if imprint.hash_algorithm.dotted_string != SHA256_OID or imprint.message != hashlib.sha256(note).digest():
        raise _DoesNotHold("it is about something else")
    if response.tst_info.nonce != request.nonce:
        raise _DoesNotHold("it answers another request")
    if settings.AUDIT_TSA_CERTIFICATES:
        _check_signature(response, request, note)


def _check_signature(response: TimeStampResponse, request: TimeStampRequest, note: bytes) -> None:
    builder = VerifierBuilder.from_request(request)
    try:
        for certificate in trusted_certificates(Path(settings.AUDIT_TSA_CERTIFICATES)):
            builder = builder.add_root_certificate(certificate)
        builder.build().verify_message(response, note)
    except NoCertificates as problem:
        raise _DoesNotHold(str(problem)) from problem
    except VerificationError as problem:
        raise _DoesNotHold("it isn't signed under the certificates in AUDIT_TSA_CERTIFICATES") from problem


def trusted_certificates(file: Path) -> list[Certificate]:
    """Return the certificates of a PEM file; NoCertificates where it holds none or can't be read."""
    try:
        return load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as problem:
        raise NoCertificates(f"AUDIT_TSA_CERTIFICATES names {file}, which holds no certificate to be read") from problem
