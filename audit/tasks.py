"""What Celery calls. Tasks take ids, call one service and bear running twice."""

from uuid import UUID

from celery import shared_task
from django.conf import settings

from audit import verification
from audit.exporting import jobs, work


@shared_task(time_limit=settings.EXPORT_TIME_LIMIT)
def run_export(export_id: str) -> None:
    """Write one export."""
    work.run_export(export_id=UUID(export_id))


@shared_task
def sweep_exports() -> None:
    """Call for exports that were forgotten and remove old files."""
    jobs.sweep()


@shared_task
def continue_verification(pk: int) -> None:
    """Go on with a verification for a slice."""
    verification.continue_verification(pk)


@shared_task
def continue_verifications() -> None:
    """Take up the verifications that were left."""
    verification.call_for_those_left()
