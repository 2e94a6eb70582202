"""Celery: what wakes the workers. What they owe is in PostgreSQL (identification/models/job.py)."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import before_task_publish
from django.conf import settings

from audit import context

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if "worker" in sys.argv:
    # NumPy reads it at its import, before the number of processes is known; what it computes here is small.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

EXPORTS = "exports"
# The id of the request in which a worker was called; entries that the worker writes carry it too.
REQUEST_ID_HEADER = "audit_request_id"

app = Celery("countersign")
app.conf.update(
    # An export may take hours: a worker of their own writes them, so that none that looks at photographs is held. It
    # calls for those that were left as well, which in the queue of many photographs would come too late.
    task_routes={"audit.tasks.run_export": {"queue": EXPORTS}, "audit.tasks.sweep_exports": {"queue": EXPORTS}},
    # What a worker does when it begins; apps that only send messages need nothing of it.
    imports=("config.worker",),
    broker_url=settings.REDIS_URL,
    broker_connection_retry_on_startup=True,
    # A lost message costs time, not work, so nothing is gained by keeping results or acknowledging late.
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # Celery would connect to the database anew for every task, which costs more than the task's queries. It keeps the
    # connection now; `_check_connection` looks after it as Django does between requests.
    CELERY_DB_REUSE_MAX=sys.maxsize,
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
        "tend-embeddings": {
            "task": "identification.tasks.tend_embeddings",
            "schedule": settings.RECONCILE_EVERY_SECONDS,
            "options": {"expires": settings.RECONCILE_EVERY_SECONDS * 2},
        },
        "continue-verifications": {
            "task": "audit.tasks.continue_verifications",
            "schedule": settings.RECONCILE_EVERY_SECONDS,
            "options": {"expires": settings.RECONCILE_EVERY_SECONDS * 2},
        },
        "lapse-assignments": {"task": "review.tasks.lapse_assignments", "schedule": 60, "options": {"expires": 120}},
        "sweep-exports": {"task": "audit.tasks.sweep_exports", "schedule": 30, "options": {"expires": 60}},
        "deliver-checkpoints": {"task": "audit.tasks.deliver_checkpoints", "schedule": 60, "options": {"expires": 60}},
    },
    beat_schedule_filename=str(settings.VAR_DIR / "beat-schedule"),
)
app.autodiscover_tasks()


@before_task_publish.connect
def _hand_on_request_id(*, headers: dict[str, Any], **_: object) -> None:
    if handed_on := context.request_id.get():
        headers[REQUEST_ID_HEADER] = handed_on
