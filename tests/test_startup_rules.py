"""The start-up check misses every rule that is gone, or is there and holds nobody."""

import pytest
from django.db import connection, transaction

from audit.database_rules import added_rules, missing_rules, own_models, rules
from audit.payload_rules import CANONICAL
from tests.review_scene import execute
from tests.roles import always, given

# Every constraint and trigger that stands on our own tables, with what takes it down.
TAKEN_DOWN = """
SELECT relname, format('ALTER TABLE %%I DROP CONSTRAINT %%I CASCADE', relname, conname)
FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE relname = ANY(%s) AND contype IN ('c', 'f', 'u', 'p')
UNION ALL
SELECT relname, format('DROP TRIGGER %%I ON %%I', tgname, relname)
FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE relname = ANY(%s) AND NOT tgisinternal
    AND tgconstraint NOT IN (SELECT oid FROM pg_constraint WHERE contype = 'f')
UNION ALL
SELECT relname, format('ALTER TABLE %%I ALTER COLUMN %%I DROP NOT NULL', relname, attname)
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relname = ANY(%s) AND attnotnull AND attnum > 0
    AND attidentity = '' AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = attrelid AND indisprimary
                                         AND attnum = ANY(indkey))
UNION ALL
SELECT pg_class.relname, format('DROP INDEX %%I', indexrelid::regclass)
FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE relname = ANY(%s) AND indisunique
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""


def missed() -> set[str]:
    return {str(rule) for rule in missing_rules(connection)}


def test_nothing_is_missed_where_all_migrations_have_run(db: None) -> None:
    assert missed() == set()


@pytest.mark.parametrize(
    ("app", "at_least"),
    [
        pytest.param("audit", 100, marks=pytest.mark.slow),
        ("accounts", 30),
        *(pytest.param(app, 200, marks=pytest.mark.slow) for app in ("identification", "review")),
    ],
)
def test_whatever_rule_is_taken_down_is_missed(db: None, app: str, at_least: int) -> None:
    """What stands in the database counts, so a form of SQL that isn't read from the migrations is noticed."""
    tables = [model._meta.db_table for model in own_models() if model._meta.app_label == app]
    with connection.cursor() as cursor:
        cursor.execute(TAKEN_DOWN, [tables] * 4)
        found = cursor.fetchall()
    assert len(found) > at_least
    assert [statement for table, statement in found if not _missed_without(table, statement)] == []


def _missed_without(table: str, statement: str) -> bool:
    with transaction.atomic():
        execute("SET CONSTRAINTS ALL IMMEDIATE")
        execute(statement)
        noticed = any(rule.table == table for rule in missing_rules(connection))
        transaction.set_rollback(True)
    return noticed


def test_rules_that_the_migrations_put_up_in_sql_are_read_from_them() -> None:
    """Of each kind one, lest none of a kind should be asked for."""
    assert {
        "trigger audit_leaf_is_never_truncated on audit_leaf",
        "trigger audit_payload_is_committed on audit_payload",
        "trigger audit_verification_stays_as_it_ended on audit_verification",
        "trigger review_review_never_restates_evidence on review_review",
        "constraint audit_entry_leaf_hash_is_of_canonical on audit_entry",
        "constraint conclusion_never_by_the_requester on review_conclusion",
        "constraint conclusion_first_reviewer_signed_this_finding on review_conclusion",
        "constraint audit_verification_one_runs on audit_verification",
        "function audit_canonical",
        "generated (finding) on review_assessment",
        "default (written_in) on audit_entry",
        "unique (entry_id) on audit_leaf",
        "unique (group_id, user_id) on accounts_user_groups",
        "foreign key (erased_by_id) to audit_entry on audit_payload",
        "check (checkpoints) on audit_verification",
        "not null (canonical) on audit_entry",
    } <= {str(rule) for rule in rules()}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("audit_entry DISABLE TRIGGER audit_entry_is_append_only", "trigger audit_entry_is_append_only on audit_entry"),
        (
            "audit_entry ENABLE TRIGGER audit_entry_has_its_payload",
            "trigger audit_entry_has_its_payload on audit_entry",
        ),
        (
            "audit_payload ENABLE REPLICA TRIGGER audit_payload_is_committed",
            "trigger audit_payload_is_committed on audit_payload",
        ),
        (
            "review_assessment DISABLE TRIGGER review_assessment_is_append_only",
            "trigger review_assessment_is_append_only on review_assessment",
        ),
    ],
)
def test_trigger_that_does_not_fire_for_everybody_is_missed(db: None, change: str, said: str) -> None:
    execute(f"ALTER TABLE {change}")
    assert missed() == {said}


