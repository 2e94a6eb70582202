"""Rows and files for the tests of the audit log."""

from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, transaction

from accounts.models import User
from audit.kinds import KINDS
from audit.models import Entry, Payload, Verification
from audit.services import record
from audit.verification import ask_for_verification, claim, go_on
from identification.models import Case
from tests.sequencing import sequenced

LONG_NAME = "Олександра-Марія Володимирівна Перебийніс-Кропивницька-Зозуляк"


def payload_for(name: str) -> dict[str, Any]:
    """Return a payload with every key that this kind may have."""
    kind = KINDS[name]
    return {key: kind.shape(key).example for key in kind.payload_keys | kind.optional_keys}


def write_entries(actor: User, number: int) -> list[Entry]:
    """Write entries of every kind in turn."""
    names = sorted(KINDS)
    with transaction.atomic():
        return [
            record(kind=names[i % len(names)], actor=actor, subject=actor, payload=payload_for(names[i % len(names)]))
            for i in range(number)
        ]


def write_viewed(actor: User) -> Entry:
    """Write an entry that can be erased: somebody looked at something, in a variant."""
    with transaction.atomic():
        return record(
            kind="identification:photograph:viewed/1", actor=actor, subject=actor, payload={"variant": "crop"}
        )


def entry_about(case: Case, actor: User) -> Entry:
    with transaction.atomic():
        return record(kind="identification:case:viewed/1", actor=actor, subject=case, purpose=case.purpose)


def erased(actor: User, entry: Entry) -> Entry:
    """Erase what an entry says, as an erasure does, once it has its place; return the erasing entry."""
    sequenced()
    payload = {"entries": [str(entry.uid)], "count": 1, "basis": "request"}
    with transaction.atomic():
        erasing = record(kind="audit:payload:erased/1", actor=actor, subject=None, payload=payload)
        Payload.objects.filter(entry=entry).update(content=None, salt=None, erased_by=erasing)
    return erasing


def verified(actor: User | None = None) -> Verification:
    verification = claim(ask_for_verification(actor=actor).pk)
    assert verification is not None
    assert go_on(verification, seconds=60)
    return Verification.objects.get(pk=verification.pk)


def app_connection() -> psycopg.Connection[Any]:
    """Connect to the test database as the role of web and workers."""
    return connection_of(settings.APP_DATABASE_ROLE)


def connection_of(role: str) -> psycopg.Connection[Any]:
    """Connect to the test database as some role."""
    said = connection.get_connection_params()
    return psycopg.connect(
        host=said.get("host"), port=said.get("port"), dbname=said["dbname"], user=role, autocommit=True
    )


def written(entry: Entry) -> str:
    """Return all that an entry says, leaf and payload."""
    return entry.canonical + (entry.said.content or "")
