"""Whoever is called by name is there, and an export never holds a worker that looks at photographs."""

from types import SimpleNamespace

import pytest

from audit import verification
from audit.exporting import jobs as exports
from config.celery import EXPORTS, app
from config.processes import commands
from identification.services import jobs

SENT_BY_NAME = (exports.RUN, verification.CONTINUE, jobs.RUN_JOB)


def test_every_task_of_the_schedule_and_every_one_sent_by_name_is_registered() -> None:
    app.loader.import_default_modules()
    named = {entry["task"] for entry in app.conf.beat_schedule.values()} | set(SENT_BY_NAME) | set(app.conf.task_routes)
    assert named <= app.tasks.keys()


def test_exports_wait_in_a_queue_that_the_worker_does_not_serve() -> None:
    def queue(task: str) -> str:
        name: str = app.amqp.router.route({}, task).get("queue", app.amqp.queues[app.conf.task_default_queue]).name
        return name

    assert queue(exports.RUN) == queue("audit.tasks.sweep_exports") == EXPORTS
    assert queue(jobs.RUN_JOB) == queue(verification.CONTINUE) == app.conf.task_default_queue
    named = commands(0, concurrency=2)
    assert "--queues" not in named["worker"]
    assert named["exporter"][named["exporter"].index("--queues") + 1] == EXPORTS
    assert named["exporter"][named["exporter"].index("--concurrency") + 1] == "1"


@pytest.mark.parametrize(("served", "looks"), [({"exports"}, False), ({"celery"}, True), ({"celery", "exports"}, True)])
def test_worker_of_exports_alone_takes_no_cores(served: set[str], looks: bool) -> None:
    from config.worker import _looks_at_photographs

    made = SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=dict.fromkeys(served))))
    assert _looks_at_photographs(made) is looks
