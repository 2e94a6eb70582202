"""What the roles that serve come up against where they try what the log's rules forbid; and that each rule is tried."""

from collections.abc import Iterator

import pytest
from django.db import connection

from audit.models import Entry
from config.roles import APP, MIGRATOR, SEQUENCER
from tests import log_attempts, test_rules_of_exports_and_deliveries, test_rules_of_the_log
from tests.audit_rows import write
from tests.log_attempts import LogAttempts, Rows
from tests.roles import as_superuser

rows = log_attempts.rows
ATTEMPTS = LogAttempts(test_rules_of_the_log.ATTEMPTS | test_rules_of_exports_and_deliveries.ATTEMPTS)
# Which attempts a right leads as far as the rule; none leads to the others. The sequencer can't say of whom an entry
# is: it may not read accounts, and its own entries are nobody's.
BOTH = {
    "entry_in_a_case_that_its_leaf_does_not_name", "entry_without_what_it_commits_to",
    "entry_whose_column_says_another_subject", "entry_with_the_hash_of_something_else",
    "payload_other_than_the_one_committed_to", "payload_with_another_salt", "payload_that_was_never_there",
    "payload_that_comes_erased", "payload_of_no_entry",
}  # fmt: skip
OF_WEB_AND_WORKERS = {
    "entry_of_no_actor", "entry_of_no_agency", "payload_erased_by_no_entry", "payload_changed", "salt_changed",
    "payload_erased_without_an_entry", "payload_erased_and_its_salt_kept",
    "payload_erased_by_an_entry_that_does_not_list_it", "payload_erased_before_its_entry_has_a_place",
    "payload_erased_by_an_entry_that_has_its_place", "payload_erased_by_an_entry_of_another_kind",
    "payload_erased_by_an_entry_that_names_it_outside_a_list", "erasure_erased_by_another",
    "erasure_erased_by_itself", "payload_put_back", "erasure_put_down_to_another_entry",
    "what_is_kept_for_good_erased", "signature_erased", "export_written_by_nobody", "export_written_for_ever",
    "export_that_waits_and_is_written", "export_ready_whose_file_is_not_known",
    "export_ready_that_was_never_finished", "export_failed_for_no_reason", "export_of_all_agencies_for_one_person",
    "export_of_no_agency", "export_for_nobody_known", "export_tried_less_than_never", "second_verification_at_once",
    "verification_that_runs_and_has_ended", "verification_that_holds_and_has_not_ended",
    "verification_that_fails_for_no_reason", "verification_that_holds_in_spite_of_a_finding",
    "verification_that_holds_half_way", "verification_for_nobody_known",
    "verification_of_fewer_than_no_checkpoints", "verification_of_fewer_than_no_erased",
    "verification_found_otherwise", "delivery_of_no_checkpoint", "stamp_of_no_checkpoint",
    "stamp_that_is_kept_already",
}  # fmt: skip
OF_THE_SEQUENCER = {
    "key_of_another_log", "subtree_with_another_root", "second_state_of_the_tree", "place_for_no_entry",
    "checkpoint_of_no_key", "place_before_the_first", "place_that_is_taken", "second_place_for_an_entry",
}  # fmt: skip
REACHED = {APP: BOTH | OF_WEB_AND_WORKERS, SEQUENCER: BOTH | OF_THE_SEQUENCER}


@pytest.fixture(scope="module")
def may_become_roles(django_db_setup: None) -> Iterator[None]:
    """Let the tests' connection take on the roles that serve, and try what it has prepared as the owner."""
    as_superuser(*(f"GRANT {role} TO {MIGRATOR} WITH INHERIT FALSE, SET TRUE" for role in (APP, SEQUENCER)))
    yield
    as_superuser(*(f"REVOKE {role} FROM {MIGRATOR}" for role in (APP, SEQUENCER)))


@pytest.mark.parametrize("role", [APP, SEQUENCER])
@pytest.mark.parametrize("name", ATTEMPTS)
def test_role_that_serves_is_refused_by_the_rule_or_has_no_right(
    may_become_roles: None, rows: Rows, name: str, role: str
) -> None:
    _, (outermost, *_) = ATTEMPTS[name]
    assert ATTEMPTS.refusal(name, rows, role) == (outermost.says if name in REACHED[role] else "")


@pytest.mark.parametrize("planned", ["force_custom_plan", "force_generic_plan"])
def test_sequencer_writes_entries_however_they_are_planned(may_become_roles: None, rows: Rows, planned: str) -> None:
    """A plan for all values, as PostgreSQL may make one after some, asks for every right that its query names."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL plan_cache_mode = {planned}")
        cursor.execute(f"SET LOCAL ROLE {SEQUENCER}")
        pk, _ = write(cursor)
        cursor.execute("RESET ROLE")
    assert Entry.objects.filter(pk=pk, actor=None).exists()


# A field's own unique index is the database's and Django's affair.
STANDING = """
SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE starts_with(relname, 'audit_') AND NOT tgisinternal
UNION SELECT conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE starts_with(relname, 'audit_') AND contype IN ('c', 'f')
UNION SELECT pg_class.relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    JOIN pg_class AS tables ON tables.oid = indrelid
WHERE starts_with(tables.relname, 'audit_') AND indisunique AND NOT indisprimary
"""


def test_every_rule_of_the_log_is_attempted(db: None) -> None:
    """What stands in the database counts: the rules in migrations' SQL are in no model."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING)
        standing = {name for (name,) in cursor.fetchall()}
    assert len(standing) > 35
    assert {name for name in standing - ATTEMPTS.rules if not name.endswith("_key")} == set()
