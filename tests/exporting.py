"""Exports in a test's own process: the sequencer takes its turn whenever an export waits for it."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from audit.exporting import jobs
from audit.models import Entry, Export
from audit.selectors import NO_FILTERS, Filters
from audit.tasks import run_export
from audit.verify import Verdict, verify
from tests import node
from tests.sequencing import signed


@pytest.fixture(autouse=True)
def sequencer(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    """Let the real sequencer's code run while an export would sleep, and keep files in the test's own folder."""
    settings.EXPORT_DIR = tmp_path / "exports"
    settings.EXPORT_WAIT_SECONDS = 5
    monkeypatch.setattr("audit.exporting.waiting.pause", signed)
    monkeypatch.setattr("audit.exporting.jobs.celery.send_task", lambda *_, **__: None)


def asked(actor: User, form: str = "bundle", filters: Filters = NO_FILTERS, hold: tuple[int, ...] = ()) -> Export:
    return jobs.ask_export(actor=actor, form=form, filters=filters, hold=hold)


def exported(actor: User, form: str = "bundle", filters: Filters = NO_FILTERS, hold: tuple[int, ...] = ()) -> Export:
    """Ask for an export and let a worker write it."""
    return worked(asked(actor, form, filters, hold))


def worked(export: Export) -> Export:
    run_export(str(export.pk))
    export.refresh_from_db()
    return export


def held(export: Export) -> Verdict:
    """Return the verdict on a bundle, which must be good."""
    assert export.state == Export.State.READY, (export.state, export.reason)
    verdict = verify(export.file)
    assert verdict.ok, verdict.sentence
    return verdict


def held_by_both(export: Export) -> Verdict:
    """Return the verdict on a bundle, which must be good by the JavaScript verifier too."""
    verdict = held(export)
    with node.verifier() as javascript:
        second = javascript.verdict(export.file)
    assert second["verdict"] == "holds", second
    assert {one: second["facts"][other] for one, other in node.SAME_FACTS.items()} == {
        one: verdict.facts[one] for one in node.SAME_FACTS
    }
    return verdict


def unpacked(export: Export, folder: Path) -> Path:
    """Unpack a bundle into a folder, as its README says."""
    with zipfile.ZipFile(export.file) as bundle:
        bundle.extractall(folder)
    return folder


def member(file: Path, name: str) -> bytes:
    with zipfile.ZipFile(file) as bundle:
        return bundle.read(name)


def members(file: Path, folder: str) -> dict[str, bytes]:
    """Return the files of a folder in a bundle."""
    with zipfile.ZipFile(file) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist() if name.startswith(folder)}


def lines(file: Path, name: str = "entries.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in member(file, name).decode().split("\n")[:-1]]


def shown(file: Path, name: str = "entries.jsonl") -> list[dict[str, Any]]:
    """Return the lines of the entries that a bundle shows."""
    return [line for line in lines(file, name) if "entry" in line]


def uids(file: Path) -> list[str]:
    return [line["entry"]["uid"] for line in shown(file)]


def uids_of(entries: Any, below: int | None = None) -> set[str]:
    """Return the uids of those entries that have a place (below a size)."""
    found: Callable[..., Any] = Entry.objects.filter
    places = {"place__index__lt": below} if below is not None else {"place__isnull": False}
    return {str(uid) for uid in found(pk__in=entries.values("pk"), **places).values_list("uid", flat=True)}
