"""Steps of tests in which one encoder is prepared while another is active."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from identification import storage
from identification.models import Case, Encoder, Face, Job
from identification.recognition import runtime
from identification.recognition.types import DetectedFace
from identification.services import intake
from identification.services.embedding import tend_embeddings
from identification.services.encoders import activate_encoder
from identification.services.installation import install_encoder
from identification.services.work import run_job
from tests import factories
from tests.job_steps import time_passes
from tests.onnx_models import write_descriptor, write_model


class FindsOne:
    """In place of the detector: a face in every photograph."""

    name, version = "stand-in", "1"

    def detect(self, image: Image.Image) -> list[DetectedFace]:
        return [factories.FOUND]


class ActiveStandIn:
    """In place of the active encoder's network: a vector that depends on the picture's colour."""

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension

    def embed(self, image: Image.Image, faces: Sequence[DetectedFace]) -> np.ndarray:
        red, green, blue = image.resize((1, 1)).getpixel((0, 0))
        draw = np.random.default_rng([red, green, blue])
        return np.array([_unit(draw.standard_normal(self.dimension)) for _ in faces], np.float32)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def only_stand_in_for(patch: pytest.MonkeyPatch, encoder: Encoder) -> None:
    """Let this encoder's network be a stand-in; every other is loaded as a worker would."""
    real = runtime.encoder

    def load(name: str, **how: Any) -> Any:
        return ActiveStandIn(encoder.dimension) if name == encoder.name else real(name, **how)

    patch.setattr(runtime, "encoder", load)
    patch.setattr(runtime, "detector", lambda **_: FindsOne())


def brought(folder: Path, **changes: Any) -> Encoder:
    """An installed ONNX encoder that isn't in use."""
    file = write_model(folder / "brought.onnx")
    return install_encoder(actor=None, file=file, descriptor=write_descriptor(folder / "brought.toml", **changes))


def faces_in(case: Case, encoder: Encoder, vectors: Callable[[], np.ndarray], number: int = 1) -> list[Face]:
    """Faces of one photograph in a case, embedded by one encoder."""
    photograph = intake.receive_photograph(actor=case.opened_by, file=factories.picture_file(), case=case)
    return factories.analysed(photograph, encoder, *(vectors() for _ in range(number)))


def embedding_jobs(state: str = Job.State.DUE) -> list[Job]:
    return list(Job.objects.filter(kind=Job.Kind.EMBED_FACE, state=state).order_by("created_at"))


def work_off() -> None:
    """Do every embedding that is owed, round after round, as scheduler and worker would."""
    tend_embeddings()
    while jobs := embedding_jobs():
        for job in jobs:
            run_job(job_id=job.pk)
        tend_embeddings()


def begin(encoder: Encoder) -> Encoder:
    return activate_encoder(actor=None, name=encoder.name)


def encoders_of(face: Face) -> set[str]:
    return set(face.embeddings.values_list("encoder__name", flat=True))


def lose_original(face: Face) -> Path:
    path = storage.original_path(face.photograph.sha256)
    lost = path.with_suffix(".lost")
    path.rename(lost)
    return lost


def try_out() -> None:
    """Let every attempt be made."""
    for _ in range(3):
        tend_embeddings()
        for job in embedding_jobs():
            run_job(job_id=job.pk)
        time_passes(1000)
