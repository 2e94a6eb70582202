"""Who asks for a checkpoint gets one over all that was committed with the request, whoever else asks meanwhile."""

import threading
from collections.abc import Callable

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role, User
from audit.asking import ask_for_checkpoint
from audit.checkpoints import answer_to, request_checkpoint
from audit.keys import ensure_key
from audit.models import Checkpoint, CheckpointRequest, Leaf
from tests.audit_fixtures import write_entries
from tests.sequencing import signed
from tests.stack import wait_until
from tests.threads import somebody_waits


def test_requests_follow_their_commits(transactional_db: None, person_with: Callable[..., User]) -> None:
    """Or an answer to the one with the larger number would pass for an answer to one that was still on its way."""
    auditor = person_with("auditor", Role.AUDITOR)
    first, second = Asking(auditor), Asking(auditor)
    signed()
    first.start()
    assert first.asked.wait(30)
    second.may_commit.set()
    second.start()
    wait_until(lambda: somebody_waits() or not second.is_alive(), seconds=30, what="the second waits for the first")
    write_entries(auditor, 1)
    signed()
    first.may_commit.set()
    for one in (first, second):
        one.join(30)
    signed()
    for one in (first, second):
        answer = answer_to(one.request)
        assert answer is not None
        place = Leaf.objects.get(entry__kind="audit:checkpoint:asked/1", entry__subject_id=str(one.request.pk))
        assert place.index < answer.size, "what was committed with the request is under its answer"
    assert first.request.pk < second.request.pk


class Asking(threading.Thread):
    """Asks on a connection of its own, and commits when it is told to."""

    def __init__(self, actor: User) -> None:
        super().__init__(daemon=True)
        self.actor, self.asked, self.may_commit = actor, threading.Event(), threading.Event()

    def run(self) -> None:
        try:
            with transaction.atomic():
                self.request = ask_for_checkpoint(actor=self.actor)
                self.asked.set()
                assert self.may_commit.wait(60)
        finally:
            connection.close()


def test_first_checkpoint_that_answers_is_the_answer(auditor: User) -> None:
    asked = request_checkpoint()
    first = signed()
    write_entries(auditor, 3)
    request_checkpoint()
    assert signed() != first
    assert answer_to(asked) == first


def count_requests_from(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('audit_checkpointrequest', 'id'), %s, false)", [number])


def test_checkpoint_from_before_is_no_answer_whatever_it_is_said_to_answer(auditor: User) -> None:
    """As where requests are counted anew after their table was brought back."""
    count_requests_from(1000)
    request_checkpoint()
    old = signed()
    count_requests_from(1)
    asked = request_checkpoint()
    assert (old.answers, asked.pk, asked.after) == (1000, 1, old.pk)
    assert answer_to(asked) is None
    write_entries(auditor, 1)
    new = signed()
    assert answer_to(asked) == new != old


def test_request_of_a_program_that_knows_nothing_of_the_newest_is_answered(auditor: User) -> None:
    """While a new version is put in place, the older one goes on asking."""
    signed()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_checkpointrequest (requested_at) VALUES (now())")
    asked = CheckpointRequest.objects.get()
    assert (asked.after, answer_to(asked)) == (0, None)
    new = signed()
    assert answer_to(asked) == new


def test_answer_is_found_without_reading_every_checkpoint(db: None) -> None:
    key = ensure_key()
    Checkpoint.objects.bulk_create(
        Checkpoint(size=number, root=b"", frontier=b"", note="", key=key, signed_at=timezone.now(), answers=number)
        for number in range(1, 5001)
    )
    with CaptureQueriesContext(connection) as asked:
        assert answer_to(CheckpointRequest(pk=2500, after=0)).size == 2500
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE audit_checkpoint")
        cursor.execute(f"EXPLAIN {asked.captured_queries[-1]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan using audit_checkpoint_answers" in plan, plan
    assert "Sort" not in plan, plan
