"""What Celery calls. Tasks take ids, call one service and bear running twice."""

from uuid import UUID

from celery import shared_task

from identification.services import embedding, work


@shared_task
def run_job(job_id: str) -> None:
    """Do one job."""
    work.run_job(job_id=UUID(job_id))


@shared_task
def reconcile() -> None:
    """Find what was forgotten."""
    work.reconcile()


@shared_task
def tend_embeddings() -> None:
    """Let faces catch up with the encoders that are wanted."""
    embedding.tend_embeddings()