NOTHING = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
OTHER = "CREATE TRIGGER audit_verification_stays_as_it_ended BEFORE UPDATE ON audit_verification FOR EACH ROW"
ALWAYS = "ALTER TABLE audit_verification ENABLE ALWAYS TRIGGER audit_verification_stays_as_it_ended"
REFUSES = "EXECUTE FUNCTION audit_refuse_change_after_the_end()"


def test_trigger_whose_function_was_replaced_is_missed(db: None) -> None:
    execute(f"CREATE OR REPLACE FUNCTION audit_payload_is_only_erased() {NOTHING}")
    assert missed() == {"trigger audit_payload_is_only_erased on audit_payload"}
    execute(f"CREATE OR REPLACE FUNCTION audit_refuse_change() {NOTHING}")
    assert "trigger audit_entry_is_append_only on audit_entry" in missed()


def test_trigger_whose_function_looks_elsewhere_for_tables_is_missed(db: None) -> None:
    execute("ALTER FUNCTION audit_payload_is_committed() RESET search_path")
    assert missed() == {"trigger audit_payload_is_committed on audit_payload"}


ANOTHER = "CREATE OR REPLACE FUNCTION audit_canonical(value jsonb, levels integer) RETURNS text IMMUTABLE LANGUAGE"


@pytest.mark.parametrize(
    "change",
    [
        f"{ANOTHER} plpgsql AS 'BEGIN RETURN value::text; END'",
        f"{ANOTHER} sql RETURN value::text",
        "ALTER FUNCTION audit_canonical(jsonb, integer) VOLATILE",
        "ALTER FUNCTION audit_canonical(jsonb, integer) STRICT",
        "ALTER FUNCTION audit_canonical(jsonb, integer) SECURITY DEFINER",
        "ALTER FUNCTION audit_canonical(jsonb, integer) SET search_path = public, pg_temp",
        "ALTER FUNCTION audit_canonical(jsonb, integer) SET search_path = '$user', public",
        "ALTER FUNCTION audit_canonical(jsonb, integer) SET bytea_output = 'escape'",
        "ALTER FUNCTION audit_canonical(jsonb, integer) RENAME TO another",
    ],
)
def test_function_that_a_triggers_function_calls_is_missed_where_it_is_another(db: None, change: str) -> None:
    execute(change)
    assert missed() == {"function audit_canonical"}


def test_function_that_is_made_again_is_not_missed(db: None) -> None:
    execute("ALTER FUNCTION audit_canonical(jsonb, integer) STRICT")
    execute(CANONICAL)
    assert missed() == set()


def test_another_function_beside_it_does_not_pass_for_it(db: None) -> None:
    """Of the same name, with what ours does, and taking something else."""
    execute("ALTER FUNCTION audit_canonical(jsonb, integer) STRICT")
    execute(CANONICAL.replace("levels integer", "levels bigint"))
    assert missed() == {"function audit_canonical"}


@pytest.mark.parametrize(
    "change",
    [
        "ALTER FUNCTION audit_payload_is_committed() SECURITY DEFINER",
        "ALTER FUNCTION audit_payload_is_committed() SET search_path = '$user', public, pg_temp",
        "ALTER FUNCTION audit_payload_is_committed() SET search_path = public, pg_temp, '$user'",
        "ALTER FUNCTION audit_payload_is_committed() SET bytea_output = 'escape'",
    ],
)
def test_trigger_whose_function_is_declared_otherwise_is_missed(db: None, change: str) -> None:
    execute(change)
    assert missed() == {"trigger audit_payload_is_committed on audit_payload"}


