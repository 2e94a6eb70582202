"""What a worker does when it is called: claim a job, do it, and count what fails."""

import logging
import uuid

from django.conf import settings
from django.db import transaction

from identification.errors import LeaseLost, NotReady
from identification.models import Job, Photograph
from identification.services.analysis import analyse_photograph, quarantine_photograph
from identification.services.embedding import embed_face
from identification.services.jobs import (
    call_for_waiting_jobs,
    claim_job,
    close_job,
    give_back_job,
    postpone_job,
    take_exhausted_jobs,
)
from identification.services.placing import ask_after_failure, place_face
from identification.services.search import search_probe

logger = logging.getLogger(__name__)

HANDLERS = {
    Job.Kind.ANALYSE_PHOTOGRAPH: analyse_photograph,
    Job.Kind.SEARCH_PROBE: search_probe,
    Job.Kind.PLACE_FACE: place_face,
    Job.Kind.EMBED_FACE: embed_face,
}


def run_job(*, job_id: uuid.UUID) -> None:
    """Do a job unless somebody else does or did; a failure makes it due again until its attempts are used up."""
    job = claim_job(job_id)
    if job is None:
        return
    try:
        _do(job)
    except LeaseLost:
        logger.warning("Job %s was taken over by another worker; this result is dropped.", job.pk)


def _do(job: Job) -> None:
    try:
        HANDLERS[Job.Kind(job.kind)](job=job)
    except LeaseLost:
        raise
    except NotReady as error:
        logger.error("Job %s waits: %s", job.pk, error)  # noqa: TRY400  (the sentence says it all)
        postpone_job(job, error=str(error))
    except Exception as error:
        logger.exception("Job %s failed at attempt %s.", job.pk, job.attempts)
        _fail(job, error=f"{type(error).__name__}: {error}")


@transaction.atomic
def _fail(job: Job, *, error: str) -> None:
    if job.attempts < settings.JOB_MAX_ATTEMPTS:
        give_back_job(job, error=error)
    else:
        set_aside(job, error=error)


def set_aside(job: Job, *, error: str) -> None:
    """Close a job that nobody could do, and say so where its subject is shown."""
    close_job(job, error=error)
    if job.kind == Job.Kind.ANALYSE_PHOTOGRAPH:
        photograph = Photograph.objects.with_home().get(pk=job.subject_id)
        quarantine_photograph(job=job, photograph=photograph)
    elif job.kind == Job.Kind.PLACE_FACE:
        ask_after_failure(job=job)


def reconcile() -> int:
    """Call for jobs that were forgotten and set aside those that ended their last worker; return the calls."""
    for job in take_exhausted_jobs():
        try:
            with transaction.atomic():
                set_aside(job, error="The worker ended without a word at the last attempt.")
        except Exception:
            # Its lease runs out, so the next rounds try again; the other jobs don't wait for it.
            logger.exception("Job %s could not be set aside.", job.pk)
    return call_for_waiting_jobs()
