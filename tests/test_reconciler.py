"""The reconciler calls again for work that was forgotten, and sets aside what killed its workers."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from audit.models import Entry
from identification.models import Case, Encoder, Job, Photograph
from identification.services import intake, jobs
from identification.services.jobs import call_for_waiting_jobs, claim_job
from identification.services.work import reconcile, run_job
from tests import factories
from tests.conftest import StandInModels
from tests.job_steps import job_of, time_passes
from tests.threads import in_threads


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
