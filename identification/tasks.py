"""What Celery calls. Tasks take ids, call one service and bear running twice."""

from uuid import UUID

from celery import shared_task

from identification.services import work


@shared_task
def run_job(job_id: str) -> None:
    """Do one job."""
    work.run_job(job_id=UUID(job_id))


@shared_task
def reconcile() -> None:
    """Find what was forgotten."""
    work.reconcile()
