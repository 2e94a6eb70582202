"""What a Celery worker does when it begins, and before each task; it alone imports this (config/celery.py)."""

import sys
from typing import Any

from celery.signals import celeryd_after_setup, task_prerun, worker_process_init, worker_ready

from audit import context
from config.celery import EXPORTS, REQUEST_ID_HEADER
from config.parent import die_with_parent
from identification.recognition.cores import cores


@celeryd_after_setup.connect
def _begin(*, instance: Any, **_: object) -> None:
    """Serve only where the log is out of reach. Celery catches exceptions here, but lets nobody stay who exits."""
    from audit.startup import StartRefused, begin

    try:
        begin("worker" if _looks_at_photographs(instance.app) else "exporter")
    except StartRefused as refused:
        sys.exit(str(refused))


@celeryd_after_setup.connect
def _share_cores(*, instance: Any, **_: object) -> None:
    """Processes times threads are the cores, however the worker was started; its processes are forked after this."""
    if not _looks_at_photographs(instance.app):
        return
    from identification.recognition.runtime import share_cores

    share_cores(instance.concurrency, cores=cores())


@worker_ready.connect
def _introduce(*, sender: Any, **_: object) -> None:
    if not _looks_at_photographs(sender.app):
        return
    from django.db import connection

    from identification.services.introduction import introduce_worker

    introduce_worker(processes=sender.controller.concurrency)
    # Processes that are forked later would inherit it.
    connection.close()


@task_prerun.connect
def _check_connection(**_: object) -> None:
    """Let go of a database connection that is old or was broken; the next query makes another."""
    from django.db import close_old_connections

    close_old_connections()


@task_prerun.connect
def _go_on_with_request(*, task: Any, **_: object) -> None:
    """Carry on the id of the request that had this done, and never that of the task before."""
    context.go_on_with(task.request.get(REQUEST_ID_HEADER))


@worker_process_init.connect
def _leave_no_orphan(**_: object) -> None:
    die_with_parent()


def _looks_at_photographs(app: Any) -> bool:
    """Whether this worker serves more than exports; one that writes exports alone loads no models."""
    return set(app.amqp.queues.consume_from) != {EXPORTS}
