"""A preparation goes through whatever becomes of its workers: real processes, killed while they embed."""

import time
from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import User
from audit.models import Entry
from identification.models import Embedding, Encoder
from identification.services.encoders import activate_encoder
from tests import factories
from tests.preparing import brought, faces_in
from tests.stack import Worker, stack, wait_until

FACES = 60
KILLS = 2


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_workers_lose_no_face_and_the_change_comes_by_itself(
    encoder: Encoder, requester: User, random_vectors, tmp_path: Path
) -> None:
    new = brought(tmp_path)
    case = factories.open_case(requester)
    for _ in range(FACES // 2):
        faces_in(case, encoder, random_vectors, number=2)
    activate_encoder(actor=None, name=new.name)
    with stack(0, names=("scheduler",), logs=tmp_path), Worker(tmp_path / "worker.log") as worker:
        for kill in range(1, KILLS + 1):
            wait_until(lambda so_far=5 * kill: embedded(new) >= so_far, seconds=120, what="some faces are embedded")
            worker.kill()
            time.sleep(0.5)
            worker.restart()
        wait_until(lambda: Encoder.objects.filter(pk=new.pk, active=True).exists(), seconds=180, what="it is active")
        worker.stop()
    assert embedded(new) == FACES
    assert Entry.objects.filter(kind="identification:encoder:activated/1").count() == 1
    assert (settings.WEIGHTS_DIR / "onnx").is_dir()


def embedded(encoder: Encoder) -> int:
    return Embedding.objects.filter(encoder=encoder).count()
