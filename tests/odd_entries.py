"""Entries as whoever writes with SQL could write them: what they say, and of which kind they are, is odd."""

import json
import uuid
from typing import Any

import rfc8785
from django.db import connection, transaction

from accounts.models import User
from audit.kinds import KINDS
from audit.models import Entry
from audit.services import commitment
from audit.tree import leaf_hash
from tests.audit_rows import MOMENT, PAYLOAD_SQL, SALT

ODD_ENTRY = """
INSERT INTO audit_entry (uid, kind, recorded_at, actor_id, agency_id, subject_type, subject_id, case_id, purpose,
                         request_id, canonical, leaf_hash)
VALUES (%(uid)s, %(kind)s, %(recorded_at)s, %(actor)s, %(agency)s, %(subject_type)s, %(subject_id)s, %(case)s,
        %(purpose)s, '', %(canonical)s, %(leaf_hash)s)
RETURNING id
"""
# No objects, or none that could be written again.
UNREADABLE = (
    "", "not JSON", "[1,2]", '["a"]', '"text"', "7", "null", '{"a":NaN}', '{"a":"\\ud800"}', '{"a":' + "9" * 5000 + "}",
    "[" * 3000 + "]" * 3000, '{"a":' + "[" * 3000 + "]" * 3000 + "}",
)  # fmt: skip
# What each key of a payload is in turn.
VALUES: tuple[Any, ...] = (
    None, True, -1, 0.5, 2**70, 1e300, "", "not an id", "\x00", "x" * 5000, [], ["not an id", 7, None, {}, []], {},
    {"a": {"b": {"c": {"d": {"e": "deep"}}}}}, "{actor}", "<script>", ["\x00"],
)  # fmt: skip


def said_oddly(kind: str) -> list[str]:
    """Return payloads of a kind: nothing, less than it has to say, more, and each key as something else."""
    keys = sorted(KINDS[kind].payload_keys | KINDS[kind].optional_keys)
    each = [dict.fromkeys(keys, value) for value in VALUES]
    more = {"actor": "nobody", "subject": "nobody", "purpose": ["x"], "0": 1, "__class__": "x"}
    return [_json(said) for said in ({}, more, *each, *({key: "odd"} for key in keys[:2]))]


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def write_odd(actor: User, kind: str, content: str, /, **changes: Any) -> Entry:
    """Write an entry with plain SQL; the leaf and its commitment are right, whatever else is."""
    said = {
        "actor": actor.pk, "agency": actor.agency_id, "case": "", "kind": kind, "purpose": "", "subject_type": "",
        "subject_id": "", "uid": str(uuid.uuid4()),
    } | changes  # fmt: skip
    leaf = said | {
        "actor_roles": [], "commitment": commitment(SALT, content.encode()), "request_id": "", "version": 2,
        "recorded_at": "2026-11-14T14:05:00.000000Z",
    }  # fmt: skip
    canonical = rfc8785.dumps(leaf)
    with transaction.atomic(), connection.cursor() as cursor:
        columns = said | {"recorded_at": MOMENT, "canonical": canonical.decode(), "leaf_hash": leaf_hash(canonical)}
        cursor.execute(ODD_ENTRY, columns)
        (pk,) = cursor.fetchone()
        cursor.execute(PAYLOAD_SQL, [pk, content, SALT])
    return Entry.objects.get(pk=pk)
