"""What PostgreSQL holds about exports, verifications, deliveries and time stamps (tests/log_attempts.py says how)."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Agency, User
from audit.models import Delivery, Export, Stamp, Verification
from tests import log_attempts
from tests.log_attempts import NOBODY, NOTHING, Attempt, LogAttempts, Rows, Statement, kept, refers, rule
from tests.review_scene import execute, insertion

rows = log_attempts.rows
ATTEMPTS = LogAttempts()
forbidden_by, plain_sql = ATTEMPTS.forbidden_by, ATTEMPTS.plain_sql

# --- Exports ---------------------------------------------------------------------------------

LEASE = rule("export", "export_lease_only_while_written")
READY = rule("export", "export_ready_says_what_it_is")


def _export(**said: Any) -> Statement:
    return insertion("audit_export", {
        "id": uuid.uuid4(), "format": "csv", "filters": "{}", "hold": "{}", "state": "waiting", "done": 0, "total": 0,
        "attempts": 0, "reason": "", "asked_at": timezone.now(), "woken_at": timezone.now(), "entries": 0, "bytes": 0,
        "sha256": "",
    } | said)  # fmt: skip


@forbidden_by(LEASE)
def export_written_by_nobody(_: Rows) -> Statement:
    return _export(state="running", leased_until=timezone.now())


@forbidden_by(LEASE)
def export_written_for_ever(_: Rows) -> Statement:
    return _export(state="running", lease=uuid.uuid4())


@forbidden_by(LEASE)
def export_that_waits_and_is_written(_: Rows) -> Statement:
    return _export(lease=uuid.uuid4(), leased_until=timezone.now())


@forbidden_by(READY)
def export_ready_whose_file_is_not_known(_: Rows) -> Statement:
    return _export(state="ready", finished_at=timezone.now())


@forbidden_by(READY)
def export_ready_that_was_never_finished(_: Rows) -> Statement:
    return _export(state="ready", sha256="ab" * 32)


@forbidden_by(rule("export", "export_failed_for_a_reason"))
def export_failed_for_no_reason(_: Rows) -> Statement:
    return _export(state="failed", finished_at=timezone.now())


@forbidden_by(rule("export", "export_of_the_askers_agency"))
def export_of_all_agencies_for_one_person(_: Rows) -> Statement:
    return _export(asked_by_id=User.objects.create(username="asker", full_name="Asker", agency=_bureau()).pk)


def _bureau() -> Agency:
    return Agency.objects.create(name="Bureau", code="bureau")


@forbidden_by(refers(Export, "agency"))
def export_of_no_agency(_: Rows) -> Statement:
    return _export(agency_id=NOTHING)


@forbidden_by(refers(Export, "asked_by"))
def export_for_nobody_known(_: Rows) -> Statement:
    return _export(asked_by_id=NOBODY, agency_id=_bureau().pk)


@forbidden_by(rule("export", "export_attempts_check"))
def export_tried_less_than_never(_: Rows) -> Statement:
    return _export(attempts=-1)


# --- Verifications ---------------------------------------------------------------------------

ENDS_ONCE = rule("verification", "verification_ends_once")
SAYS_WHAT_FAILS = rule("verification", "verification_says_what_fails")


def _verification(**said: Any) -> Statement:
    return insertion("audit_verification", {
        "asked_at": timezone.now(), "state": "running", "size": 5, "kept": b"", "done": 0, "frontier": b"",
        "checkpoints": 0, "erased": 0, "lease": uuid.uuid4(), "finding": "",
    } | said)  # fmt: skip


def _ended(state: str, **said: Any) -> Statement:
    return _verification(state=state, ended_at=timezone.now(), **said)


@forbidden_by(rule("verification", "verification_one_runs"))
def second_verification_at_once(_: Rows) -> Statement:
    execute(*_verification())
    return _verification()


@forbidden_by(ENDS_ONCE)
def verification_that_runs_and_has_ended(_: Rows) -> Statement:
    return _ended("running")


@forbidden_by(ENDS_ONCE)
def verification_that_holds_and_has_not_ended(_: Rows) -> Statement:
    return _verification(state="held", done=5)


@forbidden_by(SAYS_WHAT_FAILS)
def verification_that_fails_for_no_reason(_: Rows) -> Statement:
    return _ended("failed")


@forbidden_by(SAYS_WHAT_FAILS)
def verification_that_holds_in_spite_of_a_finding(_: Rows) -> Statement:
    return _ended("held", done=5, finding="It is gone.")


@forbidden_by(rule("verification", "verification_holds_as_a_whole"))
def verification_that_holds_half_way(_: Rows) -> Statement:
    return _ended("held", done=4)


@forbidden_by(refers(Verification, "asked_by"))
def verification_for_nobody_known(_: Rows) -> Statement:
    return _verification(asked_by_id=NOBODY)


for counted in ("checkpoints", "erased"):
    ATTEMPTS[f"verification_of_fewer_than_no_{counted}"] = (
        (lambda _, counted=counted: _verification(**{counted: -1})),
        (rule("verification", f"verification_{counted}_check"),),
    )  # fmt: skip


def _once_it_failed(sql: str) -> Attempt:
    def attempt(_: Rows) -> Statement:
        execute(*_ended("failed", finding="It is gone."))
        return sql, []

    return attempt


for name, sql, end in (
    ("verification_found_otherwise", "UPDATE audit_verification SET state = 'held', finding = '', done = size",
     "stays_as_it_ended"),
    ("verification_removed", "DELETE FROM audit_verification", "is_never_removed"),
    ("verifications_truncated", "TRUNCATE audit_verification", "is_never_truncated"),
):  # fmt: skip
    ATTEMPTS[name] = _once_it_failed(sql), (rule("verification", f"verification_{end}"),)

# --- Deliveries and time stamps --------------------------------------------------------------

ROWS = {
    "delivery": {"witness": "w", "tried_at": timezone.now(), "succeeded": False, "answer": "Nobody answers."},
    "stamp": {"token": b"0", "stamped_at": timezone.now(), "authority": "a"},
}
CHANGES = {"delivery": "succeeded = true", "stamp": "token = ''"}


def _handed_over(table: str, checkpoint: int) -> Statement:
    return insertion(f"audit_{table}", ROWS[table] | {"checkpoint_id": checkpoint})


def _once_handed_over(table: str, sql: str) -> Attempt:
    def attempt(rows: Rows) -> Statement:
        execute(*_handed_over(table, rows.checkpoint))
        return sql, []

    return attempt


for table, change in CHANGES.items():
    for done, sql, end in (
        ("changed", f"UPDATE audit_{table} SET {change}", "is_append_only"),
        ("removed", f"DELETE FROM audit_{table}", "is_append_only"),
        ("truncated", f"TRUNCATE audit_{table}", "is_never_truncated"),
    ):
        ATTEMPTS[f"{table}_{done}"] = _once_handed_over(table, sql), (kept(table, end),)


@forbidden_by(refers(Delivery, "checkpoint"))
def delivery_of_no_checkpoint(_: Rows) -> Statement:
    return _handed_over("delivery", NOTHING)


@forbidden_by(refers(Stamp, "checkpoint"))
def stamp_of_no_checkpoint(_: Rows) -> Statement:
    return _handed_over("stamp", NOTHING)


@forbidden_by(rule("stamp", "stamp_once_by_an_authority"))
def second_stamp_of_an_authority(rows: Rows) -> Statement:
    execute(*_handed_over("stamp", rows.checkpoint))
    return _handed_over("stamp", rows.checkpoint)


@pytest.mark.parametrize("name", ATTEMPTS)
def test_database_refuses_by_these_rules_and_by_nothing_else(rows: Rows, name: str) -> None:
    ATTEMPTS.make(name, rows)
