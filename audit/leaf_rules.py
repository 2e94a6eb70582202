"""What PostgreSQL holds about leaves: each is the RFC 8785 JSON of its row to the byte, and says who really exists.

A leaf in any other form could be placed and signed, and no bundle that shows it would verify. The rules are plain SQL
triggers, for the reasons given in audit/append_only.py; PostgreSQL reads the expression of a CHECK anew for every
statement, which for one of this length takes as long as the rest of an entry.
"""

from audit.append_only import never_restated_sql
from audit.payload_rules import COMMITMENT

# No leaf of the service comes near it; verifiers take lines of 1 MiB.
LONGEST_LEAF = 8192


def _text(column: str) -> str:
    # to_json escapes as RFC 8785 does: \b \t \n \f \r \" \\, other control characters as \u00xx, nothing else.
    return f"to_json(NEW.{column})::text"


def _number(column: str) -> str:
    return f"coalesce(NEW.{column}::text, 'null')"


# The roles and the commitment stand in the leaf alone. Whatever has their form is taken from it: it stands at its place
# where the whole is what its row would be, written in the one way there is.
LEAF = " || ".join(
    (
        f"""'{{"actor":' || {_number("actor_id")}""",
        """',"actor_roles":' || roles""",
        f"""',"agency":' || {_number("agency_id")}""",
        f"""',"case":' || {_text("case_id")}""",
        """',"commitment":"' || committed""",
        f"""'","kind":' || {_text("kind")}""",
        f"""',"purpose":' || {_text("purpose")}""",
        """',"recorded_at":"' || to_char(NEW.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
        f"""'","request_id":' || {_text("request_id")}""",
        f"""',"subject_id":' || {_text("subject_id")}""",
        f"""',"subject_type":' || {_text("subject_type")}""",
        """',"uid":"' || NEW.uid::text || '","version":2}'""",
    )
)
IS_ITS_ROW = f"""
CREATE FUNCTION audit_entry_leaf_is_its_row() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    begins integer := strpos(NEW.canonical, '"actor_roles":') + 14;
    roles text := substring(NEW.canonical, begins, strpos(NEW.canonical, ',"agency":') - begins);
    committed text := {COMMITMENT.format(canonical="NEW.canonical")};
BEGIN
    IF NEW.canonical IS DISTINCT FROM {LEAF}
        OR roles !~ '^\\[("[a-z_]+"(,"[a-z_]+")*)?\\]$' OR committed !~ '^[0-9a-f]+$'
        OR octet_length(NEW.canonical) > {LONGEST_LEAF}
        OR NEW.recorded_at < '1000-01-01 00:00:00+00' OR NEW.recorded_at >= '10000-01-01 00:00:00+00'
    THEN
        RAISE EXCEPTION 'audit_entry_leaf_is_its_row: the leaf is not what its row would be in RFC 8785, version 2'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_entry_leaf_is_its_row';
    END IF;
    RETURN NEW;
END
$body$;
"""
# Entries that there are, of version 1 too, were held to these when they were written, and never change.
OLDER = """
ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_columns_are_of_canonical;
ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_case_is_of_canonical;
"""
OLDER_AGAIN = """
ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_columns_are_of_canonical CHECK (
    canonical::jsonb @> jsonb_build_object(
        'uid', uid, 'kind', kind, 'actor', actor_id, 'agency', agency_id, 'subject_type', subject_type,
        'subject_id', subject_id, 'purpose', purpose, 'request_id', request_id,
        'recorded_at', to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    ));
ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_case_is_of_canonical
    CHECK (case_id = coalesce(canonical::jsonb ->> 'case', ''));
"""
# A foreign key locks the row it names: all entries of an agency would meet in that of the agency. As accounts and
# agencies never go, it is enough to see them once. The sequencer may not read them, and its entries are nobody's: each
# question is a statement of its own, for of one that names a table PostgreSQL may ask the right before it is needed.
IS_OF_SOMEBODY = """
CREATE OR REPLACE FUNCTION audit_entry_is_of_somebody() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $body$
DECLARE
    known boolean := true;
BEGIN
    IF NEW.actor_id IS NOT NULL THEN
        known := EXISTS (SELECT FROM accounts_user WHERE id = NEW.actor_id);
    END IF;
    IF known AND NEW.agency_id IS NOT NULL THEN
        known := EXISTS (SELECT FROM accounts_agency WHERE id = NEW.agency_id);
    END IF;
    IF NOT known THEN
        RAISE EXCEPTION 'audit_entry_is_of_somebody: there is no such account or agency'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'audit_entry_is_of_somebody';
    END IF;
    RETURN NEW;
END
$body$;
"""
BEFORE_INSERT = """
CREATE TRIGGER {function} BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION {function}();
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER {function};
"""
FUNCTIONS = ("audit_entry_leaf_is_its_row", "audit_entry_is_of_somebody")
NAMED = ("accounts_user", "accounts_agency")
STAYS = """
CREATE TRIGGER {table}_is_never_removed BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_refuse_removal();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_is_never_removed;
"""
REFUSE_REMOVAL = """
CREATE FUNCTION audit_refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION '%_is_never_removed: the log names it, so it is only deactivated', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || '_is_never_removed';
END
$body$;
"""
UNDO = """
DROP TRIGGER audit_entry_is_of_somebody ON audit_entry;
DROP TRIGGER audit_entry_leaf_is_its_row ON audit_entry;
DROP FUNCTION audit_entry_is_of_somebody();
DROP FUNCTION audit_entry_leaf_is_its_row();
"""


def leaf_rules_sql() -> tuple[str, str]:
    """Return the SQL that adds the rules, and the SQL that undoes it, for migrations.RunSQL."""
    ids = [never_restated_sql(table, "id") for table in NAMED]
    fires = (BEFORE_INSERT.format(function=function) for function in FUNCTIONS)
    add = (*fires, REFUSE_REMOVAL, *(STAYS.format(table=table) for table in NAMED), *(restated for restated, _ in ids))
    undo = (
        *(f"DROP TRIGGER {table}_is_never_removed ON {table}; " for table in NAMED),
        "DROP FUNCTION audit_refuse_removal();", *(f"{undone};" for _, undone in ids),
    )  # fmt: skip
    return "".join((OLDER, IS_ITS_ROW, IS_OF_SOMEBODY, *add)), "".join((UNDO, OLDER_AGAIN, *undo))