@pytest.mark.parametrize(
    "instead",
    [
        f"{OTHER} WHEN (false) {REFUSES}",
        f"{OTHER} WHEN (OLD.ended_at IS NULL) {REFUSES}",
        f"{OTHER.replace('UPDATE', 'UPDATE OF size', 1)} WHEN (OLD.ended_at IS NOT NULL) {REFUSES}",
        f"{OTHER.replace('UPDATE', 'INSERT', 1)} {REFUSES}",
        f"{OTHER} WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION audit_refuse_restating()",
    ],
)
def test_trigger_that_fires_otherwise_is_missed(db: None, instead: str) -> None:
    execute("DROP TRIGGER audit_verification_stays_as_it_ended ON audit_verification")
    execute(f"{instead}; {ALWAYS}")
    assert missed() == {"trigger audit_verification_stays_as_it_ended on audit_verification"}


def test_trigger_that_is_made_again_is_not_missed(db: None) -> None:
    execute("DROP TRIGGER audit_verification_stays_as_it_ended ON audit_verification")
    execute(f"{OTHER} WHEN (OLD.ended_at IS NOT NULL) {REFUSES}; {ALWAYS}")
    assert missed() == set()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE RULE quiet AS ON INSERT TO audit_entry DO INSTEAD NOTHING", "rule quiet on audit_entry"),
        ("CREATE RULE quiet AS ON UPDATE TO audit_payload DO INSTEAD NOTHING", "rule quiet on audit_payload"),
        (f"{OTHER.replace('audit_verification_stays_as_it_ended', 'another')} {REFUSES}",
         "trigger another on audit_verification"),
        ("CREATE FUNCTION starts_with(varchar, text) RETURNS boolean LANGUAGE sql RETURN false",
         "function starts_with(character varying,text)"),
        ("CREATE FUNCTION audit_canonical(varchar, bigint) RETURNS text LANGUAGE sql RETURN $1",
         "function audit_canonical(character varying,bigint)"),
        ("CREATE OPERATOR = (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer)",
         "operator public.=(integer,integer)"),
    ],
)  # fmt: skip
def test_what_no_migration_put_up_is_noticed(db: None, statement: str, said: str) -> None:
    assert added_rules(connection) == []
    execute(statement)
    assert added_rules(connection) == [said]


def test_what_passes_for_nothing_else_may_be_added(db: None) -> None:
    execute("CREATE FUNCTION counted_by_somebody() RETURNS integer LANGUAGE sql RETURN 1")
    assert added_rules(connection) == []


HASHES = "CHECK (sha256('\\x00'::bytea || convert_to(canonical, 'UTF8')) = leaf_hash)"


@pytest.mark.parametrize("state", ["NOT VALID", "NOT ENFORCED"])
def test_check_that_was_never_made_is_missed(db: None, state: str) -> None:
    name = "audit_entry_leaf_hash_is_of_canonical"
    execute(f"ALTER TABLE audit_entry DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {HASHES} {state}")
    assert missed() == {f"constraint {name} on audit_entry"}
    execute(f"ALTER TABLE audit_entry DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {HASHES}")
    assert missed() == set()


