"""Rows of the log for plain SQL, made without Countersign's services."""

import uuid
from datetime import UTC, datetime
from typing import Any

import rfc8785

from audit.payload_rules import ERASURE
from audit.services import commitment
from audit.tree import leaf_hash

SALT = bytes(range(16))
MOMENT = datetime(2026, 11, 14, 14, 5, tzinfo=UTC)
ENTRY_SQL = """
INSERT INTO audit_entry (uid, kind, recorded_at, subject_type, subject_id, case_id, purpose, request_id, canonical,
                         leaf_hash)
VALUES (%(uid)s, %(kind)s, %(recorded_at)s, %(subject_type)s, %(subject_id)s, %(case_id)s, '', '', %(canonical)s,
        %(leaf_hash)s)
RETURNING id
"""
PAYLOAD_SQL = "INSERT INTO audit_payload (entry_id, content, salt) VALUES (%s, %s, %s)"


def content_of(payload: dict[str, Any]) -> str:
    """Return a payload as it is written."""
    return rfc8785.dumps(payload).decode()


def entry_row(kind: str = "audit:log:viewed/1", content: str = "{}", **changes: Any) -> dict[str, Any]:
    """Return the columns of an entry that nobody wrote; with changes, they may say what its leaf doesn't.

    The leaf says the uid, the actor and the agency of the changes.
    """
    uid = changes.get("uid") or str(uuid.uuid4())
    leaf = {
        "actor": changes.get("actor"), "actor_roles": [], "agency": changes.get("agency"), "case": "",
        "commitment": commitment(SALT, content.encode()),
        "kind": kind, "purpose": "", "recorded_at": "2026-11-14T14:05:00.000000Z", "request_id": "", "subject_id": "",
        "subject_type": "", "uid": uid, "version": 2,
    }  # fmt: skip
    canonical = rfc8785.dumps(leaf)
    return {
        "uid": uid, "kind": kind, "recorded_at": MOMENT, "subject_type": "", "subject_id": "", "case_id": "",
        "canonical": canonical.decode(), "leaf_hash": leaf_hash(canonical),
    } | changes  # fmt: skip


def write(cursor: Any, kind: str = "audit:log:viewed/1", **payload: Any) -> tuple[int, str]:
    """Write an entry and its payload with plain SQL; return its id and its uid."""
    content = content_of(payload)
    row = entry_row(kind, content)
    cursor.execute(ENTRY_SQL, row)
    (pk,) = cursor.fetchone()
    cursor.execute(PAYLOAD_SQL, [pk, content, SALT])
    return pk, row["uid"]


def write_erasure(cursor: Any, *uids: str) -> int:
    """Write an entry that says what is erased."""
    return write(cursor, ERASURE, basis="request", count=len(uids), entries=list(uids))[0]
