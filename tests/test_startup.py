"""Countersign serves only as a role that can't undo what is on record, and says with which settings it was started."""

import hashlib
import json
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
from django.db import DatabaseError, transaction

from audit.kinds import LONGEST_TEXT
from audit.models import Entry, SigningKey
from audit.notes import COSIGNATURE, VerifierKey
from audit.program import source_sha256
from audit.startup import (
    SETTINGS,
    WAIT_SECONDS,
    StartRefused,
    begin,
    check_database,
    record_start,
    running_version,
    settings_that_matter,
)
from config.processes import commands
from config.roles import APP, MIGRATOR, SEQUENCER
from tests.stack import environment, of_the_tests


def test_refusal_says_who_why_and_what_to_do(db: None) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        check_database("web server")
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
    assert f"{MIGRATOR}, which could drop the database" in caplog.text


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
    assert said["source_sha256"] == source_sha256(settings.BASE_DIR)


@pytest.mark.parametrize("name", [n for n in SETTINGS if n != "DEBUG"])
def test_change_of_a_setting_shows(settings: Any, name: str) -> None:
    before = settings_that_matter()
    setattr(settings, name, "another")
    assert settings_that_matter() != before


# Each stands in one setting only, so that each that goes on record is found by itself.
PRIVATE = {
    "DATABASE_URL": "postgres://web-login:web-secret@web-host.example:15432/web-base",
    "SEQUENCER_DATABASE_URL": "postgres://seq-login:seq-secret@seq-host.example:15433/seq-base",
    "EMAIL_URL": "smtp://mail-login:mail-secret@mail-host.example:1525",
    "REDIS_URL": "redis://redis-login:redis-secret@redis-host.example:16379/0",
    "DEFAULT_FROM_EMAIL": "from-box@from-host.example",
    "AUDIT_WITNESSES": "mailto:witness-box@witness-host.example,https://hooks.example/hook-secret",
    "AUDIT_TSA_URL": "https://tsa.example/stamp-secret",
    "SECRET_KEY": "key-secret",
    "AUDIT_TSA_CERTIFICATES": "/certificate-folder/file.pem",
    "AUDIT_KEY_FILE": "/key-folder/file.pem",
}
SAY_SETTINGS = """
import django, json
django.setup()
from django.conf import settings
from audit.startup import settings_that_matter
database, sequencer = settings.DATABASES["default"], settings.SEQUENCER_DATABASE
set_to = [each[part] for each in (database, sequencer) for part in ("USER", "PASSWORD", "HOST")]
set_to += [settings.EMAIL_HOST, settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD, settings.DEFAULT_FROM_EMAIL]
print(json.dumps([set_to, settings_that_matter()]))
"""


@pytest.mark.slow
def test_no_secret_and_nobodys_address_goes_on_record() -> None:
    said = os.environ | PRIVATE | {"DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "false"}
    ran = subprocess.run(
        [sys.executable, "-c", SAY_SETTINGS], env=said, capture_output=True, text=True, timeout=120, check=True
    )
    set_to, recorded = json.loads(ran.stdout)
    private = re.findall(r"[a-z]+-(?:login|secret|host|base|box|folder)", " ".join(PRIVATE.values()))
    assert {word for word in private if any(word in value for value in set_to)} == {
        "web-login", "web-secret", "web-host", "seq-login", "seq-secret", "seq-host", "mail-login", "mail-secret",
        "mail-host", "from-box", "from-host",
    }, "they are what the process was set to"  # fmt: skip
    assert [word for word in private if word in str(recorded)] == []
    assert recorded["audit_witnesses"][1] == "hooks.example is posted to https://hooks.example"


def test_certificates_of_the_time_stamps_are_on_record_by_hash(settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_TSA_CERTIFICATES = ""
    assert settings_that_matter()["audit_tsa_certificates"] == "none"
    file = tmp_path / "certificates.pem"
    settings.AUDIT_TSA_CERTIFICATES = str(file)
    assert settings_that_matter()["audit_tsa_certificates"] == "unreadable"
    file.write_bytes(b"certificates")
    assert settings_that_matter()["audit_tsa_certificates"] == hashlib.sha256(b"certificates").hexdigest()


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
def test_a_changed_program_is_another_start(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert record_start(service="web server") is not None
    assert record_start(service="web server") is None
    monkeypatch.setattr("audit.startup.source_sha256", lambda _: "0" * 64)
    entry = record_start(service="web server")
    assert entry is not None
    assert (entry.payload or {})["source_sha256"] == "0" * 64


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
        f"press gets e-mail sha256:{hashlib.sha256(b'desk@press.example').hexdigest()}",
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
    monkeypatch.setattr(
        "audit.startup.check_database", lambda _: None
    )  # the tests are the owner, which is refused before
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


@pytest.mark.slow
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


@pytest.mark.slow
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
@pytest.mark.parametrize("name", ["APP_DATABASE_URL", "OWNER_DATABASE_URL"])
def test_sequencer_runs_as_nobody_else(transactional_db: None, name: str) -> None:
    said = os.environ | environment() | {"SEQUENCER_DATABASE_URL": of_the_tests(name), "DEBUG": "false"}
    ran = subprocess.run(
        [sys.executable, "manage.py", "audit", "sequence"], env=said, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "have SEQUENCER_DATABASE_URL sign in as countersign_sequencer" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not Entry.objects.exists()
    assert not SigningKey.objects.exists()


@pytest.mark.slow
def test_web_server_does_not_serve_as_the_sequencer(transactional_db: None, tmp_path: Path) -> None:
    with web_server(of_the_tests("SEQUENCER_DATABASE_URL"), tmp_path / "log", free_port()) as process:
        assert process.wait(240) != 0
    assert f"the database role {SEQUENCER}, which is that of the sequencer" in (tmp_path / "log").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["worker", "exporter"])
def test_worker_does_not_start_as_the_owner(transactional_db: None, tmp_path: Path, name: str) -> None:
    said = os.environ | environment() | {"DATABASE_URL": of_the_tests("OWNER_DATABASE_URL"), "DEBUG": "false"}
    command = commands(0, concurrency=1)[name]
    ran = subprocess.run(command, env=said, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode != 0
    assert "Countersign doesn't serve as the database role" in ran.stderr
