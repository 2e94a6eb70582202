"""The life of a job: opened with its subject, claimed under a lease, finished with its effects.

A job is finished in the transaction that writes what it was for, and only by the holder of its
lease; so running it twice, or losing a worker at any moment, changes nothing but the time it takes.
"""

import logging
import time
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from kombu.exceptions import OperationalError

from config.celery import app as celery
from identification.errors import LeaseLost
from identification.models import Job

logger = logging.getLogger(__name__)

RUN_JOB = "identification.tasks.run_job"
# A message that a busy worker has not reached yet is not lost; one older than this is sent again.
CALL_AGAIN_AFTER = timedelta(seconds=60)
CALLS_PER_ROUND = 500
# Celery's over Redis: 0 is taken first.
FIRST, LAST = 0, 9
# How long this process calls nobody after Redis didn't answer.
SILENT_SECONDS = 30.0
_silent_until = 0.0


def open_job(*, kind: Job.Kind, subject_id: uuid.UUID) -> Job:
    """Write the job into the caller's transaction; a worker is called once that has been committed."""
    job = Job.objects.create(kind=kind, subject_id=subject_id)
    transaction.on_commit(lambda: call_worker(job.pk), robust=True)
    return job


def call_worker(job_id: uuid.UUID, *, later: bool = False) -> None:
    """Tell some worker of a job; later: after all others. May fail or be lost: the reconciler calls again.

    Without retries, and after a failure not at all for a while, so that an upload doesn't wait for a Redis that is
    away once for each of its files.
    """
    global _silent_until  # noqa: PLW0603  (one broker per process)
    if time.monotonic() < _silent_until:
        return
    try:
        celery.send_task(RUN_JOB, args=[str(job_id)], retry=False, priority=LAST if later else FIRST)
    except OperationalError as error:
        _silent_until = time.monotonic() + SILENT_SECONDS
        logger.warning("No worker can be called, jobs wait in the database until one can: %s", error)


def claim_job(job_id: uuid.UUID) -> Job | None:
    """Take the job under a new lease and count the attempt; None when there is nothing to take."""
    lease = uuid.uuid4()
    taken = (
        Job.objects.claimable()
        .filter(pk=job_id, attempts__lt=settings.JOB_MAX_ATTEMPTS)
        .update(
            state=Job.State.LEASED,
            lease=lease,
            leased_until=timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS),
            attempts=F("attempts") + 1,
        )
    )
    return Job.objects.get(pk=job_id, lease=lease) if taken else None


def finish_job(job: Job) -> None:
    """Mark the job done inside the transaction that writes its effects; LeaseLost undoes them."""
    _leave(job, state=Job.State.DONE, finished_at=timezone.now(), last_error="")


def give_back_job(job: Job, *, error: str) -> None:
    """Make a job whose attempt failed due again; the reconciler calls for it after a pause, which a fault may need."""
    _leave(job, state=Job.State.DUE, last_error=error, woken_at=timezone.now())


def postpone_job(job: Job, *, error: str) -> None:
    """Make a job due again that this worker could not begin: no attempt is counted, the reconciler calls for it."""
    _leave(job, state=Job.State.DUE, attempts=F("attempts") - 1, last_error=error, woken_at=timezone.now())


def close_job(job: Job, *, error: str) -> None:
    """Set aside a job that has used up its attempts."""
    _leave(job, state=Job.State.QUARANTINED, finished_at=timezone.now(), last_error=error)


def _leave(job: Job, **changes: object) -> None:
    held = Job.objects.filter(pk=job.pk, state=Job.State.LEASED, lease=job.lease)
    if held.update(lease=None, leased_until=None, **changes) != 1:
        raise LeaseLost("Another worker has taken this job over.")


def call_for_waiting_jobs() -> int:
    """Call workers for jobs that wait though nobody has been called lately; return how many calls."""
    now = timezone.now()
    waiting = Job.objects.claimable().filter(
        attempts__lt=settings.JOB_MAX_ATTEMPTS, woken_at__lt=now - min(CALL_AGAIN_AFTER, _lease())
    )
    with transaction.atomic():
        # Locked, so that a second reconciler doesn't call for the same jobs.
        oldest = waiting.order_by("attempts", "woken_at").select_for_update(skip_locked=True)[:CALLS_PER_ROUND]
        jobs = list(oldest)
        Job.objects.filter(pk__in=[job.pk for job in jobs]).update(woken_at=now)
    for job in jobs:
        call_worker(job.pk, later=job.kind == Job.Kind.EMBED_FACE)
    return len(jobs)


def take_exhausted_jobs() -> list[Job]:
    """Claim the jobs whose last attempt ended without a word, so that they can be set aside."""
    exhausted = Job.objects.claimable().filter(attempts__gte=settings.JOB_MAX_ATTEMPTS)
    return [job for job in exhausted if _take_exhausted(job)]


def _take_exhausted(job: Job) -> bool:
    job.lease, seen_lease = uuid.uuid4(), job.lease
    same = Job.objects.claimable().filter(pk=job.pk, lease=seen_lease)
    changes = {"state": Job.State.LEASED, "lease": job.lease, "leased_until": timezone.now() + _lease()}
    return same.update(**changes) == 1


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)
