"""Nothing is lost and nothing happens twice, whatever becomes of workers and of Redis."""

import os
import random
import time
from pathlib import Path

import pytest
import redis
from django.db.models import Count
from django.test import Client

from demo.cast import Cast, degrade
from identification.models import Case, Face, Job, Photograph, Probe, Search
from identification.services.encoders import activate_encoder
from tests import factories
from tests.stack import Worker, no_job_waits, stack, wait_until

PHOTOGRAPHS = 200
KILLS = 20
WIPES_AT = (7, 14)
BATCH = 20


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_twenty_killed_workers_and_two_wipes_of_redis_lose_nothing_and_do_nothing_twice(
    requester, tmp_path: Path, settings
) -> None:
    activate_encoder(actor=None, name="dlib-resnet-v1")
    case = factories.open_case(requester)
    client = Client()
    client.force_login(requester)
    cast, rng = Cast(seed=11), random.Random(3)
    with stack(0, names=("scheduler",), logs=tmp_path), Worker(tmp_path / "worker.log") as worker:
        uploaded, kills = 0, 0
        while kills < KILLS or uploaded < PHOTOGRAPHS:
            if uploaded < PHOTOGRAPHS:
                _upload(client, case, cast, range(uploaded, uploaded + BATCH))
                uploaded += BATCH
            if kills < KILLS:
                _wait_for_some_work(worker, rng)
                worker.kill()
                kills += 1
                if kills in WIPES_AT:
                    redis.Redis.from_url(os.environ["REDIS_URL"]).flushall()
                worker.restart()
        wait_until(no_job_waits, seconds=400, what="every job is finished")
        worker.stop()
    _assert_all_there_once(case)


def _upload(client: Client, case: Case, cast: Cast, numbers: range) -> None:
    files = []
    for number in numbers:
        portrait = cast.photograph(cast.person(number)).resize((240, 300))
        files.append(factories.ContentFile(degrade.to_jpeg(portrait), name=f"{number}.jpg"))
    answer = client.post(f"/cases/{case.pk}/photographs/", {"files": files})
    assert answer.status_code == 302


def _wait_for_some_work(worker: Worker, rng: random.Random) -> None:
    """Let the worker come up and get into some photograph, then a little further at random."""
    before = Job.objects.filter(finished_at__isnull=False).count()
    wait_until(
        lambda: Job.objects.filter(finished_at__isnull=False).count() > before or no_job_waits(),
        seconds=120,
        what="the worker has done something since it was started again",
    )
    time.sleep(rng.random())


def _assert_all_there_once(case: Case) -> None:
    photographs = Photograph.objects.filter(case=case)
    states = dict(photographs.values_list("state").annotate(Count("pk")))
    assert states == {"analysed": PHOTOGRAPHS}, states
    assert Face.objects.filter(photograph__case=case).count() == PHOTOGRAPHS
    assert Probe.objects.filter(case=case).count() == PHOTOGRAPHS
    assert Search.objects.filter(case=case).count() == PHOTOGRAPHS
    attempts = Job.objects.filter(attempts__gt=1).count()
    assert attempts > 0, "no kill hit a job, so this test has shown nothing"
    print(f"{attempts} jobs took more than one attempt, at most {Job.objects.order_by('-attempts')[0].attempts}")