@pytest.mark.parametrize(
    "change",
    [
        "DROP CONSTRAINT {0}, ADD CONSTRAINT {0} FOREIGN KEY (entry_id) REFERENCES audit_entry NOT VALID",
        "DROP CONSTRAINT {0}, ADD CONSTRAINT {0} FOREIGN KEY (entry_id) REFERENCES audit_entry NOT ENFORCED",
        "DROP CONSTRAINT {0}, ADD CONSTRAINT {0} FOREIGN KEY (entry_id) REFERENCES audit_payload",
        "ALTER CONSTRAINT {0} NOT ENFORCED",
    ],
)
def test_foreign_key_that_is_not_held_is_missed(db: None, change: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = 'audit_leaf'::regclass")
        execute(f"ALTER TABLE audit_leaf {change.format(*cursor.fetchone())}")
    assert missed() == {"foreign key (entry_id) to audit_entry on audit_leaf"}


def test_foreign_key_whose_own_triggers_are_off_is_missed(transactional_db: None) -> None:
    """Only a superuser can do that."""
    off = "ALTER TABLE audit_leaf DISABLE TRIGGER ALL"
    with given(off, off.replace("DISABLE", "ENABLE"), *always("audit_leaf")):
        assert "foreign key (entry_id) to audit_entry on audit_leaf" in missed()
    assert missed() == set()


def otherwise(table: str, name: str, instead: str) -> str:
    return f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {instead}"


ONE_RUNS = "CREATE UNIQUE INDEX audit_verification_one_runs ON audit_verification (state)"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (otherwise("audit_entry", "audit_entry_leaf_hash_is_of_canonical", "CHECK (true)"),
         "constraint audit_entry_leaf_hash_is_of_canonical on audit_entry"),
        (otherwise("audit_leaf", "audit_leaf_counts_from_zero", "CHECK (leaf_index >= -1)"),
         "constraint audit_leaf_counts_from_zero on audit_leaf"),
        (otherwise("audit_leaf", "audit_leaf_counts_from_zero", "CHECK (leaf_index >= 0) NO INHERIT"),
         "constraint audit_leaf_counts_from_zero on audit_leaf"),
        (otherwise("audit_verification", "audit_verification_checkpoints_check", "CHECK (checkpoints >= -1)"),
         "check (checkpoints) on audit_verification"),
        (otherwise("audit_subtree", "audit_subtree_once", "UNIQUE (height, position, root)"),
         "constraint audit_subtree_once on audit_subtree"),
        (otherwise("audit_subtree", "audit_subtree_once", "UNIQUE (height, position) DEFERRABLE INITIALLY DEFERRED"),
         "constraint audit_subtree_once on audit_subtree"),
        (("DROP INDEX audit_stamp_is_kept_once;"
         " CREATE UNIQUE INDEX audit_stamp_is_kept_once ON audit_stamp (checkpoint_id, authority)"),
         "constraint audit_stamp_is_kept_once on audit_stamp"),
        (otherwise("review_conclusion", "conclusion_requester_is_the_reviews",
                   "FOREIGN KEY (review_id, requested_by_id) REFERENCES review_review (id, requested_by_id)"
                   " ON DELETE CASCADE"),
         "constraint conclusion_requester_is_the_reviews on review_conclusion"),
        (f"DROP INDEX audit_verification_one_runs; {ONE_RUNS} WHERE state = 'none'",
         "constraint audit_verification_one_runs on audit_verification"),
        ("ALTER TABLE audit_entry ALTER written_in SET DEFAULT 0", "default (written_in) on audit_entry"),
        ("ALTER TABLE audit_entry ALTER written_in DROP DEFAULT", "default (written_in) on audit_entry"),
        ("ALTER TABLE review_assessment ALTER finding SET EXPRESSION AS ('none'::text)",
         "generated (finding) on review_assessment"),
        ("ALTER TABLE review_assessment ALTER finding DROP EXPRESSION", "generated (finding) on review_assessment"),
    ],
)  # fmt: skip
def test_constraint_of_the_same_name_that_says_something_else_is_missed(db: None, change: str, said: str) -> None:
    execute(change)
    assert missed() == {said}


def test_function_that_passes_for_postgresqls_own_in_a_check_is_noticed(db: None) -> None:
    execute("CREATE FUNCTION sha256(bytea) RETURNS bytea LANGUAGE sql IMMUTABLE RETURN ''::bytea")
    name = "audit_entry_leaf_hash_is_of_canonical"
    execute(otherwise("audit_entry", name, HASHES.replace("sha256", "public.sha256")))
    assert missed() == {f"constraint {name} on audit_entry"}


def test_unique_index_that_is_not_unique_any_more_is_missed(db: None) -> None:
    execute("DROP INDEX audit_verification_one_runs")
    execute("CREATE INDEX audit_verification_one_runs ON audit_verification (state) WHERE state = 'running'")
    assert missed() == {"constraint audit_verification_one_runs on audit_verification"}


def test_not_null_that_was_never_checked_is_missed(db: None) -> None:
    execute("ALTER TABLE review_conclusion ALTER COLUMN first_reviewer_id DROP NOT NULL")
    execute("ALTER TABLE review_conclusion ADD CONSTRAINT later NOT NULL first_reviewer_id NOT VALID")
    assert missed() == {"not null (first_reviewer_id) on review_conclusion"}
