"""What PostgreSQL holds about payloads.

Each is what its leaf commits to, none goes missing, and nothing but an erasure on record ever changes one. The rules
are plain SQL triggers in a migration, for the reasons given in audit/append_only.py.
"""

from audit.append_only import REFUSE_CHANGE

ERASURE = "audit:payload:erased/1"
# By these an outsider sees who held which role, what was exported, with which key and settings, what was erased, and
# who signed what, in which part of which review of which search: that two people did, whatever else goes. They name
# nobody who was looked for.
KEPT = ("audit:", "accounts:", "review:review:opened/", "review:assessment:signed/", "review:note:signed/")


def _is_kept(kind: str) -> str:
    return "(" + " OR ".join(f"starts_with({kind}, '{beginning}')" for beginning in KEPT) + ")"


# As written by the service; RFC 8785 knows no other way, and on ASCII keys and whole numbers it is this.
# What has no such form is left out of it, so that the text it is compared with differs.
CANONICAL = """
CREATE OR REPLACE FUNCTION audit_canonical(value jsonb, levels integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $body$
BEGIN
    CASE WHEN levels = 0 THEN RETURN NULL;
        WHEN jsonb_typeof(value) = 'object' THEN RETURN (
            SELECT '{' || coalesce(string_agg(to_json(key)::text || ':' || CASE WHEN jsonb_typeof(item) = 'string'
                THEN item::text ELSE audit_canonical(item, levels - 1) END, ',' ORDER BY key COLLATE "C"), '') || '}'
            FROM jsonb_each(value) pair (key, item) WHERE octet_length(key) = length(key));
        WHEN jsonb_typeof(value) = 'array' THEN RETURN (
            SELECT '[' || coalesce(string_agg(CASE WHEN jsonb_typeof(item) = 'string'
                THEN item::text ELSE audit_canonical(item, levels - 1) END, ',' ORDER BY place), '') || ']'
            FROM jsonb_array_elements(value) WITH ORDINALITY listed (item, place));
        WHEN jsonb_typeof(value) = 'number' THEN RETURN
            CASE WHEN value::text ~ '^-?[0-9]{1,16}$' AND abs(value::numeric) < 9007199254740992 THEN value::text END;
        ELSE RETURN value::text;
    END CASE;
END
$body$;
"""
# Bundles take payloads of 63 levels in lines of 1 MiB; the service writes two levels.
LONGEST_PAYLOAD = 64 * 1024
SALT_BYTES = 16
# Quotes within a text are escaped, so that no text of a leaf can hold this name as it stands here.
COMMITMENT = """substring({canonical}, 14 + strpos({canonical}, '"commitment":'), 64)"""
IS_COMMITTED = f"""
CREATE OR REPLACE FUNCTION audit_payload_is_committed() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF NEW.content IS NULL OR octet_length(NEW.content) > {LONGEST_PAYLOAD} OR left(NEW.content, 1) <> '{{'
        OR NEW.content IS DISTINCT FROM audit_canonical(NEW.content::jsonb, 63)
    THEN
        RAISE EXCEPTION 'audit_payload_is_committed: the payload of entry % is no RFC 8785 object', NEW.entry_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_payload_is_committed';
    END IF;
    IF octet_length(NEW.salt) IS DISTINCT FROM {SALT_BYTES}
        OR encode(sha256(NEW.salt || convert_to(NEW.content, 'UTF8')), 'hex') IS DISTINCT FROM
        (SELECT {COMMITMENT.format(canonical="canonical")} FROM audit_entry WHERE id = NEW.entry_id)
    THEN
        RAISE EXCEPTION 'audit_payload_is_committed: the leaf of entry % commits to another payload', NEW.entry_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_payload_is_committed';
    END IF;
    RETURN NULL;
END
$body$;
"""  # noqa: S608  (constants of this file)
IS_COMMITTED_TRIGGER = """
CREATE CONSTRAINT TRIGGER audit_payload_is_committed AFTER INSERT ON audit_payload
    FOR EACH ROW EXECUTE FUNCTION audit_payload_is_committed();
ALTER TABLE audit_payload ENABLE ALWAYS TRIGGER audit_payload_is_committed;
"""
# Deferred to the end of the transaction: the entry is written first.
IS_THERE = """
CREATE OR REPLACE FUNCTION audit_entry_has_its_payload() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF NOT EXISTS (SELECT FROM audit_payload WHERE entry_id = NEW.id) THEN
        RAISE EXCEPTION 'audit_entry_has_its_payload: entry % was written without what it commits to', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_entry_has_its_payload';
    END IF;
    RETURN NULL;
END
$body$;
"""
IS_THERE_TRIGGER = """
CREATE CONSTRAINT TRIGGER audit_entry_has_its_payload AFTER INSERT ON audit_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_entry_has_its_payload();
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_has_its_payload;
"""
# The erasing entry lists the uids of those it erases, so that nobody can put an erasure down to another one. It comes
# after them in the order of the log: nobody erases what hasn't been seen, nor by an entry of before. What is KEPT
# can't be erased, an erasing entry among it.
IS_ONLY_ERASED = f"""
CREATE OR REPLACE FUNCTION audit_payload_is_only_erased() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF OLD.content IS NULL OR NEW.content IS NOT NULL OR NEW.salt IS NOT NULL OR NEW.entry_id <> OLD.entry_id
        OR NOT EXISTS (
            SELECT FROM audit_entry erasing JOIN audit_payload said ON said.entry_id = erasing.id, audit_entry erased
            WHERE erasing.id = NEW.erased_by_id AND erasing.kind = '{ERASURE}'
                AND erased.id = OLD.entry_id AND NOT {_is_kept("erased.kind")}
                AND jsonb_typeof(said.content::jsonb -> 'entries') = 'array'
                AND said.content::jsonb -> 'entries' ? erased.uid::text
                AND EXISTS (SELECT FROM audit_leaf WHERE entry_id = erased.id)
                AND NOT EXISTS (SELECT FROM audit_leaf WHERE entry_id = erasing.id))
    THEN
        RAISE EXCEPTION 'audit_payload_is_only_erased: a payload changes only by an erasure that is on record'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_payload_is_only_erased';
    END IF;
    RETURN NEW;
END
$body$;
"""  # noqa: S608  (constants of this file)
IS_ONLY_ERASED_TRIGGER = """
CREATE TRIGGER audit_payload_is_only_erased BEFORE UPDATE ON audit_payload
    FOR EACH ROW EXECUTE FUNCTION audit_payload_is_only_erased();
ALTER TABLE audit_payload ENABLE ALWAYS TRIGGER audit_payload_is_only_erased;
"""
IS_NEVER_REMOVED = """
CREATE TRIGGER audit_payload_is_never_removed BEFORE DELETE ON audit_payload
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_payload_is_never_truncated BEFORE TRUNCATE ON audit_payload
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE audit_payload ENABLE ALWAYS TRIGGER audit_payload_is_never_removed;
ALTER TABLE audit_payload ENABLE ALWAYS TRIGGER audit_payload_is_never_truncated;
"""
# These functions ask tables. A session's own path comes first and its temporary tables before all else, so that
# whoever writes could show them other tables of the same names.
FUNCTIONS = ("audit_payload_is_committed", "audit_entry_has_its_payload", "audit_payload_is_only_erased")
LOOK_WHERE_TABLES_ARE = "".join(f"ALTER FUNCTION {name}() SET search_path = public, pg_temp;\n" for name in FUNCTIONS)
UNDO = """
DROP TRIGGER audit_payload_is_never_truncated ON audit_payload;
DROP TRIGGER audit_payload_is_never_removed ON audit_payload;
DROP TRIGGER audit_payload_is_only_erased ON audit_payload;
DROP TRIGGER audit_payload_is_committed ON audit_payload;
DROP TRIGGER audit_entry_has_its_payload ON audit_entry;
DROP FUNCTION audit_payload_is_only_erased();
DROP FUNCTION audit_payload_is_committed();
DROP FUNCTION audit_entry_has_its_payload();
DROP FUNCTION audit_canonical(jsonb, integer);
"""


def payload_rules_sql() -> tuple[str, str]:
    """Return the SQL that adds the rules, and the SQL that undoes it, for migrations.RunSQL."""
    triggers = IS_COMMITTED_TRIGGER + IS_THERE_TRIGGER + IS_ONLY_ERASED_TRIGGER + IS_NEVER_REMOVED
    return REFUSE_CHANGE + today_sql() + triggers, UNDO


def today_sql() -> str:
    """Return the SQL that puts today's functions in the place of those that an older migration made."""
    return CANONICAL + IS_COMMITTED + IS_THERE + IS_ONLY_ERASED + LOOK_WHERE_TABLES_ARE
