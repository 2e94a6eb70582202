"""Countersign serves only as a role that can't undo what is on record, and says with which settings it was started."""

import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import rfc8785
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction

from audit.kinds import LONGEST_TEXT
from audit.models import Entry
from audit.notes import COSIGNATURE, VerifierKey
from audit.powers import powers, unguarded_tables
from audit.startup import (
    SETTINGS,
    WAIT_SECONDS,
    StartRefused,
    begin,
    check_role,
    record_start,
    running_version,
    settings_that_matter,
)
from config.processes import commands
from config.roles import APP, MIGRATOR, SEQUENCER
from tests.audit_fixtures import connection_of
from tests.stack import environment, of_the_tests


def found_as(role: str) -> list[str]:
    """Return what a role could do, asked on a connection of its own."""
    with connection_of(role) as other:
        return list(powers(other))  # type: ignore[arg-type]


def as_superuser(*statements: str) -> None:
    with connection_of("postgres") as superuser:
        for statement in statements:
            superuser.execute(statement)


@pytest.fixture
def doubtful(db: None) -> Iterator[str]:
    """A role that may do what the test gives it."""
    as_superuser("CREATE ROLE doubtful LOGIN")
    yield "doubtful"
    as_superuser("DROP OWNED BY doubtful CASCADE", "DROP ROLE doubtful")


@pytest.mark.parametrize("role", [APP, SEQUENCER])
def test_roles_that_serve_can_undo_nothing(db: None, role: str) -> None:
    assert found_as(role) == []


def test_migrator_could_disable_triggers(db: None) -> None:
    (said,) = found_as(MIGRATOR)
    assert re.fullmatch(r"could disable the triggers of [a-z_]+ and \d+ other tables as the owner", said)


def test_superuser_does_what_it_likes(db: None) -> None:
    assert found_as("postgres")[0] == "does as a superuser whatever it likes"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("GRANT UPDATE ON audit_entry TO doubtful", "may change or remove rows of audit_entry"),
        ("GRANT UPDATE (purpose) ON audit_entry TO doubtful", "may change or remove rows of audit_entry"),
        ("GRANT DELETE ON audit_leaf TO doubtful", "may change or remove rows of audit_leaf"),
        ("GRANT TRUNCATE ON audit_checkpoint TO doubtful", "may change or remove rows of audit_checkpoint"),
        ("GRANT TRIGGER ON audit_entry TO doubtful", "may change or remove rows of audit_entry"),
        ("GRANT UPDATE ON audit_payload TO doubtful", "may change or remove rows of audit_payload"),
        ("GRANT DELETE ON audit_entry TO PUBLIC", "may change or remove rows of audit_entry"),
        ("GRANT DELETE ON review_assessment TO doubtful", "may change or remove rows of review_assessment"),
        ("GRANT pg_write_all_data TO doubtful", "may change or remove rows of"),
        ("GRANT countersign_owner TO doubtful", "could disable the triggers of"),
        ("GRANT countersign_owner TO doubtful WITH INHERIT FALSE", "could disable the triggers of"),
        ("ALTER FUNCTION audit_refuse_change() OWNER TO doubtful", "could disable the triggers of"),
        ("ALTER TABLE audit_leaf OWNER TO doubtful", "could disable the triggers of audit_leaf"),
        ("GRANT SET ON PARAMETER session_replication_role TO doubtful", "could switch triggers off"),
        ("ALTER ROLE doubtful REPLICATION", "by replication"),
        ("ALTER ROLE doubtful BYPASSRLS", "row security"),
        ("GRANT pg_execute_server_program TO doubtful", "as the database server"),
    ],
)
def test_role_that_could_change_the_log_is_found(doubtful: str, given: str, said: str) -> None:
    assert found_as(doubtful) == []
    as_superuser(given)
    try:
        assert said in " ".join(found_as(doubtful))
    finally:
        as_superuser(
            "REVOKE DELETE ON audit_entry FROM PUBLIC", "ALTER TABLE audit_leaf OWNER TO countersign_owner",
            "ALTER FUNCTION audit_refuse_change() OWNER TO countersign_owner",
        )  # fmt: skip


def test_what_is_to_be_cleared_may_be_cleared(doubtful: str) -> None:
    as_superuser("GRANT UPDATE (content, salt, erased_by_id) ON audit_payload TO doubtful")
    assert found_as(doubtful) == []


