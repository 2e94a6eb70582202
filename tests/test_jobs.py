"""Work that is owed: the row in PostgreSQL is the truth, and what is done is done once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import User
from audit.models import Entry
from identification import tasks
from identification.errors import LeaseLost
from identification.models import Case, Embedding, Encoder, Face, Job, Photograph, Probe, Search
from identification.selectors import progress_of
from identification.services import analysis, encoders, intake, jobs, probes
from identification.services.jobs import claim_job, finish_job
from identification.services.work import run_job
from tests import factories
from tests.conftest import StandInModels
from tests.job_steps import job_of, time_passes
from tests.recognition import reading
from tests.threads import in_threads

# Written together, called afterwards


def test_job_is_written_with_its_photograph_and_called_after_the_commit(
    case: Case, requester: User, calls: list[str], django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        photograph = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
        job = job_of(photograph)
        assert (job.state, job.attempts) == (Job.State.DUE, 0)
        assert not calls
    assert calls == [str(job.pk)]


def test_rollback_leaves_neither_photograph_nor_job(
    case: Case, requester: User, calls: list[str], monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("no job can be written")

    monkeypatch.setattr(intake, "open_job", fail)
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(RuntimeError):
        intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    assert not Photograph.objects.exists()
    assert not Job.objects.exists()
    assert not calls


def test_call_that_fails_is_no_failure_of_the_upload(
    case: Case, requester: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("no Redis")

    monkeypatch.setattr(jobs, "_silent_until", 0.0)
    monkeypatch.setattr(jobs.celery, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        photograph = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    assert job_of(photograph).state == Job.State.DUE


def test_broker_that_is_away_is_asked_once_for_many_files_and_again_later(
    case: Case, requester: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks
) -> None:
    asked: list[object] = []

    def refuse(*_: object, **__: object) -> None:
        asked.append(1)
        raise OperationalError("no Redis")

    monkeypatch.setattr(jobs, "_silent_until", 0.0)
    monkeypatch.setattr(jobs.celery, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(5):
            intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    assert len(asked) == 1
    monkeypatch.setattr(jobs, "SILENT_SECONDS", 0)
    monkeypatch.setattr(jobs, "_silent_until", 0.0)
    for job in Job.objects.all():
        jobs.call_worker(job.pk)
    assert len(asked) == 6


def test_only_one_job_is_open_for_a_photograph(photograph: Photograph) -> None:
    with pytest.raises(IntegrityError, match="job_one_open_per_subject"):
        Job.objects.create(kind=Job.Kind.ANALYSE_PHOTOGRAPH, subject_id=photograph.pk)


def test_leased_job_without_a_lease_is_refused_by_the_database(photograph: Photograph) -> None:
    with pytest.raises(IntegrityError, match="job_lease_only_while_leased"):
        Job.objects.filter(subject_id=photograph.pk).update(state=Job.State.LEASED)


# Claimed by one, done once


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_claims_the_job(requester: User, calls: list[str]) -> None:
    case = factories.open_case(requester)
    for _ in range(5):
        photograph = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
        job = job_of(photograph)
        claims = [claim for claim in in_threads(8, lambda _, pk=job.pk: claim_job(pk)) if claim]
        assert len(claims) == 1
        job.refresh_from_db()
        assert (job.state, job.attempts, job.lease) == (Job.State.LEASED, 1, claims[0].lease)


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_write_one_face_and_one_entry(
    requester: User, models: StandInModels, random_vectors: Callable[[], Any], calls: list[str]
) -> None:
    models.vectors = [random_vectors()]
    case = factories.open_case(requester)
    photograph = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    pk = job_of(photograph).pk
    in_threads(6, lambda _: run_job(job_id=pk))
    assert len(models.seen) == 1
    assert Face.objects.count() == Embedding.objects.count() == Probe.objects.count() == 1
    assert Entry.objects.filter(kind="identification:photograph:analysed/1").count() == 1


def test_running_a_job_twice_does_nothing_the_second_time(
    photograph: Photograph, models: StandInModels, random_vectors: Callable[[], Any]
) -> None:
    models.vectors = [random_vectors()]
    job = job_of(photograph)
    for _ in range(3):
        tasks.run_job(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.attempts, len(models.seen)) == (Job.State.DONE, 1, 1)
    assert photograph.faces.count() == 1
    search = Job.objects.get(kind=Job.Kind.SEARCH_PROBE)
    for _ in range(3):
        tasks.run_job(str(search.pk))
    assert Search.objects.count() == 1


def test_job_that_does_not_exist_is_no_error(db: None) -> None:
    run_job(job_id=uuid4())
    assert not Job.objects.exists()


# Lost leases


def test_worker_that_lost_its_lease_writes_nothing(
    photograph: Photograph, encoder: Encoder, random_vectors: Callable[[], Any]
) -> None:
    slow = claim_job(job_of(photograph).pk)
    time_passes(1000)
    quick = claim_job(slow.pk)
    assert quick.lease != slow.lease
    write = {
        "photograph": photograph,
        "image": analysis.Image.new("RGB", (64, 64)),
        "encoders": [encoder],
        "readings": [reading(factories.FOUND, encoder, random_vectors())],
        "detector": "test 1",
    }
    with pytest.raises(LeaseLost):
        analysis._write(job=slow, **write)
    assert not photograph.faces.exists()
    analysis._write(job=quick, **write)
    with pytest.raises(LeaseLost), transaction.atomic():
        analysis._write(job=slow, **write)
    assert photograph.faces.count() == 1
    assert Embedding.objects.count() == 1


@pytest.mark.parametrize("failure", [None, RuntimeError("too late"), encoders.NoActiveEncoder("not here")])
def test_worker_overtaken_while_it_worked_ends_quietly_and_changes_nothing(
    photograph: Photograph, models: StandInModels, monkeypatch: pytest.MonkeyPatch, failure: Exception | None
) -> None:
    overtaken: list[Job] = []

    def overtake(image: object) -> list[object]:
        time_passes(1000)
        overtaken.append(claim_job(job_of(photograph).pk))
        if failure:
            raise failure
        return []

    monkeypatch.setattr(models, "detect", overtake)
    run_job(job_id=job_of(photograph).pk)
    job = job_of(photograph)
    assert (job.state, job.lease, job.attempts) == (Job.State.LEASED, overtaken[0].lease, 2)
    photograph.refresh_from_db()
    assert photograph.state == Photograph.State.WAITING


def test_lease_lasts_as_long_as_the_setting_says(photograph: Photograph, settings) -> None:
    settings.JOB_LEASE_SECONDS = 30
    job = claim_job(job_of(photograph).pk)
    assert timedelta(seconds=28) < job.leased_until - timezone.now() <= timedelta(seconds=30)
    assert claim_job(job.pk) is None
    time_passes(31)
    assert claim_job(job.pk)


def test_finished_job_is_never_claimed_again(photograph: Photograph) -> None:
    finish_job(claim_job(job_of(photograph).pk))
    time_passes(10_000)
    assert claim_job(job_of(photograph).pk) is None


# Choosing a face


@pytest.mark.django_db(transaction=True)
def test_two_people_who_choose_the_same_face_at_once_make_one_probe(
    requester: User, models: StandInModels, random_vectors: Callable[[], Any], calls: list[str]
) -> None:
    case = factories.open_case(requester)
    photograph = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    models.vectors = [random_vectors(), random_vectors()]
    run_job(job_id=job_of(photograph).pk)
    face = photograph.faces.first()
    assert not Probe.objects.exists(), "a person says which of several faces is asked about"

    def choose(_: int) -> str:
        try:
            return type(probes.choose_probe(actor=requester, face=Face.objects.get(pk=face.pk))).__name__
        except probes.NotSearchable as error:
            return str(error)

    results = in_threads(4, choose)
    assert sorted(results) == ["Probe"] + ["This face is being searched for already."] * 3
    assert Job.objects.filter(kind=Job.Kind.SEARCH_PROBE).count() == 1


def test_photograph_without_a_face_is_analysed_and_asks_for_nothing(
    photograph: Photograph, models: StandInModels
) -> None:
    run_job(job_id=job_of(photograph).pk)
    photograph.refresh_from_db()
    assert photograph.state == Photograph.State.ANALYSED
    assert not Probe.objects.exists()
    assert analysis.storage.derivative_path(photograph.pk).exists()


def test_another_agencys_progress_is_empty(case: Case, photograph: Photograph, outsider: User) -> None:
    assert progress_of(outsider, case).total == 0
    assert progress_of(case.opened_by, case).total == 1
