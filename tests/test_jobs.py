"""Work that is owed: the row in PostgreSQL is the truth, and what is done is done once."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from kombu.exceptions import OperationalError

from accounts.models import User
from audit.models import Entry
from identification import tasks
from identification.errors import LeaseLost
from identification.models import Case, Embedding, Encoder, Face, Job, Photograph, Probe, Search
from identification.selectors import progress_of
from identification.services import analysis, encoders, intake, jobs, probes
from identification.services.jobs import call_for_waiting_jobs, claim_job, finish_job
from identification.services.work import reconcile, run_job
from tests import factories
from tests.conftest import StandInModels
from tests.test_intake import in_threads


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the jobs for which a worker is called, at the edge to the broker."""
    sent: list[str] = []
    monkeypatch.setattr(jobs, "_silent_until", 0.0)
    monkeypatch.setattr(jobs.celery, "send_task", lambda name, args, **_: sent.append(args[0]))
    return sent


def job_of(photograph: Photograph) -> Job:
    return Job.objects.get(kind=Job.Kind.ANALYSE_PHOTOGRAPH, subject_id=photograph.pk)


def time_passes(seconds: float) -> None:
    """Move every job into the past."""
    ago = timedelta(seconds=seconds)
    for job in Job.objects.all():
        until = job.leased_until and job.leased_until - ago
        Job.objects.filter(pk=job.pk).update(woken_at=job.woken_at - ago, leased_until=until)


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
        "encoder": encoder,
        "findings": [(factories.FOUND, random_vectors())],
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

    monkeypatch.setattr(models, "analyse", overtake)
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


# Failing


def test_attempts_are_counted_before_each_try(photograph: Photograph, models: StandInModels) -> None:
    counted: list[int] = []

    def fail(image: object) -> None:
        counted.append(job_of(photograph).attempts)
        raise RuntimeError("broken")

    models.analyse = fail  # type: ignore[method-assign]
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
    assert json.loads(entry.canonical)["payload"] == {"attempts": 3}
    models.failure, models.vectors = None, [random_vectors()]
    run_job(job_id=job_of(other).pk)
    assert job_of(other).state == Job.State.DONE
    client.force_login(requester)
    assert escape(photograph.reason) in client.get(case.get_absolute_url()).content.decode()


def test_failed_job_is_called_again_at_once(
    photograph: Photograph, models: StandInModels, calls: list[str], django_capture_on_commit_callbacks
) -> None:
    models.failure = RuntimeError("once")
    with django_capture_on_commit_callbacks(execute=True):
        run_job(job_id=job_of(photograph).pk)
    assert calls == [str(job_of(photograph).pk)]


def test_missing_original_is_set_aside_too(photograph: Photograph, models: StandInModels) -> None:
    analysis.storage.original_path(photograph.sha256).unlink()
    for _ in range(3):
        run_job(job_id=job_of(photograph).pk)
    photograph.refresh_from_db()
    assert photograph.state == Photograph.State.QUARANTINED


