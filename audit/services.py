"""What writes to the log."""

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
from audit.models import Entry
from audit.tree import leaf_hash

ENTRY_VERSION = 1
LONGEST_ENTRY = 64 * 1024
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

    actor None is Countersign itself; without an agency the entry belongs to the actor's. It takes no lock:
    the order of entries is given afterwards.
    """
    if not connection.in_atomic_block:
        raise NotInTransaction(f"{kind} needs the transaction of what it records: put transaction.atomic() around both")
    subject_type, subject_id = _reference(subject)
    columns = {
        "uid": uuid.uuid4(),
        "kind": kind_named(kind).name,
        "recorded_at": timezone.now(),
        "actor_id": actor.pk if actor else None,
        "agency_id": agency.pk if agency else actor.agency_id if actor else None,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "purpose": str(purpose),
        "request_id": context.request_id.get(),
    }
    canonical = _canonical(columns, actor, kind_named(kind).checked(payload))
    if len(canonical) > LONGEST_ENTRY:
        raise ValueError(f"{kind} would take {len(canonical)} bytes: record a hash of what is long")
    return Entry.objects.create(**columns, canonical=canonical.decode(), leaf_hash=leaf_hash(canonical))


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


def written_time(moment: datetime) -> str:
    """Return how a time is written in an entry: UTC, to the microsecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _reference(subject: models.Model | None) -> tuple[str, str]:
    if subject is None:
        return "", ""
    if subject.pk is None:
        raise ValueError(f"{subject._meta.label} is not saved yet, so nothing can refer to it")
    return subject._meta.label_lower, str(subject.pk)


def _canonical(columns: Mapping[str, Any], actor: User | None, payload: Mapping[str, Any]) -> bytes:
    """Return the RFC 8785 JSON of an entry. The roles are those that the actor holds at this moment."""
    return rfc8785.dumps(
        {
            "actor": columns["actor_id"],
            "actor_roles": sorted(actor.roles) if actor else [],
            "agency": columns["agency_id"],
            "kind": columns["kind"],
            "payload": payload,
            "purpose": columns["purpose"],
            "recorded_at": written_time(columns["recorded_at"]),
            "request_id": columns["request_id"],
            "subject_id": columns["subject_id"],
            "subject_type": columns["subject_type"],
            "uid": str(columns["uid"]),
            "version": ENTRY_VERSION,
        }
    )
