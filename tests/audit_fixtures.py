"""Rows and files for the tests of the audit log."""

import io
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import rfc8785
from django.conf import settings
from django.db import connection, transaction

from accounts.models import User
from audit import layout
from audit.kinds import KINDS
from audit.models import Entry
from audit.services import record
from audit.tree import Frontier, leaf_hash


def payload_for(name: str) -> dict[str, Any]:
    """Return a payload with every key that this kind may have."""
    kind = KINDS[name]
    lists = {"fields", "galleries", "filters", "limitations"}
    return {key: ["a_field", "b_field"] if key in lists else 7 for key in kind.payload_keys | kind.optional_keys}


def write_entries(actor: User, number: int) -> list[Entry]:
    """Write entries of every kind in turn."""
    names = sorted(KINDS)
    with transaction.atomic():
        return [
            record(kind=names[i % len(names)], actor=actor, subject=actor, payload=payload_for(names[i % len(names)]))
            for i in range(number)
        ]


def app_connection() -> psycopg.Connection[Any]:
    """Connect to the test database as the role of web and workers."""
    return connection_of(settings.APP_DATABASE_ROLE)


def connection_of(role: str) -> psycopg.Connection[Any]:
    """Connect to the test database as some role."""
    said = connection.get_connection_params()
    return psycopg.connect(
        host=said.get("host"), port=said.get("port"), dbname=said["dbname"], user=role, autocommit=True
    )


def made_up_entry(number: int, draw: random.Random) -> str:
    """Return the canonical text of an entry that was never in a database."""
    moment = datetime(2026, 11, 14, 14, 5, tzinfo=UTC) + timedelta(seconds=number)
    return rfc8785.dumps(
        {
            "actor": draw.choice([None, 3, 4]),
            "actor_roles": ["auditor", "reviewer"],
            "agency": 1,
            "kind": draw.choice(sorted(KINDS)),
            "payload": {"sha256": draw.randbytes(32).hex(), "settings": {"exact": True}, "faces": [1, 2], "none": None},
            "purpose": "deceased",
            "recorded_at": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "request_id": "",
            "subject_id": str(number),
            "subject_type": "identification.photograph",
            "uid": draw.randbytes(16).hex(),
            "version": 1,
        }
    ).decode()  # fmt: skip


def made_up_export(form: str, entries: int, seed: int = 1) -> bytes:
    """Return an export of made-up entries, without a database."""
    draw = random.Random(seed)
    tree, sink = Frontier(), io.BytesIO()
    head = layout.header(form, agency=1, filters={}, exported_at="2026-11-14T15:00:00.000000Z")
    sink.write(layout.first_line(form, head).encode())
    for number in range(1, entries + 1):
        canonical = made_up_entry(number, draw)
        leaf = leaf_hash(canonical.encode())
        tree.append(leaf)
        sink.write(layout.entry_line(form, number, canonical, leaf.hex()).encode())
    sink.write(layout.last_line(form, head, entries=entries, root=tree.root().hex()).encode())
    return sink.getvalue()


def written(entry: Entry) -> str:
    """Return all that an entry says, leaf and payload."""
    return entry.canonical + (entry.said.content or "")
