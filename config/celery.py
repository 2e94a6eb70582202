"""Celery: what wakes the workers. What they owe is in PostgreSQL (identification/models/job.py)."""

import os

from celery import Celery
from celery.signals import worker_process_init
from django.conf import settings

from config.parent import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("countersign")
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_connection_retry_on_startup=True,
    # A lost message costs time, not work, so nothing is gained by keeping results or acknowledging late.
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_hijack_root_logger=False,
    # A job that outlives its lease is somebody else's by then; the soft limit doesn't reach code in C.
    task_time_limit=settings.JOB_LEASE_SECONDS,
    broker_transport_options={
        "socket_timeout": 10,
        "socket_connect_timeout": 3,
        # An upload doesn't wait for a Redis that is away: the reconciler calls later.
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
        "interval_max": 0,
    },
    timezone="UTC",
    beat_schedule={
        "reconcile": {
            "task": "identification.tasks.reconcile",
            "schedule": settings.RECONCILE_EVERY_SECONDS,
            "options": {"expires": settings.RECONCILE_EVERY_SECONDS * 2},
        },
        "lapse-assignments": {"task": "review.tasks.lapse_assignments", "schedule": 60, "options": {"expires": 120}},
    },
    beat_schedule_filename=str(settings.VAR_DIR / "beat-schedule"),
)
app.autodiscover_tasks()


@worker_process_init.connect
def _leave_no_orphan(**_: object) -> None:
    die_with_parent()
