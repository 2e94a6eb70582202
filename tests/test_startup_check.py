"""What keeps Countersign from serving: roles that may more than they were given, tried as real roles of PostgreSQL."""

import re
from collections.abc import Iterator

import pytest
from django.db import connection

from audit.grants import SEQUENCER_TABLES
from audit.payload_rules import CANONICAL
from audit.powers import powers
from audit.startup import SHOWN, StartRefused, check_database
from audit.surplus import Surplus, managed_tables, surplus
from config.roles import APP, MIGRATOR, OWNER, SEQUENCER
from tests.roles import always, as_superuser, given, signed_in


def could(role: str) -> list[str]:
    with signed_in(role) as other:
        return list(powers(other, managed_tables()))


def beyond(role: str, given_to: str = APP) -> list[Surplus]:
    with signed_in(role) as other:
        return list(surplus(other, given_to=given_to))


def said_of(role: str, given_to: str = APP) -> str:
    return "\n".join(one.sentence(own=role, given_to=given_to) for one in beyond(role, given_to))


@pytest.fixture
def doubtful(db: None) -> Iterator[str]:
    """A role that may do what the test gives it."""
    as_superuser("CREATE ROLE doubtful LOGIN")
    yield "doubtful"
    as_superuser("DROP OWNED BY doubtful CASCADE", "DROP ROLE doubtful")


def refusal(monkeypatch: pytest.MonkeyPatch, role: str, service: str) -> str:
    """Return why a service doesn't serve as a role; "" where it does."""
    with signed_in(role) as other:
        monkeypatch.setattr("audit.startup.connection", other)
        try:
            check_database(service, wait=0)
        except StartRefused as refused:
            return str(refused)
    return ""


# --- What a role is --------------------------------------------------------------------------


@pytest.mark.parametrize("role", [APP, SEQUENCER])
def test_roles_that_serve_can_undo_nothing(db: None, role: str) -> None:
    assert could(role) == []
    assert beyond(role, role) == []


def test_migrator_could_drop_everything_and_disable_triggers(db: None) -> None:
    *dropping, triggers = could(MIGRATOR)
    assert dropping == [
        f"could drop the database {connection.settings_dict['NAME']} as its owner",
        "could drop the schema public as its owner",
        "could drop the function audit_canonical as its owner",
    ]
    assert re.fullmatch(r"could disable the triggers of [a-z_]+ and \d+ other tables as the owner", triggers)


def test_superuser_does_what_it_likes(db: None) -> None:
    assert could("postgres")[0] == "does as a superuser whatever it likes"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("GRANT countersign_owner TO doubtful", "could disable the triggers of"),
        ("GRANT countersign_owner TO doubtful WITH INHERIT FALSE", "could disable the triggers of"),
        ("GRANT countersign_owner TO doubtful WITH INHERIT FALSE, SET FALSE, ADMIN TRUE", "could drop the database"),
        ("ALTER FUNCTION audit_refuse_change() OWNER TO doubtful", "could disable the triggers of"),
        (
            "ALTER FUNCTION audit_canonical(jsonb, integer) OWNER TO doubtful",
            "could drop the function audit_canonical as its owner",
        ),
        ("ALTER TABLE audit_leaf OWNER TO doubtful", "could disable the triggers of audit_leaf"),
        ("ALTER SCHEMA public OWNER TO doubtful", "could drop the schema public as its owner"),
        ("GRANT SET ON PARAMETER session_replication_role TO doubtful", "could switch triggers off"),
        ("ALTER ROLE doubtful CREATEROLE", "could make roles"),
        ("ALTER ROLE doubtful REPLICATION", "by replication"),
        ("ALTER ROLE doubtful BYPASSRLS", "row security"),
        ("GRANT pg_execute_server_program TO doubtful", "as the database server"),
        ("GRANT pg_write_server_files TO doubtful", "write files as the database server"),
        ("GRANT pg_read_server_files TO doubtful", "could read files"),
        ("GRANT pg_write_all_data TO doubtful", "could write to every table"),
    ],
)
def test_role_that_could_get_round_the_rules_is_found(doubtful: str, given: str, said: str) -> None:
    assert could(doubtful) == []
    as_superuser(given)
    try:
        assert said in " ".join(could(doubtful))
    finally:
        as_superuser(
            "ALTER TABLE audit_leaf OWNER TO countersign_owner", "ALTER SCHEMA public OWNER TO pg_database_owner",
            "ALTER FUNCTION audit_refuse_change() OWNER TO countersign_owner",
            "ALTER FUNCTION audit_canonical(jsonb, integer) OWNER TO countersign_owner",
        )  # fmt: skip


