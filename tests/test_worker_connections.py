"""A worker keeps its connection to the database from task to task, and makes another when it was broken."""

import re
from pathlib import Path

import pytest

from config.celery import app as celery
from tests.audit_fixtures import connection_of
from tests.stack import stack, wait_until

TASKS = 12


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_keeps_its_connection_and_makes_another_when_it_was_broken(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    # Messages that other tests left would be running when the connections are broken.
    celery.control.purge()
    with stack(0, names=("worker",), logs=tmp_path):
        _do_tasks(log, in_all=TASKS)
        first = _connections()
        assert 1 <= len(first) <= 2, "one of each process at most"
        _do_tasks(log, in_all=2 * TASKS)
        assert first <= _connections()
        wait_until(lambda: _break_between_tasks(first), seconds=10, what="the connections are idle and broken")
        wait_until(lambda: not first & _connections(), seconds=10, what="the broken connections are gone")
        _do_tasks(log, in_all=3 * TASKS)
        assert _connections()
    assert "raised unexpected" not in log.read_text()


def _do_tasks(log: Path, *, in_all: int) -> None:
    for _ in range(TASKS):
        celery.send_task("identification.tasks.reconcile")
    wait_until(lambda: _done(log) >= in_all, seconds=60, what=f"{in_all} tasks are done")


def _done(log: Path) -> int:
    return len(re.findall(r"identification\.tasks\.reconcile\[[^]]+\] succeeded in ", log.read_text()))


def _break_between_tasks(connections: set[int]) -> bool:
    """Break the connections if no task is using them: a task cut in the middle of a query fails, as it should."""
    with connection_of("postgres") as superuser, superuser.cursor() as cursor:  # the worker's role is another
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid = ANY(%(pids)s) AND NOT EXISTS"
            " (SELECT FROM pg_stat_activity WHERE pid = ANY(%(pids)s) AND state <> 'idle')",
            {"pids": list(connections)},
        )
        return cursor.fetchone() == (len(connections),)


def _connections() -> set[int]:
    """The workers' connections to the tests' database."""
    with connection_of("postgres") as superuser, superuser.cursor() as cursor:  # the worker's role is another
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND usename = 'countersign_app'"
        )
        return {pid for (pid,) in cursor.fetchall()}
