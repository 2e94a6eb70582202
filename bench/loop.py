"""The bare loop: the same models on the same bytes, in one process per core, with nothing around them."""

import multiprocessing
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.pool import Pool
from multiprocessing.synchronize import Barrier
from pathlib import Path
from threading import BrokenBarrierError

from bench import made_facenet, processor
from config.parent import die_with_parent
from identification.imaging import Limits, open_upright
from identification.recognition import runtime

READY_WITHIN_SECONDS = 300


class LoopFailed(Exception):
    """The bare loop can't be run here."""


@dataclass(frozen=True)
class Models:
    """Which models the loop runs, as the settings say it to the worker."""

    encoder: str
    weights_dir: Path
    device: str
    threads: int
    limits: Limits
    made_weights: bool

    def faces_of(self, data: bytes) -> int:
        """Find and embed the faces of a photograph; return how many there were."""
        image = open_upright(data, limits=self.limits)
        faces = runtime.detector(device=self.device, threads=self.threads).detect(image)
        runtime.encoder(self.encoder, weights_dir=self.weights_dir, device=self.device, threads=self.threads).embed(
            image, faces
        )
        return len(faces)


@dataclass(frozen=True)
class Looped:
    """One way through the photographs: seconds on the clock, faces found, and processor seconds."""

    seconds: float
    faces: int
    processor: dict[str, float]


@dataclass(frozen=True)
class Loop:
    """Processes that have loaded the models and hold the photographs."""

    pool: Pool
    photographs: int

    def run(self) -> Looped:
        """Go through the photographs once."""
        before, began = processor.of_the_loop(), time.monotonic()
        faces = sum(self.pool.imap_unordered(_faces, range(self.photographs)))
        seconds = time.monotonic() - began
        return Looped(seconds, faces, processor.between(before, processor.of_the_loop()))


@contextmanager
def looping(models: Models, photographs: Sequence[bytes], *, processes: int) -> Iterator[Loop]:
    """Have processes ready for the loop until the block ends: each has gone through one photograph already."""
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Barrier(processes + 1)
    with spawn.Pool(processes, _begin, (models, list(photographs), ready)) as pool:
        try:
            ready.wait(READY_WITHIN_SECONDS)
        except BrokenBarrierError as error:
            raise LoopFailed("The processes of the bare loop can't load the models; see above why.") from error
        yield Loop(pool, len(photographs))


_models: Models | None = None
_photographs: list[bytes] = []


def _begin(models: Models, photographs: list[bytes], ready: Barrier) -> None:
    """Load everything in this process, and wait for the others."""
    global _models  # noqa: PLW0603  (what a process of the pool is for)
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if models.made_weights:
        made_facenet.accept()
    _models = models
    _photographs.extend(photographs)
    try:
        models.faces_of(photographs[0])
    except BaseException:
        ready.abort()
        raise
    ready.wait(READY_WITHIN_SECONDS)


def _faces(number: int) -> int:
    assert _models
    return _models.faces_of(_photographs[number])
