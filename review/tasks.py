"""What Celery calls."""

from celery import shared_task

from review.services import leases


@shared_task
def lapse_assignments() -> None:
    """Free the places of people who have left."""
    leases.lapse_assignments()
