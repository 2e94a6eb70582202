"""What PostgreSQL holds about signing keys: all of them carry one name, that of the log.

A bundle in which a key has another name never verifies, and a key of another name could sign checkpoints of another log
from the same tree. The rule is a plain SQL trigger, for the reasons given in audit/append_only.py.
"""

# Held while a key is made or replaced; any number that nothing else here uses.
KEY_LOCK = 0x0C0DE
# Two keys that are added at once, each before the other is seen, would be two first ones: so one waits for the other,
# and looks at what there is by then, which only READ COMMITTED does. Of several keys in one statement each sees those
# before it. Rows of before the trigger stay what they are; what counts is the first.
IS_OF_THIS_LOG = f"""
CREATE FUNCTION audit_signingkey_is_of_this_log() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $body$
DECLARE
    known text;
BEGIN
    PERFORM pg_advisory_xact_lock({KEY_LOCK});
    SELECT vkey INTO known FROM audit_signingkey ORDER BY id LIMIT 1;
    IF split_part(known, '+', 1) <> split_part(NEW.vkey, '+', 1)
        OR known IS NULL AND current_setting('transaction_isolation') <> 'read committed'
    THEN
        RAISE EXCEPTION 'audit_signingkey_is_of_this_log: a key has the name of the first (READ COMMITTED adds that)'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_signingkey_is_of_this_log';
    END IF;
    RETURN NEW;
END
$body$;
"""  # noqa: S608  (a constant of this file)
TRIGGER = """
CREATE TRIGGER audit_signingkey_is_of_this_log BEFORE INSERT ON audit_signingkey
    FOR EACH ROW EXECUTE FUNCTION audit_signingkey_is_of_this_log();
ALTER TABLE audit_signingkey ENABLE ALWAYS TRIGGER audit_signingkey_is_of_this_log;
"""
UNDO = """
DROP TRIGGER audit_signingkey_is_of_this_log ON audit_signingkey;
DROP FUNCTION audit_signingkey_is_of_this_log();
"""


def key_rules_sql() -> tuple[str, str]:
    """Return the SQL that adds the rule, and the SQL that undoes it, for migrations.RunSQL."""
    return IS_OF_THIS_LOG + TRIGGER, UNDO