def test_owner_of_the_database_is_found(doubtful: str) -> None:
    name = connection.settings_dict["NAME"]
    as_superuser(f"ALTER DATABASE {name} OWNER TO doubtful")
    try:
        assert could(doubtful) == [
            f"could drop the database {name} as its owner", "could drop the schema public as its owner",
        ]  # fmt: skip
    finally:
        as_superuser(f"ALTER DATABASE {name} OWNER TO countersign_owner")


# --- What a role may -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("UPDATE ON audit_entry", "may UPDATE on the table audit_entry"),
        ("UPDATE (purpose) ON audit_entry", "may UPDATE (purpose) on the table audit_entry"),
        ("INSERT (id, written_in) ON audit_entry", "may INSERT (id, written_in) on the table audit_entry"),
        ("INSERT ON audit_entry", "may INSERT on the table audit_entry"),
        ("DELETE ON audit_leaf", "may DELETE on the table audit_leaf"),
        ("TRUNCATE ON audit_checkpoint", "may TRUNCATE on the table audit_checkpoint"),
        ("TRIGGER ON audit_entry", "may TRIGGER on the table audit_entry"),
        ("REFERENCES ON audit_entry", "may REFERENCES on the table audit_entry"),
        ("MAINTAIN ON audit_entry", "may MAINTAIN on the table audit_entry"),
        ("UPDATE ON audit_payload", "may UPDATE on the table audit_payload"),
        ("UPDATE (entry_id) ON audit_payload", "may UPDATE (entry_id) on the table audit_payload"),
        ("UPDATE (size) ON audit_verification", "may UPDATE (size) on the table audit_verification"),
        ("DELETE ON audit_verification", "may DELETE on the table audit_verification"),
        ("INSERT (id) ON audit_checkpointrequest", "may INSERT (id) on the table audit_checkpointrequest"),
        ("DELETE ON review_assessment", "may DELETE on the table review_assessment"),
        ("UPDATE ON django_migrations", "may UPDATE on the table django_migrations"),
        ("UPDATE ON SEQUENCE audit_entry_id_seq", "may UPDATE on the sequence audit_entry_id_seq"),
        ("CREATE ON SCHEMA public", "may CREATE on the schema public"),
        ("INSERT, UPDATE, DELETE ON audit_treestate", "may DELETE, INSERT, UPDATE on the table audit_treestate"),
        *((f"INSERT ON {table}", f"may INSERT on the table {table}") for table in sorted(SEQUENCER_TABLES)),
    ],
)
def test_right_that_was_not_given_is_found_and_taken_back(doubtful: str, given: str, said: str) -> None:
    assert beyond(doubtful) == []
    as_superuser(f"GRANT {given} TO doubtful")
    sentence = said_of(doubtful)
    assert sentence.startswith(f"The database role doubtful {said}, which it wasn't given: run `REVOKE ")
    assert sentence.count("\n") == 0
    as_superuser(re.search("`(.*)`", sentence)[1])  # type: ignore[index]
    assert beyond(doubtful) == []


def test_right_of_everybody_is_found_and_taken_back(db: None) -> None:
    as_superuser("GRANT DELETE ON audit_entry TO PUBLIC")
    try:
        for role in (APP, SEQUENCER):
            assert said_of(role, role) == (
                f"The database role {role} may DELETE on the table audit_entry through PUBLIC, which it wasn't given:"
                " run `REVOKE DELETE ON TABLE audit_entry FROM PUBLIC` as the migrating role or a superuser."
            )
    finally:
        as_superuser("REVOKE DELETE ON TABLE audit_entry FROM PUBLIC")
    assert beyond(APP) == []


