"""What PostgreSQL holds about entries, payloads and the tree (tests/log_attempts.py says how it is tried)."""

import uuid

import pytest
from django.db import connection

from audit.models import Checkpoint, Leaf, Payload
from audit.payload_rules import ERASURE
from tests import log_attempts
from tests.audit_rows import ENTRY_SQL, PAYLOAD_SQL, SALT, content_of, entry_row, write, write_erasure
from tests.log_attempts import NOBODY, NOTHING, Attempt, LogAttempts, Rows, Statement, kept, refers, rule
from tests.review_scene import execute

rows = log_attempts.rows
ATTEMPTS = LogAttempts()
forbidden_by, plain_sql = ATTEMPTS.forbidden_by, ATTEMPTS.plain_sql

# --- Entries ---------------------------------------------------------------------------------


LEAF_IS_ITS_ROW = rule("entry", "entry_leaf_is_its_row")
HAS_ITS_PAYLOAD = rule("entry", "entry_has_its_payload")
IS_OF_SOMEBODY = rule("entry", "entry_is_of_somebody")


@forbidden_by(LEAF_IS_ITS_ROW, HAS_ITS_PAYLOAD)
def entry_in_a_case_that_its_leaf_does_not_name(_: Rows) -> Statement:
    return ENTRY_SQL, entry_row(case_id="6f1c9d1e-7a53-4d3c-9b0c-0d9a2f9e4c11")


@forbidden_by(HAS_ITS_PAYLOAD)
def entry_without_what_it_commits_to(_: Rows) -> Statement:
    return ENTRY_SQL, entry_row()


@forbidden_by(LEAF_IS_ITS_ROW, HAS_ITS_PAYLOAD)
def entry_whose_column_says_another_subject(_: Rows) -> Statement:
    return ENTRY_SQL, entry_row(subject_id="7")


@forbidden_by(rule("entry", "entry_leaf_hash_is_of_canonical"), HAS_ITS_PAYLOAD)
def entry_with_the_hash_of_something_else(_: Rows) -> Statement:
    return ENTRY_SQL, entry_row(leaf_hash=SALT * 2)


def _of(column: str, stranger: int) -> Attempt:
    def entry_of_nobody(_: Rows) -> Statement:
        row = entry_row(**{column: stranger})
        return ENTRY_SQL.replace("subject_type,", f"{column}_id, subject_type,").replace(
            "%(subject_type)s", f"%({column})s, %(subject_type)s"
        ), row

    return entry_of_nobody


for column in ("actor", "agency"):
    ATTEMPTS[f"entry_of_no_{column}"] = _of(column, NOBODY), (IS_OF_SOMEBODY, HAS_ITS_PAYLOAD)
plain_sql("entry_taken_to_another_transaction", "UPDATE audit_entry SET written_in = 1", kept("entry"))
plain_sql(
    "entries_truncated", "TRUNCATE audit_entry, audit_payload, audit_leaf CASCADE",
    kept("entry", "is_never_truncated"), kept("payload", "is_never_truncated"), kept("leaf", "is_never_truncated"),
)  # fmt: skip

# --- Payloads --------------------------------------------------------------------------------

IS_COMMITTED = rule("payload", "payload_is_committed")
IS_WHOLE = rule("payload", "payload_is_whole_or_erased_by_an_entry")
IS_ONLY_ERASED = rule("payload", "payload_is_only_erased")
BY_ANOTHER = rule("payload", "payload_is_erased_by_another_entry")
ERASE = "UPDATE audit_payload SET content = NULL, salt = NULL, erased_by_id = %s WHERE entry_id = %s"


def _bare_entry(kind: str = "audit:log:viewed/1", content: str = "{}") -> int:
    """Write an entry without its payload, past the rule that forbids that."""
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_has_its_payload")
    with connection.cursor() as cursor:
        cursor.execute(ENTRY_SQL, entry_row(kind, content))
        (pk,) = cursor.fetchone()
    return int(pk)


def _erased(rows: Rows) -> None:
    execute(ERASE, [rows.erasing, rows.listed])


@forbidden_by(IS_COMMITTED)
def payload_other_than_the_one_committed_to(_: Rows) -> Statement:
    return PAYLOAD_SQL, [_bare_entry(), '{"faces":2}', SALT]


@forbidden_by(IS_COMMITTED)
def payload_with_another_salt(_: Rows) -> Statement:
    return PAYLOAD_SQL, [_bare_entry(), "{}", SALT[::-1]]


@forbidden_by(IS_WHOLE, IS_COMMITTED)
def payload_that_was_never_there(_: Rows) -> Statement:
    return PAYLOAD_SQL, [_bare_entry(), None, None]


@forbidden_by(IS_COMMITTED)
def payload_that_comes_erased(rows: Rows) -> Statement:
    return "INSERT INTO audit_payload (entry_id, erased_by_id) VALUES (%s, %s)", [_bare_entry(), rows.erasing]


@forbidden_by(refers(Payload, "entry"), IS_COMMITTED)
def payload_of_no_entry(_: Rows) -> Statement:
    return PAYLOAD_SQL, [NOTHING, "{}", SALT]


