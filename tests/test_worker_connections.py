"""A worker keeps its connection to the database from task to task, and makes another when it was broken."""

from pathlib import Path

import pytest
from django.db import connection

from config.celery import app as celery
from tests.stack import stack, wait_until

TASKS = 12


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_keeps_its_connection_and_makes_another_when_it_was_broken(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    with stack(0, names=("worker",), logs=tmp_path):
        _do_tasks(log, in_all=TASKS)
        first = _connections()
        assert 1 <= len(first) <= 2, "one of each process at most"
        _do_tasks(log, in_all=2 * TASKS)
        assert first <= _connections()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", [list(first)])
        wait_until(lambda: not first & _connections(), seconds=10, what="the connections are broken")
        _do_tasks(log, in_all=3 * TASKS)
        assert _connections()
    assert "raised unexpected" not in log.read_text()


def _do_tasks(log: Path, *, in_all: int) -> None:
    for _ in range(TASKS):
        celery.send_task("identification.tasks.reconcile")
    wait_until(lambda: log.read_text().count(" succeeded in ") >= in_all, seconds=60, what=f"{in_all} tasks are done")


def _connections() -> set[int]:
    """The workers' connections to the tests' database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return {pid for (pid,) in cursor.fetchall()}
