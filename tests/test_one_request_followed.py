"""What a worker writes carries the id of the request that had it done, so that an auditor can follow one through.

Messages go through the real broker, and are done as a worker does them, in this process.
"""

from collections.abc import Callable, Iterator
from queue import Empty
from typing import Any
from uuid import uuid4

import pytest
from celery.worker.request import Request
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit import context
from audit.exporting import jobs as exporting
from audit.middleware import HEADER
from audit.models import Entry
from config.celery import EXPORTS, REQUEST_ID_HEADER
from config.celery import app as celery
from identification.models import Case, Encoder, Gallery
from identification.services import jobs
from tests import factories
from tests.conftest import StandInModels
from tests.sequencing import signed

QUEUES = ("celery", EXPORTS)


@pytest.fixture
def messages(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[Any]]]:
    """Take what was sent since the last time, from all queues."""
    celery.loader.import_default_modules()  # the tasks, and what a worker does before each (config/worker.py)
    for module in (jobs, exporting):
        monkeypatch.setattr(module, "_silent_until", 0.0)
    with celery.connection_for_read() as connection:
        queues = [connection.SimpleQueue(name) for name in QUEUES]

        def take() -> list[Any]:
            found = []
            for queue in queues:
                while True:
                    try:
                        found.append(queue.get(block=False))
                    except Empty:
                        break
                    found[-1].ack()
            return found

        take()
        yield take
        for queue in queues:
            queue.close()
    context.request_id.set("")


def do(message: Any) -> None:
    Request(message, app=celery, task=celery.tasks[message.headers["task"]]).execute()


def do_all(messages: Callable[[], list[Any]]) -> None:
    """Do what was sent, and what that has sent, to the end."""
    while found := messages():
        for message in found:
            do(message)


def ids_of(*kinds: str) -> dict[str, str]:
    found = {entry.kind.partition(":")[2].partition("/")[0]: entry.request_id for entry in Entry.objects.all()}
    return {kind: found[kind] for kind in kinds}


def test_one_upload_is_followed_from_the_photograph_to_the_review(
    messages: Callable[[], list[Any]], hand_in: Callable[..., Any], case: Case, gallery: Gallery, encoder: Encoder,
    administrator: User, models: StandInModels, random_vectors: Callable[[], Any],
) -> None:  # fmt: skip
    factories.enrol(administrator, gallery, encoder, "Known", random_vectors())
    messages()
    models.vectors = [random_vectors()]
    hand_in(SimpleUploadedFile("a.png", factories.picture_file().read()))
    begun = Entry.objects.filter(kind="identification:photograph:received/1").latest("id").request_id
    do_all(messages)
    followed = ids_of("photograph:received", "photograph:analysed", "probe:chosen", "search:run", "review:opened")
    assert set(followed.values()) == {begun} != {""}
    assert ids_of("person:enrolled") == {"person:enrolled": ""}


def test_job_that_the_sweep_calls_for_again_belongs_to_no_request(
    messages: Callable[[], list[Any]], hand_in: Callable[..., Any], models: StandInModels
) -> None:
    hand_in(SimpleUploadedFile("a.png", factories.picture_file().read()))
    messages()  # lost
    job = jobs.Job.objects.get()
    jobs.call_worker(job.pk)
    (message,) = messages()
    assert REQUEST_ID_HEADER not in message.headers
    do(message)
    assert ids_of("photograph:analysed") == {"photograph:analysed": ""}


@pytest.mark.parametrize(
    "carried", [None, "", "not an id", "x" * 5000, 7, ["a"], "8b3c0c5e-1111-4000-8000-000000000000"]
)
def test_task_never_goes_on_with_the_id_of_the_one_before(messages: Callable[[], list[Any]], carried: Any) -> None:
    celery.send_task("identification.tasks.reconcile", headers={} if carried is None else {REQUEST_ID_HEADER: carried})
    (message,) = messages()
    context.request_id.set(str(uuid4()))
    do(message)
    assert context.request_id.get() == (carried if isinstance(carried, str) and len(carried) == 36 else "")


def test_export_is_made_under_the_id_of_the_request_that_asked_for_it(
    messages: Callable[[], list[Any]], auditor: User, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch,
    browser_of: Callable[[User], Client],
) -> None:  # fmt: skip
    settings.EXPORT_DIR = tmp_path
    monkeypatch.setattr("audit.exporting.waiting.pause", signed)
    page = browser_of(auditor)
    messages()
    first, second = (page.post(reverse("audit:exports"), {"format": "jsonl"}) for _ in range(2))
    called, _lost = messages()
    do(called)
    (following,) = messages()
    assert REQUEST_ID_HEADER not in following.headers, "the second has waited for its turn, and isn't the first's"
    do(following)
    made = Entry.objects.filter(kind="audit:export:made/2").order_by("id").values_list("request_id", flat=True)
    assert list(made) == [first.headers[HEADER], ""]
    asked = Entry.objects.filter(kind="audit:export:asked/1").order_by("id").values_list("request_id", flat=True)
    assert list(asked) == [first.headers[HEADER], second.headers[HEADER]]
