"""The roles of the database, as statements for a superuser; they bear running again.

The owner of every table can't log in. The migrator logs in and becomes it; web and workers, and the sequencer, own
nothing. `manage.py audit roles` prints them for an operator; the bundled PostgreSQL runs them itself.
"""

from collections.abc import Iterator

OWNER = "countersign_owner"
MIGRATOR = "countersign_migrator"
APP = "countersign_app"
SEQUENCER = "countersign_sequencer"
CREATE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role}; END IF;
END $$
"""
# NOINHERIT: what the migrator does, it does as the owner or not at all.
ATTRIBUTES = {
    OWNER: "NOLOGIN",
    MIGRATOR: "LOGIN NOINHERIT",
    APP: "LOGIN NOCREATEDB",
    SEQUENCER: "LOGIN NOCREATEDB",
}


def role_statements(*, tests: bool = False) -> Iterator[str]:
    """Yield what makes the four roles; with tests, the owner may make databases too."""
    for role, attributes in ATTRIBUTES.items():
        yield CREATE.format(role=role)
        yield f"ALTER ROLE {role} {attributes} NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS"
    if tests:
        yield f"ALTER ROLE {OWNER} CREATEDB"
    # Entries of one transaction that was left open keep the sequencer looking at all that came since.
    yield f"ALTER ROLE {APP} SET idle_in_transaction_session_timeout = '5min'"
    yield f"GRANT {OWNER} TO {MIGRATOR}"
    yield f"ALTER ROLE {MIGRATOR} SET role = '{OWNER}'"
