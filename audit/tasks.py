"""What Celery calls. Tasks take ids, call one service and bear running twice."""

from uuid import UUID

from celery import shared_task
from django.conf import settings

from audit import verification
from audit.exporting import jobs, work
from audit.witnesses.delivering import deliver, due_witnesses

# A look every minute; what a worker didn't get to by the next one is asked anew by that.
LOOK_EVERY_SECONDS = 60


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


@shared_task
def deliver_checkpoints() -> None:
    """Have the newest checkpoint handed to everybody who waits for it, each in a task of its own."""
    for name in due_witnesses():
        deliver_checkpoint.apply_async([name], expires=LOOK_EVERY_SECONDS)


@shared_task
def deliver_checkpoint(witness: str) -> None:
    """Hand it to one."""
    deliver(name=witness)
