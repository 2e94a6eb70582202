"""The real process, as its own role of the database, killed again and again while others write."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from accounts.models import User
from audit.checkpoints import answer_to, request_checkpoint, resume
from audit.models import Checkpoint, Entry, Leaf
from audit.services import record
from tests.stack import environment, wait_until

KILLS = 20


def started(log: Path) -> "subprocess.Popen[bytes]":
    changed = environment() | {"AUDIT_KEY_FILE": str(settings.AUDIT_KEY_FILE), "AUDIT_CHECKPOINT_SECONDS": "1"}
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "manage.py", "audit", "sequence"], stdout=out, stderr=out, env=os.environ | changed
        )


@pytest.mark.slow
def test_killed_sequencer_leaves_a_log_that_holds(
    transactional_db: None, person_with: Callable[..., User], tmp_path: Path
) -> None:
    writer, done, log = person_with("writer"), threading.Event(), tmp_path / "sequencer.log"
    draw = random.Random(20261127)

    def write() -> None:
        try:
            while not done.is_set():
                with transaction.atomic():
                    for _ in range(draw.randrange(1, 30)):
                        record(kind="audit:log:viewed/1", actor=writer, subject=writer)
                    transaction.set_rollback(draw.random() < 0.2)
                done.wait(0.03)
        finally:
            connection.close()

    writing = threading.Thread(target=write)
    writing.start()
    process = started(log)
    try:
        for _ in range(KILLS):
            before = Leaf.objects.count()
            wait_until(lambda before=before: Leaf.objects.count() > before, seconds=60, what="new places")
            time.sleep(draw.random() * 0.5)
            process.send_signal(signal.SIGKILL)
            process.wait()
            process = started(log)
        done.set()
        writing.join()
        asked = request_checkpoint()
        wait_until(lambda: answer_to(asked) is not None, seconds=60, what="a last checkpoint")
    finally:
        done.set()
        writing.join()
        process.terminate()
        process.wait(120)
    answer = answer_to(asked)
    assert answer is not None
    assert answer.size == Leaf.objects.count() == Entry.objects.count()
    assert list(Leaf.objects.order_by("index").values_list("index", flat=True)) == list(range(answer.size))
    assert resume() == answer.size, "all leaves lead to all kept roots and to every head that was signed"
    assert Checkpoint.objects.count() > 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", [settings.SEQUENCER_DATABASE_ROLE])
        assert cursor.fetchone() == (0,)