def test_temporary_tables_are_nothing_that_was_given(db: None) -> None:
    name = connection.settings_dict["NAME"]
    with given(f"GRANT TEMPORARY ON DATABASE {name} TO PUBLIC"):
        assert f"may TEMPORARY on the database {name} through PUBLIC" in said_of(APP)


@pytest.mark.parametrize("more", ["", " WITH INHERIT FALSE"])
def test_right_of_a_role_that_it_could_become_is_found(doubtful: str, more: str) -> None:
    with given(f"GRANT {SEQUENCER} TO doubtful{more}", f"REVOKE {SEQUENCER} FROM doubtful"):
        sentences = said_of(doubtful)
    said = f"may INSERT on the table audit_leaf through {SEQUENCER}, which it wasn't given: take doubtful out of it"
    assert said in sentences
    assert len(sentences.splitlines()) == len(SEQUENCER_TABLES)


def test_what_everybody_may_maintain_is_found(doubtful: str) -> None:
    as_superuser("GRANT pg_maintain TO doubtful")
    assert "may MAINTAIN on the table audit_leaf through pg_maintain" in said_of(doubtful)


def test_what_is_to_be_cleared_may_be_cleared(doubtful: str) -> None:
    as_superuser("GRANT UPDATE (content, salt, erased_by_id) ON audit_payload TO doubtful")
    assert beyond(doubtful) == []


def test_right_on_a_table_whose_guard_is_gone_was_still_not_given(doubtful: str) -> None:
    as_superuser("GRANT DELETE ON review_assessment TO doubtful")
    gone = "ALTER TABLE review_assessment DISABLE TRIGGER ALL"
    with given(gone, gone.replace("DISABLE TRIGGER ALL", "ENABLE TRIGGER ALL"), *always("review_assessment")):
        assert "may DELETE on the table review_assessment" in said_of(doubtful)