def test_models_that_cannot_be_loaded_cost_no_attempt(
    photograph: Photograph, encoder: Encoder, monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no such file")

    monkeypatch.setattr("identification.recognition.runtime.get", fail)
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


# The reconciler


def test_job_whose_lease_ran_out_is_called_again_and_done(
    photograph: Photograph, models: StandInModels, calls: list[str]
) -> None:
    job = claim_job(job_of(photograph).pk)
    assert reconcile() == 0
    time_passes(1000)
    assert reconcile() == 1
    assert calls == [str(job.pk)]
    run_job(job_id=job.pk)
    assert (job_of(photograph).state, job_of(photograph).attempts) == (Job.State.DONE, 2)


@pytest.mark.parametrize("kind", ["photograph", "search"])
def test_job_whose_worker_died_without_a_word_at_the_last_attempt_is_set_aside(
    photograph: Photograph, encoder: Encoder, random_vectors: Callable[[], Any], calls: list[str], kind: str
) -> None:
    if kind == "search":
        factories.analysed(photograph, encoder, random_vectors())
    job = Job.objects.get(state=Job.State.DUE)
    for _ in range(3):
        assert claim_job(job.pk)
        time_passes(1000)
    assert claim_job(job.pk) is None
    assert reconcile() == 0
    assert not calls
    job.refresh_from_db()
    assert job.state == Job.State.QUARANTINED
    assert "without a word" in job.last_error
    photograph.refresh_from_db()
    assert (photograph.state == Photograph.State.QUARANTINED) == (kind == "photograph")
    assert reconcile() == 0
    assert Entry.objects.filter(kind="identification:photograph:quarantined/1").count() == (kind == "photograph")


def test_worker_that_still_holds_its_last_lease_is_left_alone(photograph: Photograph) -> None:
    for _ in range(3):
        job = claim_job(job_of(photograph).pk)
        if job.attempts < 3:
            time_passes(1000)
    reconcile()
    assert job_of(photograph).lease == job.lease


def test_each_forgotten_job_is_called_once_per_round(case: Case, requester: User, calls: list[str]) -> None:
    for _ in range(7):
        intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    assert reconcile() == 0, "called moments ago when they were committed"
    time_passes(61)
    assert reconcile() == 7
    assert sorted(calls) == sorted(str(pk) for pk in Job.objects.values_list("pk", flat=True))
    assert [reconcile() for _ in range(5)] == [0] * 5
    time_passes(61)
    assert reconcile() == 7


def test_a_round_never_floods_the_broker(
    case: Case, requester: User, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Job.objects.bulk_create(Job(kind=Job.Kind.ANALYSE_PHOTOGRAPH, subject_id=uuid4()) for _ in range(1200))
    time_passes(61)
    rounds = []
    while called := call_for_waiting_jobs():
        rounds.append(called)
    assert rounds == [500, 500, 200]
    assert len(calls) == len(set(calls)) == 1200


def test_finished_and_set_aside_jobs_are_never_called(photograph: Photograph, calls: list[str]) -> None:
    Job.objects.update(state=Job.State.QUARANTINED)
    Job.objects.create(kind=Job.Kind.SEARCH_PROBE, subject_id=uuid4(), state=Job.State.DONE)
    time_passes(10_000)
    assert reconcile() == 0
    assert not calls


@pytest.mark.django_db(transaction=True)
def test_two_reconcilers_at_once_call_for_each_job_once(requester: User, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, lock = [], threading.Lock()

    def send(name: str, args: list[str], **_: object) -> None:
        with lock:
            sent.append(args[0])

    monkeypatch.setattr(jobs, "_silent_until", 0.0)
    monkeypatch.setattr(jobs.celery, "send_task", send)
    for _ in range(5):
        sent.clear()
        Job.objects.all().delete()
        Job.objects.bulk_create(Job(kind=Job.Kind.ANALYSE_PHOTOGRAPH, subject_id=uuid4()) for _ in range(100))
        time_passes(61)
        in_threads(4, lambda _: call_for_waiting_jobs())
        assert len(sent) == len(set(sent)) == 100


@pytest.mark.django_db(transaction=True)
def test_two_reconcilers_at_once_set_a_job_aside_once(requester: User, calls: list[str]) -> None:
    case = factories.open_case(requester)
    photograph = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    for _ in range(3):
        claim_job(job_of(photograph).pk)
        time_passes(1000)
    in_threads(4, lambda _: reconcile())
    assert Entry.objects.filter(kind="identification:photograph:quarantined/1").count() == 1


def test_one_job_that_cannot_be_set_aside_does_not_stop_the_round(
    case: Case, requester: User, calls: list[str], photograph: Photograph
) -> None:
    lost = Job.objects.create(kind=Job.Kind.ANALYSE_PHOTOGRAPH, subject_id=uuid4())
    for _ in range(3):
        claim_job(lost.pk)
        time_passes(1000)
    assert reconcile() == 1
    assert calls == [str(job_of(photograph).pk)]


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
