"""Work that fails is tried again, costs no attempt where it isn't to blame, and is set aside where people see it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from accounts.models import User
from audit.models import Entry
from identification.models import Case, Encoder, Job, Photograph, Probe, Search
from identification.selectors import progress_of
from identification.services import analysis, intake, probes
from identification.services.work import reconcile, run_job
from tests import factories
from tests.conftest import StandInModels
from tests.job_steps import job_of, time_passes


def test_attempts_are_counted_before_each_try(photograph: Photograph, models: StandInModels) -> None:
    counted: list[int] = []

    def fail(image: object) -> None:
        counted.append(job_of(photograph).attempts)
        raise RuntimeError("broken")

    models.detect = fail  # type: ignore[method-assign]
    for _ in range(5):
        run_job(job_id=job_of(photograph).pk)
    assert counted == [1, 2, 3]


def test_poisonous_photograph_is_set_aside_after_three_attempts_and_others_go_on(
    photograph: Photograph,
    case: Case,
    requester: User,
    models: StandInModels,
    random_vectors: Callable[[], Any],
    client: Client,
) -> None:
    other = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    models.failure = RuntimeError("poison")
    for attempt in (1, 2):
        run_job(job_id=job_of(photograph).pk)
        job = job_of(photograph)
        assert (job.state, job.attempts, job.last_error) == (Job.State.DUE, attempt, "RuntimeError: poison")
    run_job(job_id=job_of(photograph).pk)
    assert job_of(photograph).state == Job.State.QUARANTINED
    photograph.refresh_from_db()
    assert photograph.state == Photograph.State.QUARANTINED
    assert "failed 3 times" in photograph.reason
    assert photograph.reason.count(".") >= 2, "says what is wrong and what to do"
    entry = Entry.objects.get(kind="identification:photograph:quarantined/1")
    assert entry.payload == {"attempts": 3, "requested_by": requester.pk}
    models.failure, models.vectors = None, [random_vectors()]
    run_job(job_id=job_of(other).pk)
    assert job_of(other).state == Job.State.DONE
    client.force_login(requester)
    assert escape(photograph.reason) in client.get(case.get_absolute_url()).content.decode()


def test_failed_job_is_called_again_after_a_pause(
    photograph: Photograph, models: StandInModels, calls: list[str], django_capture_on_commit_callbacks
) -> None:
    """A short fault would otherwise use up the attempts of a whole backlog within seconds."""
    models.failure = RuntimeError("once")
    with django_capture_on_commit_callbacks(execute=True):
        run_job(job_id=job_of(photograph).pk)
        reconcile()
    assert calls == []
    Job.objects.update(woken_at=timezone.now() - timedelta(minutes=5))
    reconcile()
    assert calls == [str(job_of(photograph).pk)]


def test_disk_that_is_away_costs_no_attempt(photograph: Photograph, models: StandInModels) -> None:
    kept = analysis.storage.original_path(photograph.sha256)
    away = kept.rename(kept.with_name("away"))
    for _ in range(5):
        run_job(job_id=job_of(photograph).pk)
    assert job_of(photograph).attempts == 0
    away.rename(kept)
    run_job(job_id=job_of(photograph).pk)
    photograph.refresh_from_db()
    assert photograph.state == Photograph.State.ANALYSED


def test_photograph_that_was_set_aside_can_be_tried_again(
    photograph: Photograph, models: StandInModels, requester: User
) -> None:
    models.failure = RuntimeError("always")
    for _ in range(3):
        run_job(job_id=job_of(photograph).pk)
    models.failure = None
    photograph.refresh_from_db()
    assert photograph.state == Photograph.State.QUARANTINED
    intake.try_again(actor=requester, photograph=photograph)
    again = Job.objects.get(subject_id=photograph.pk, state=Job.State.DUE)
    run_job(job_id=again.pk)
    photograph.refresh_from_db()
    assert (photograph.state, photograph.reason) == (Photograph.State.ANALYSED, "")


def test_original_whose_bytes_changed_is_not_analysed(photograph: Photograph, models: StandInModels) -> None:
    analysis.storage.original_path(photograph.sha256).write_bytes(b"other bytes")
    run_job(job_id=job_of(photograph).pk)
    photograph.refresh_from_db()
    assert photograph.state == Photograph.State.REFUSED
    assert "restore it from a backup" in photograph.reason


def test_models_that_cannot_be_loaded_cost_no_attempt(
    photograph: Photograph, encoder: Encoder, monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no such file")

    monkeypatch.setattr("identification.recognition.runtime.encoder", fail)
    for _ in range(5):
        run_job(job_id=job_of(photograph).pk)
    job = job_of(photograph)
    assert (job.state, job.attempts) == (Job.State.DUE, 0)
    assert job.last_error.endswith("can't be loaded here: no such file")
    assert not calls, "the reconciler calls for it later; calling at once would turn in circles"
    time_passes(61)
    assert reconcile() == 1


def test_without_an_active_encoder_photographs_and_searches_wait(
    photograph: Photograph, encoder: Encoder, random_vectors: Callable[[], Any]
) -> None:
    factories.analysed(photograph, encoder, random_vectors())
    search = Job.objects.get(kind=Job.Kind.SEARCH_PROBE)
    Encoder.objects.update(active=False)
    run_job(job_id=search.pk)
    search.refresh_from_db()
    assert (search.state, search.attempts) == (Job.State.DUE, 0)
    assert "manage.py encoder activate" in search.last_error
    Encoder.objects.update(active=True)
    run_job(job_id=search.pk)
    assert Search.objects.count() == 1


def test_search_that_always_fails_is_set_aside_where_people_see_it_and_can_be_asked_for_again(
    photograph: Photograph,
    case: Case,
    requester: User,
    encoder: Encoder,
    random_vectors: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
    client: Client,
) -> None:
    factories.analysed(photograph, encoder, random_vectors())
    probe = Probe.objects.get()
    job = Job.objects.get(kind=Job.Kind.SEARCH_PROBE)

    def fail(**_: object) -> None:
        raise RuntimeError("search is broken")

    with monkeypatch.context() as patch:
        patch.setattr("identification.services.search.compare_exactly", fail)
        for _ in range(3):
            run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.last_error) == (Job.State.QUARANTINED, "RuntimeError: search is broken")
    photograph.refresh_from_db()
    assert photograph.state == Photograph.State.ANALYSED, "the photograph is not to blame"
    assert not Search.objects.exists()
    (shown,) = progress_of(requester, case).photographs
    assert [face.search_state for face in shown.faces.all()] == ["failed"]
    assert not progress_of(requester, case).under_way
    client.force_login(requester)
    assert "The search could not be done" in client.get(case.get_absolute_url()).content.decode()
    again = probes.search_again(actor=requester, probe=probe)
    run_job(job_id=again.pk)
    assert Search.objects.count() == 1
