"""Exports through the real processes: from the page to a file that verifies, whatever ends in between."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Agency, Role, User
from audit.models import Entry, Export
from audit.verify import verify
from config.celery import app as celery
from identification.models import Case, Photograph
from identification.services.encoders import activate_encoder
from tests import factories
from tests.audit_fixtures import write_entries
from tests.stack import Worker, no_job_waits, stack, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ABROAD = 2


@pytest.fixture(autouse=True)
def _of_one_folder(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    """Test and processes keep exports in one folder. One without a sequencer stands still, as a long one would."""
    settings.EXPORT_DIR = tmp_path / "exports"
    monkeypatch.setenv("EXPORT_DIR", str(settings.EXPORT_DIR))
    monkeypatch.setenv("EXPORT_LEASE_SECONDS", "5")
    monkeypatch.setenv("EXPORT_WAIT_SECONDS", "600")
    monkeypatch.setattr("audit.exporting.jobs._silent_until", 0.0)


def ask(page: Client) -> Export:
    assert page.post(reverse("audit:exports"), {"format": "bundle"}).status_code == 302
    return Export.objects.latest("asked_at")


def shows(page: Client, words: str) -> bool:
    return words in page.get(reverse("audit:exports")).content.decode()


def sweep() -> None:
    """Do as the scheduler does each half minute, for those that were called for a minute ago."""
    Export.objects.update(woken_at=timezone.now() - timedelta(minutes=5))
    celery.send_task("audit.tasks.sweep_exports")


def files(export: Export) -> set[str]:
    return {path.name for path in export.file.parent.iterdir()}


def in_state(*exports: Export) -> list[str]:
    states = dict(Export.objects.values_list("pk", "state"))
    return [states[export.pk] for export in exports]


def started() -> list[str]:
    entries = Entry.objects.filter(kind="audit:service:started/1", actor=None).select_related("said")
    return sorted((entry.payload or {})["service"] for entry in entries)


def test_what_was_asked_for_on_the_page_ends_as_a_file_that_verifies(
    auditor: User, browser_of: Callable[[User], Client], settings: Any, tmp_path: Path
) -> None:
    write_entries(auditor, 300)
    page, file = browser_of(auditor), tmp_path / "log.zip"
    with stack(0, names=("exporter", "sequencer"), logs=tmp_path) as processes:
        export = ask(page)
        wait_until(lambda: shows(page, "Download"), seconds=120, what="the page offers the file")
        processes.check()
    answer = page.get(reverse("audit:download-export", args=[export.pk]))
    file.write_bytes(b"".join(answer.streaming_content))
    alone = [sys.executable, "-I", str(settings.BASE_DIR / "audit" / "verify.py"), str(file)]
    ran = subprocess.run(alone, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert started() == ["exporter", "sequencer"]
    assert "Recognition on" not in (tmp_path / "exporter.log").read_text(), "it needs no models"


def test_export_of_a_killed_exporter_is_begun_anew_and_then_the_one_that_waited(
    auditor: User, browser_of: Callable[[User], Client], tmp_path: Path
) -> None:
    page = browser_of(auditor)
    with Worker(tmp_path / "exporter.log", "exporter") as exporter:
        first, second = ask(page), ask(page)
        wait_until(lambda: in_state(first) == ["running"], seconds=60, what="the first is being written")
        assert shows(page, "Waits for another export of your agency")
        exporter.kill()
        wait_until(lambda: shows(page, "Interrupted"), seconds=30, what="the page says that nobody is at it")
        exporter.restart()
        with stack(0, names=("sequencer",), logs=tmp_path):
            sweep()
            wait_until(lambda: in_state(first, second) == ["ready"] * 2, seconds=120, what="both are written")
            sweep()
            wait_until(lambda: len(files(first)) == 2, seconds=60, what="what was left half written is removed")
        exporter.stop()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.attempts, second.attempts) == (2, 1)
    assert first.finished_at < second.finished_at
    assert all(verify(export.file).ok for export in (first, second))
    assert files(first) == {first.file.name, second.file.name}


def test_photographs_wait_for_no_export(
    requester: User, auditor: User, case: Case, person_with: Callable[..., User],
    browser_of: Callable[[User], Client], tmp_path: Path,
) -> None:  # fmt: skip
    """More exports than the worker has processes are asked for first; one is being written, the others wait."""
    activate_encoder(actor=None, name="dlib-resnet-v1")
    celery.control.purge()
    agencies = [Agency.objects.create(name=f"Bureau {n}", code=f"bureau-{n}") for n in range(ABROAD)]
    others = [person_with(f"auditor-{each.code}", Role.AUDITOR, agency=each) for each in agencies]
    with stack(0, names=("worker", "exporter"), logs=tmp_path) as processes:
        exports = [ask(browser_of(each)) for each in (auditor, *others)]
        wait_until(lambda: "running" in in_state(*exports), seconds=60, what="an export is being written")
        sent = {"files": [factories.picture_file()]}
        browser_of(requester).post(reverse("identification:add-photographs", args=[case.pk]), sent)
        wait_until(no_job_waits, seconds=180, what="the photograph is read")
        processes.check()
        assert sorted(in_state(*exports)) == ["running", "waiting", "waiting"]
    assert Photograph.objects.get().state == Photograph.State.ANALYSED
