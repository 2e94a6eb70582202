"""What Celery calls. Tasks take ids, call one service and bear running twice."""

from celery import shared_task

from audit import verification


@shared_task
def continue_verification(pk: int) -> None:
    """Go on with a verification for a slice."""
    verification.continue_verification(pk)


@shared_task
def continue_verifications() -> None:
    """Take up the verifications that were left."""
    verification.call_for_those_left()