def test_trigger_that_is_gone_is_missed(db: None) -> None:
    assert unguarded_tables(connection) == set()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER audit_leaf_is_never_truncated ON audit_leaf")
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_is_never_truncated")
    assert unguarded_tables(connection) == {"audit_leaf", "audit_entry"}


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("audit_entry", "DISABLE TRIGGER audit_entry_is_append_only"),
        ("audit_entry", "ENABLE TRIGGER audit_entry_has_its_payload"),
        ("audit_payload", "DISABLE TRIGGER audit_payload_is_only_erased"),
        ("audit_payload", "ENABLE REPLICA TRIGGER audit_payload_is_committed"),
        ("audit_delivery", "DISABLE TRIGGER audit_delivery_is_append_only"),
    ],
)
def test_trigger_that_does_not_fire_for_everybody_is_missed(db: None, table: str, change: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} {change}")
    assert unguarded_tables(connection) == {table}


def test_refusal_says_who_why_and_what_to_do(db: None) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        check_role()
    assert MIGRATOR in str(caught.value)
    assert "as the owner: have DATABASE_URL sign in as countersign_app; `manage.py audit roles`" in str(caught.value)
    assert str(caught.value).count(".") == 2  # that of manage.py, and the one at the end


def test_system_check_says_the_same(db: None) -> None:
    (found,) = [error for error in run_checks(databases=["default"], include_deployment_checks=True)
                if error.id == "audit.E001"]  # fmt: skip
    assert MIGRATOR in found.msg
    assert not [error for error in run_checks(databases=["default"]) if error.id == "audit.E001"]