@forbidden_by(IS_ONLY_ERASED, refers(Payload, "erased_by"))
def payload_erased_by_no_entry(rows: Rows) -> Statement:
    return ERASE, [NOTHING, rows.listed]


@forbidden_by(IS_ONLY_ERASED)
def payload_changed(rows: Rows) -> Statement:
    return 'UPDATE audit_payload SET content = \'{"secret":"other"}\' WHERE entry_id = %s', [rows.listed]


@forbidden_by(IS_ONLY_ERASED)
def salt_changed(rows: Rows) -> Statement:
    return "UPDATE audit_payload SET salt = %s WHERE entry_id = %s", [SALT[::-1], rows.listed]


@forbidden_by(IS_ONLY_ERASED)
def payload_given_to_another_entry(rows: Rows) -> Statement:
    return "UPDATE audit_payload SET entry_id = %s WHERE entry_id = %s", [_bare_entry(), rows.said]


@forbidden_by(IS_ONLY_ERASED, IS_WHOLE)
def payload_erased_without_an_entry(rows: Rows) -> Statement:
    return ERASE, [None, rows.listed]


@forbidden_by(IS_ONLY_ERASED, IS_WHOLE)
def payload_erased_and_its_salt_kept(rows: Rows) -> Statement:
    return "UPDATE audit_payload SET content = NULL, erased_by_id = %s WHERE entry_id = %s", [rows.erasing, rows.listed]


@forbidden_by(IS_ONLY_ERASED)
def payload_erased_by_an_entry_that_does_not_list_it(rows: Rows) -> Statement:
    return ERASE, [rows.erasing, rows.said]


@forbidden_by(IS_ONLY_ERASED)
def payload_erased_before_its_entry_has_a_place(rows: Rows) -> Statement:
    with connection.cursor() as cursor:
        fresh, uid = write(cursor)
        return ERASE, [write_erasure(cursor, uid), fresh]


@forbidden_by(IS_ONLY_ERASED)
def payload_erased_by_an_entry_that_has_its_place(rows: Rows) -> Statement:
    execute("INSERT INTO audit_leaf (leaf_index, entry_id) VALUES (2, %s)", [rows.erasing])
    return ERASE, [rows.erasing, rows.listed]


@forbidden_by(IS_ONLY_ERASED)
def payload_erased_by_an_entry_of_another_kind(rows: Rows) -> Statement:
    with connection.cursor() as cursor:
        other, _ = write(cursor, "audit:log:viewed/1", entries=[rows.uid])
    return ERASE, [other, rows.listed]


@forbidden_by(IS_ONLY_ERASED)
def payload_erased_by_an_entry_that_names_it_outside_a_list(rows: Rows) -> Statement:
    with connection.cursor() as cursor:
        return ERASE, [write(cursor, ERASURE, basis="request", count=1, entries=rows.uid)[0], rows.listed]


@forbidden_by(IS_ONLY_ERASED)
def erasure_erased_by_another(rows: Rows) -> Statement:
    with connection.cursor() as cursor:
        first, uid = write(cursor, ERASURE, entries=[rows.uid])
        return ERASE, [write_erasure(cursor, uid), first]


@forbidden_by(IS_ONLY_ERASED, BY_ANOTHER)
def erasure_erased_by_itself(_: Rows) -> Statement:
    uid = str(uuid.uuid4())
    content = content_of({"entries": [uid]})
    execute("SET CONSTRAINTS ALL DEFERRED")
    with connection.cursor() as cursor:
        cursor.execute(ENTRY_SQL, entry_row(ERASURE, content, uid=uid))
        (pk,) = cursor.fetchone()
        cursor.execute(PAYLOAD_SQL, [pk, content, SALT])
    return ERASE, [pk, pk]


@forbidden_by(IS_ONLY_ERASED)
def payload_put_back(rows: Rows) -> Statement:
    _erased(rows)
    put_back = "UPDATE audit_payload SET content = %s, salt = %s, erased_by_id = NULL WHERE entry_id = %s"
    return put_back, [content_of({"secret": "told"}), SALT, rows.listed]


@forbidden_by(IS_ONLY_ERASED)
def erasure_put_down_to_another_entry(rows: Rows) -> Statement:
    _erased(rows)
    with connection.cursor() as cursor:
        return ERASE, [write_erasure(cursor, rows.uid), rows.listed]


@forbidden_by(IS_ONLY_ERASED)
def what_is_kept_for_good_erased(_: Rows) -> Statement:
    return _placed_and_erased("accounts:role:granted/1", role="reviewer")


@forbidden_by(IS_ONLY_ERASED)
def signature_erased(_: Rows) -> Statement:
    return _placed_and_erased("review:assessment:signed/1", document_sha256="0" * 64)


def _placed_and_erased(kind: str, **said: str) -> Statement:
    with connection.cursor() as cursor:
        written, uid = write(cursor, kind, **said)
        cursor.execute("INSERT INTO audit_leaf (leaf_index, entry_id) VALUES (2, %s)", [written])
        return ERASE, [write_erasure(cursor, uid), written]


