"""What writes to the log."""

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import rfc8785
from django.db import connection, models, transaction
from django.utils import timezone

from accounts.models import Agency, User
from audit import context
from audit.kinds import kind_named
from audit.models import Entry, Payload
from audit.payload_rules import LONGEST_PAYLOAD, SALT_BYTES
from audit.subjects import case_of
from audit.tree import leaf_hash

ENTRY_VERSION = 2
# One statement for both rows: what is recorded waits for one journey to the database, not for two.
INSERT = """
WITH entry AS (
    INSERT INTO audit_entry (uid, kind, recorded_at, actor_id, agency_id, subject_type, subject_id, case_id, purpose,
                             request_id, canonical, leaf_hash)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
)
INSERT INTO audit_payload (entry_id, content, salt) SELECT id, %s, %s FROM entry RETURNING entry_id
"""
NOTHING: Mapping[str, Any] = MappingProxyType({})


class NotInTransaction(RuntimeError):
    """An entry was to be written outside the transaction of what it records."""


def record(
    *,
    kind: str,
    actor: User | None,
    subject: models.Model | None,
    agency: Agency | None = None,
    purpose: str = "",
    payload: Mapping[str, Any] = NOTHING,
) -> Entry:
    """Add one entry in the caller's transaction: what happened and its entry both stand, or neither.

    The actor is who acts, signed in, at this moment. What a worker writes has none, whoever it works for: their roles
    may be others by then, and what they asked for has an entry of its own. Nor has what an operator types at the
    command line, whom nobody knows: it says so in its payload, where the kind has the key `at`. Without an agency the
    entry belongs to the actor's. It takes no lock: the order of entries is given afterwards.
    """
    if not connection.in_atomic_block:
        raise NotInTransaction(f"{kind} needs the transaction of what it records: put transaction.atomic() around both")
    said = kind_named(kind).checked({**payload, **_surroundings(kind, actor)})
    content, salt = rfc8785.dumps(said), secrets.token_bytes(SALT_BYTES)
    subject_type, subject_id = _reference(subject)
    columns = {
        "uid": uuid.uuid4(),
        "kind": kind_named(kind).name,
        "recorded_at": timezone.now(),
        "actor_id": actor.pk if actor else None,
        "agency_id": agency.pk if agency else actor.agency_id if actor else None,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "case": case_of(subject, said),
        "purpose": str(purpose),
        "request_id": context.request_id.get(),
    }
    if len(content) > LONGEST_PAYLOAD:
        raise ValueError(f"{kind} would take {len(content)} bytes: record a hash of what is long")
    canonical = _canonical(columns, actor, commitment(salt, content))
    entry = Entry(**columns, canonical=canonical.decode(), leaf_hash=leaf_hash(canonical))
    said_beside = Payload(content=content.decode(), salt=salt)
    entry.pk = said_beside.pk = _inserted(entry, said_beside)
    entry.said = said_beside
    return entry


@transaction.atomic
def record_alone(
    *,
    kind: str,
    actor: User | None,
    subject: models.Model | None,
    agency: Agency | None = None,
    purpose: str = "",
    payload: Mapping[str, Any] = NOTHING,
) -> Entry:
    """Add an entry about something that writes nothing else: a page looked at, a sign-in refused."""
    return record(kind=kind, actor=actor, subject=subject, agency=agency, purpose=purpose, payload=payload)


def _surroundings(kind: str, actor: User | None) -> dict[str, str]:
    """Return what tells the operator's doing from the program's own, of kinds that may be either."""
    at = context.at.get()
    return {"at": at} if at and actor is None and "at" in kind_named(kind).optional_keys else {}


def _inserted(entry: Entry, said: Payload) -> int:
    values: list[Any] = [
        entry.uid, entry.kind, entry.recorded_at, entry.actor_id, entry.agency_id, entry.subject_type, entry.subject_id,
        entry.case, entry.purpose, entry.request_id, entry.canonical, entry.leaf_hash, said.content, said.salt,
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
        return int(cursor.fetchone()[0])


def written_time(moment: datetime) -> str:
    """Return how a time is written in an entry: UTC, to the microsecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _reference(subject: models.Model | None) -> tuple[str, str]:
    if subject is None:
        return "", ""
    if subject.pk is None:
        raise ValueError(f"{subject._meta.label} is not saved yet, so nothing can refer to it")
    return subject._meta.label_lower, str(subject.pk)


def commitment(salt: bytes, content: bytes) -> str:
    """Return what a leaf says of its payload: it binds the payload and, the salt once gone, tells nothing of it."""
    return hashlib.sha256(salt + content).hexdigest()


def _canonical(columns: Mapping[str, Any], actor: User | None, committed: str) -> bytes:
    """Return the RFC 8785 JSON of a leaf. The roles are those that the actor holds at this moment."""
    return rfc8785.dumps(
        {
            "actor": columns["actor_id"],
            "actor_roles": sorted(actor.roles) if actor else [],
            "agency": columns["agency_id"],
            "case": columns["case"],
            "commitment": committed,
            "kind": columns["kind"],
            "purpose": columns["purpose"],
            "recorded_at": written_time(columns["recorded_at"]),
            "request_id": columns["request_id"],
            "subject_id": columns["subject_id"],
            "subject_type": columns["subject_type"],
            "uid": str(columns["uid"]),
            "version": ENTRY_VERSION,
        }
    )