def test_migrating_takes_back_what_the_web_was_given_besides(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with given(f"GRANT INSERT ON audit_leaf TO {APP}"):
        said = refusal(monkeypatch, APP, "web server")
    assert said == (
        f"The database role {APP} may INSERT on the table audit_leaf, which it wasn't given: run `manage.py migrate` as"
        " the migrating role, which takes it back."
    )


# --- Refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "service"), [(APP, "web server"), (APP, "worker"), (SEQUENCER, "sequencer")])
def test_each_service_serves_as_its_role(db: None, monkeypatch: pytest.MonkeyPatch, role: str, service: str) -> None:
    assert refusal(monkeypatch, role, service) == ""


@pytest.mark.parametrize(
    ("role", "service", "said"),
    [
        (SEQUENCER, "web server", f"{SEQUENCER}, which is that of the sequencer: have DATABASE_URL sign in as {APP};"),
        (
            APP, "sequencer",
            f"{APP}, which is that of web server and workers: have SEQUENCER_DATABASE_URL sign in as {SEQUENCER};",
        ),
        (MIGRATOR, "sequencer", f"have SEQUENCER_DATABASE_URL sign in as {SEQUENCER};"),
    ],
)  # fmt: skip
def test_no_service_serves_as_the_role_of_another(
    db: None, monkeypatch: pytest.MonkeyPatch, role: str, service: str, said: str
) -> None:
    assert said in refusal(monkeypatch, role, service)


@pytest.mark.parametrize(
    ("given_besides", "said"),
    [
        ("UPDATE (content) ON audit_payload", "may UPDATE (content) on the table audit_payload"),
        ("SELECT ON accounts_user", "may SELECT on the table accounts_user"),
        ("UPDATE ON audit_leaf", "may UPDATE on the table audit_leaf"),
        ("USAGE ON SEQUENCE accounts_user_id_seq", "may USAGE on the sequence accounts_user_id_seq"),
    ],
)
def test_sequencer_may_do_no_more_than_it_was_given(
    db: None, monkeypatch: pytest.MonkeyPatch, given_besides: str, said: str
) -> None:
    with given(f"GRANT {given_besides} TO {SEQUENCER}"):
        assert f"The database role {SEQUENCER} {said}" in refusal(monkeypatch, SEQUENCER, "sequencer")


def test_no_more_is_said_than_somebody_reads(doubtful: str, monkeypatch: pytest.MonkeyPatch) -> None:
    as_superuser("GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO doubtful")
    *shown, rest = refusal(monkeypatch, doubtful, "web server").splitlines()
    assert len(shown) == SHOWN
    assert re.fullmatch(r"And there are \d\d more such rights\.", rest)


def test_role_for_which_rules_rest_is_refused(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Foreign keys aren't held for a session like that."""
    with given(
        f"ALTER ROLE {APP} SET session_replication_role = replica", f"ALTER ROLE {APP} RESET session_replication_role"
    ):
        said = refusal(monkeypatch, APP, "web server")
    assert said.startswith(f"The database role {APP} signs in with session_replication_role set")


@pytest.mark.parametrize(("role", "service"), [(APP, "web server"), (SEQUENCER, "sequencer")])
def test_service_is_refused_where_a_rule_is_missing(
    db: None, monkeypatch: pytest.MonkeyPatch, role: str, service: str
) -> None:
    gone = "ALTER TABLE audit_leaf DISABLE TRIGGER audit_leaf_is_append_only"
    with given(gone, gone.replace("DISABLE", "ENABLE ALWAYS")):
        said = refusal(monkeypatch, role, service)
    assert said == (
        "This database lacks trigger audit_leaf_is_append_only on audit_leaf, or has it otherwise than the migrations"
        " put it up: run `manage.py migrate` as the migrating role, and have somebody look if that has run before."
    )


CANONICAL_HEAD = CANONICAL[: CANONICAL.index(" AS $body$")]


def replaced(name: str, table: str, check: str) -> str:
    return f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK ({check})"


@pytest.mark.parametrize(
    ("change", "undone_by", "lacks"),
    [
        (
            replaced("audit_export_failed_for_a_reason", "audit_export", "true"),
            replaced("audit_export_failed_for_a_reason", "audit_export", "NOT state = 'failed' OR NOT reason = ''"),
            "constraint audit_export_failed_for_a_reason on audit_export",
        ),
        (
            f"{CANONICAL_HEAD} AS 'BEGIN RETURN value::text; END'",
            CANONICAL,
            "function audit_canonical",
        ),
    ],
)
def test_service_is_refused_where_the_owner_put_another_rule_of_the_same_name(
    db: None, monkeypatch: pytest.MonkeyPatch, change: str, undone_by: str, lacks: str
) -> None:
    assert refusal(monkeypatch, APP, "web server") == ""
    with given(f"SET ROLE {OWNER}; {change}", f"SET ROLE {OWNER}; {undone_by}"):
        said = refusal(monkeypatch, APP, "web server")
        assert said.startswith(f"This database lacks {lacks}, or has it otherwise than the migrations put it up: run")
        assert refusal(monkeypatch, SEQUENCER, "sequencer") == said
    assert refusal(monkeypatch, APP, "web server") == ""


def test_role_whose_path_puts_others_before_postgresql_is_refused(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `sha256` made anew in public, a trigger that calls it would be told whatever that says."""
    with given(f"ALTER ROLE {APP} SET search_path = public, pg_catalog", f"ALTER ROLE {APP} RESET search_path"):
        said = refusal(monkeypatch, APP, "web server")
    assert said.startswith(f"The database role {APP} signs in with a search_path by which functions of others pass for")
    assert "lacks" not in said


def test_service_is_refused_where_a_rule_was_added(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = "CREATE RULE quiet AS ON INSERT TO audit_entry DO INSTEAD NOTHING"
    with given(quiet, "DROP RULE quiet ON audit_entry"):
        said = refusal(monkeypatch, APP, "web server")
    assert said.startswith("No migration put up rule quiet on audit_entry, which could undo what is written: drop it")