plain_sql("payload_removed", "DELETE FROM audit_payload", kept("payload", "is_never_removed"))
plain_sql("payloads_truncated", "TRUNCATE audit_payload", kept("payload", "is_never_truncated"))

# --- The tree --------------------------------------------------------------------------------

# What was sent to others refers to checkpoints, and is kept as they are.
NO_CHECKPOINT = tuple(kept(table, "is_never_truncated") for table in ("checkpoint", "delivery", "stamp"))

plain_sql("place_changed", "UPDATE audit_leaf SET leaf_index = leaf_index + 10", kept("leaf"))
plain_sql("place_taken_away", "DELETE FROM audit_leaf", kept("leaf"))
plain_sql("places_truncated", "TRUNCATE audit_leaf", kept("leaf", "is_never_truncated"))
plain_sql("subtree_changed", "UPDATE audit_subtree SET root = sha256(root)", kept("subtree"))
plain_sql("subtree_removed", "DELETE FROM audit_subtree", kept("subtree"))
plain_sql("subtrees_truncated", "TRUNCATE audit_subtree", kept("subtree", "is_never_truncated"))
plain_sql("checkpoint_changed", "UPDATE audit_checkpoint SET size = 1", kept("checkpoint"))
plain_sql("checkpoint_removed", "DELETE FROM audit_checkpoint", kept("checkpoint"))
plain_sql("checkpoints_truncated", "TRUNCATE audit_checkpoint, audit_delivery, audit_stamp", *NO_CHECKPOINT)
plain_sql(
    "key_of_another_log",
    "INSERT INTO audit_signingkey (vkey, handover, made_at) VALUES ('other.example+0a1b2c3d+AQ==', '', now())",
    rule("signingkey", "signingkey_is_of_this_log"),
)
plain_sql("key_changed", "UPDATE audit_signingkey SET vkey = 'b'", kept("signingkey"))
plain_sql(
    "key_removed", "WITH gone AS (DELETE FROM audit_checkpoint) DELETE FROM audit_signingkey",
    kept("signingkey"), kept("checkpoint"),
)  # fmt: skip
plain_sql(
    "keys_truncated", "TRUNCATE audit_signingkey, audit_checkpoint, audit_delivery, audit_stamp",
    kept("signingkey", "is_never_truncated"), *NO_CHECKPOINT,
)  # fmt: skip
plain_sql("request_changed", "UPDATE audit_checkpointrequest SET requested_at = now()", kept("checkpointrequest"))
plain_sql("request_removed", "DELETE FROM audit_checkpointrequest", kept("checkpointrequest"))
plain_sql(
    "requests_truncated", "TRUNCATE audit_checkpointrequest", kept("checkpointrequest", "is_never_truncated")
)  # fmt: skip
plain_sql(
    "subtree_with_another_root",
    "INSERT INTO audit_subtree (height, position, root) VALUES (8, 0, %s)",
    rule("subtree", "subtree_once"),
    parameters=[SALT * 2],
)
plain_sql(
    "second_state_of_the_tree",
    "INSERT INTO audit_treestate (id, size, frontier, settled, floor, rehashed, halted) VALUES (2, 0, '', 0, 0, 0, '')",
    rule("treestate", "treestate_is_one_row"),
)


plain_sql(
    "place_for_no_entry",
    "INSERT INTO audit_leaf (leaf_index, entry_id) VALUES (2, %s)",
    refers(Leaf, "entry"),
    parameters=[NOTHING],
)
plain_sql(
    "checkpoint_of_no_key",
    "INSERT INTO audit_checkpoint (size, root, frontier, note, key_id, signed_at, answers)"
    " VALUES (3, '', '', '', %s, now(), 0)",
    refers(Checkpoint, "key"),
    parameters=[NOTHING],
)


@forbidden_by(rule("leaf", "leaf_counts_from_zero"))
def place_before_the_first(rows: Rows) -> Statement:
    return "INSERT INTO audit_leaf (leaf_index, entry_id) VALUES (-1, %s)", [rows.erasing]


@forbidden_by(rule("leaf", "leaf_pkey"))
def place_that_is_taken(rows: Rows) -> Statement:
    return "INSERT INTO audit_leaf (leaf_index, entry_id) VALUES (1, %s)", [rows.erasing]


@forbidden_by(rule("leaf", "leaf_entry_id_key"))
def second_place_for_an_entry(rows: Rows) -> Statement:
    return "INSERT INTO audit_leaf (leaf_index, entry_id) VALUES (2, %s)", [rows.said]


@pytest.mark.parametrize("name", ATTEMPTS)
def test_database_refuses_by_these_rules_and_by_nothing_else(rows: Rows, name: str) -> None:
    ATTEMPTS.make(name, rows)


def test_erasure_that_is_on_record_is_let_through(rows: Rows) -> None:
    _erased(rows)
    with connection.cursor() as cursor:
        cursor.execute("SELECT content, salt, erased_by_id FROM audit_payload WHERE entry_id = %s", [rows.listed])
        assert cursor.fetchone() == (None, None, rows.erasing)