def test_with_debug_on_it_warns(transactional_db: None, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.DEBUG = True
    begin("web server")
    assert f"{MIGRATOR}, which could disable the triggers" in caplog.text


def test_with_debug_off_it_refuses(transactional_db: None) -> None:
    with pytest.raises(StartRefused, match=MIGRATOR):
        begin("web server")
    assert not Entry.objects.exists()


# --- The entry -------------------------------------------------------------------------------


def test_start_is_recorded_with_its_settings_and_their_hash(db: None, settings: Any) -> None:
    settings.SEARCH_CUT_OFF = 0.35
    entry = record_start(service="sequencer")
    assert entry is not None
    said = entry.payload or {}
    assert said["settings"]["search_cut_off"] == "0.35"
    assert said["settings"]["debug"] is False
    assert said["settings"]["upload_max_bytes"] == settings.UPLOAD_MAX_BYTES
    assert said["settings_sha256"] == hashlib.sha256(rfc8785.dumps(said["settings"])).hexdigest()
    assert (said["service"], said["database_role"]) == ("sequencer", MIGRATOR)


@pytest.mark.parametrize("name", [n for n in SETTINGS if n != "DEBUG"])
def test_change_of_a_setting_shows(settings: Any, name: str) -> None:
    before = settings_that_matter()
    setattr(settings, name, "another")
    assert settings_that_matter() != before


def test_no_secret_and_no_address_goes_on_record(settings: Any) -> None:
    said = str(settings_that_matter())
    for private in (settings.SECRET_KEY, settings.REDIS_URL, str(settings.VAR_DIR), str(settings.DATABASES)):
        assert private not in said


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    """Be one of the processes that a server forks, again and again."""
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr("audit.same_start._parent_that_forked_me", lambda: "1 1")


@pytest.mark.usefixtures("forked")
def test_siblings_record_one_start_and_changed_settings_another(db: None, settings: Any) -> None:
    """As after `kill -HUP`: the parent is the same, what it serves with isn't."""
    before = record_start(service="web server")
    assert before is not None
    assert record_start(service="web server") is None
    settings.SEARCH_CUT_OFF = 0.11
    after = record_start(service="web server")
    assert after is not None
    assert (after.payload or {})["settings_sha256"] != (before.payload or {})["settings_sha256"]
    assert record_start(service="web server") is None


@pytest.mark.usefixtures("forked")
def test_another_version_is_another_start(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = record_start(service="web server")
    assert entry is not None
    assert (entry.payload or {})["version"] == running_version()
    monkeypatch.setattr("audit.startup.running_version", lambda: "99.0.0")
    assert record_start(service="web server") is not None


@pytest.mark.usefixtures("forked")
def test_start_that_could_not_be_recorded_is_recorded_by_the_next(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("audit.services.INSERT", "SELECT 1/0 WHERE 1 IN (" + ", ".join(["%s"] * 14) + ")")
        with pytest.raises(DatabaseError), transaction.atomic():
            record_start(service="web server")
    assert record_start(service="web server") is not None


def test_start_names_who_is_handed_the_checkpoints_without_what_is_secret_in_an_address(settings: Any) -> None:
    key = VerifierKey("witness.example/w1", bytes(range(32)), COSIGNATURE)
    settings.AUDIT_WITNESSES = [
        f"{key} https://witness.example/here", "https://hooks.example/secret?x=1", "press mailto:desk@press.example",
    ]  # fmt: skip
    settings.AUDIT_TSA_URL = "https://tsa.example/secret"
    said = settings_that_matter()
    assert said["audit_witnesses"] == [
        f"{key} cosigns https://witness.example",
        "hooks.example is posted to https://hooks.example",
        "press gets e-mail desk@press.example",
    ]
    assert said["audit_tsa_url"] == ["tsa.example (RFC 3161) stamps the time https://tsa.example"]
    assert "secret" not in str(said)


def test_witness_that_is_exchanged_shows(settings: Any) -> None:
    told = []
    for one in ("mailto:a@press.example", "mailto:b@press.example", "https://press.example"):
        settings.AUDIT_WITNESSES = [one]
        told.append(str(settings_that_matter()))
    assert len(set(told)) == 3


def test_what_no_entry_may_hold_is_left_out_of_a_witness(settings: Any) -> None:
    settings.AUDIT_WITNESSES = ["a;b https://a.example", f"{'long' * 200} https://b.example"]
    first, second = settings_that_matter()["audit_witnesses"]
    assert first == "a?b is posted to https://a.example"
    assert len(second) == LONGEST_TEXT


def test_witness_that_can_not_be_meant_keeps_from_serving(db: None, settings: Any) -> None:
    settings.AUDIT_WITNESSES = ["witness.example"]
    with pytest.raises(ImproperlyConfigured, match="AUDIT_WITNESSES, entry 1"):
        record_start(service="web server")
    assert not Entry.objects.exists()


def test_witness_that_can_not_be_meant_is_a_warning_with_debug_on(
    transactional_db: None, settings: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AUDIT_WITNESSES, settings.DEBUG = ["witness.example"], True
    monkeypatch.setattr("audit.startup.check_role", lambda: None)  # the tests are the owner, which is refused before
    begin("web server")
    assert "AUDIT_WITNESSES, entry 1" in caplog.text
    settings.DEBUG = False
    with pytest.raises(StartRefused, match="AUDIT_WITNESSES, entry 1"):
        begin("web server")


# --- Real processes --------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def web_server(url: str, log: Path, port: int, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run gunicorn as production does, DEBUG off."""
    said = os.environ | environment() | {"DATABASE_URL": url, "DEBUG": "false"} | more
    with log.open("wb") as out:
        process = subprocess.Popen(commands(port, concurrency=1)["web server"], stdout=out, stderr=out, env=said)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def superusers_url() -> str:
    return of_the_tests("APP_DATABASE_URL").replace(APP, "postgres")


@pytest.mark.parametrize("url", [lambda: of_the_tests("OWNER_DATABASE_URL"), superusers_url])
def test_web_server_does_not_serve_as_a_role_that_could_undo_the_log(
    transactional_db: None, tmp_path: Path, url: Any
) -> None:
    with web_server(url(), tmp_path / "log", free_port()) as process:
        assert process.wait(240) != 0
    assert "Countersign doesn't serve as the database role" in (tmp_path / "log").read_text()
    assert not Entry.objects.filter(kind="audit:service:started/1").exists()


def answers(port: int) -> bool:
    """Whether anything is served; the pages themselves need files that only `make setup` collects."""
    try:
        urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=5).close()
    except HTTPError:
        return True
    except OSError:
        return False
    return True


def test_web_server_serves_as_the_role_of_the_web_and_records_its_start_once(
    transactional_db: None, tmp_path: Path
) -> None:
    port = free_port()
    with web_server(of_the_tests("APP_DATABASE_URL"), tmp_path / "log", port):
        until = time.monotonic() + 240
        while not answers(port):
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            time.sleep(0.2)
        time.sleep(1)  # the second of its processes is there by then
    entry = Entry.objects.get(kind="audit:service:started/1")
    assert (entry.payload or {})["database_role"] == APP


@pytest.mark.slow
def test_database_that_is_away_is_waited_for_and_then_refused() -> None:
    said = os.environ | {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "DEBUG": "false"}
    began = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-c", "from config.wsgi import application"], env=said, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode != 0
    assert time.monotonic() - began > WAIT_SECONDS
    assert "The database can't be asked what this role may do" in ran.stderr


@pytest.mark.slow
def test_worker_does_not_start_as_the_owner(transactional_db: None, tmp_path: Path) -> None:
    said = os.environ | environment() | {"DATABASE_URL": of_the_tests("OWNER_DATABASE_URL"), "DEBUG": "false"}
    command = commands(0, concurrency=1)["worker"]
    ran = subprocess.run(command, env=said, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode != 0
    assert "Countersign doesn't serve as the database role" in ran.stderr
