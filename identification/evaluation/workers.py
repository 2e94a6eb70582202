"""Samples are taken by one process per core, each with models of its own."""

import multiprocessing
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from identification.evaluation.cache import SampleCache, key_of
from identification.evaluation.degrade import degraded
from identification.evaluation.errors import EvaluationError
from identification.evaluation.faces import FAILED, Sample, take_sample
from identification.imaging import Limits, UnusableImage, open_upright
from identification.recognition import runtime
from identification.recognition.cores import cores
from identification.recognition.detection import Detector
from identification.recognition.encoders import Encoder, OnnxModel
from identification.recognition.types import DetectedFace
from identification.recognition.weights import sha256_of

LIMITS = Limits(max_bytes=200_000_000, max_pixels=100_000_000)
LIBRARIES = ("dlib-bin", "facenet-pytorch", "numpy", "onnxruntime", "pillow", "scipy", "torch")
AT_ONCE = 4  # photographs that a process is given together

Progress = Callable[[str, int, int], None]  # what, how many so far, of how many


@dataclass(frozen=True)
class Models:
    """Which models a process loads, and with how many threads; 0 is one."""

    encoder: str
    weights_dir: Path
    device: str
    threads: int = 0
    onnx: OnnxModel | None = None

    def load(self) -> tuple[Detector, Encoder]:
        """The models of this process; EncoderUnavailable says what is missing."""
        encoder = runtime.encoder(
            self.encoder, weights_dir=self.weights_dir, device=self.device, threads=self.threads, onnx=self.onnx
        )
        return runtime.detector(device=self.device, threads=self.threads), encoder

    @property
    def processes(self) -> int:
        """As many as keep every core at work; one where a GPU does the work."""
        if runtime.device_in_words(self.device) != "CPU":
            return 1
        return max(1, cores() // max(1, self.threads))


@dataclass(frozen=True)
class Photograph:
    """One listed photograph and its bytes' SHA-256."""

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class _Task:
    photograph: Photograph
    degradation: str
    face: DetectedFace | None


class Workers:
    """Processes that take samples; `made_by` says which models and libraries they use."""

    def __init__(self, pool: ProcessPoolExecutor, made_by: Mapping[str, Any], progress: Progress) -> None:
        self._pool, self._progress = pool, progress
        self.made_by = made_by

    def take(
        self,
        photographs: Sequence[Photograph],
        cache: SampleCache,
        *,
        degradation: str = "",
        plain: Mapping[str, Sample] | None = None,
    ) -> dict[str, Sample]:
        """A sample of each photograph by its name, from the cache where it is there.

        A degradation starts from the face that was found in the plain photograph; where none was, there is none.
        """
        keys = {one.name: key_of(one.name, one.sha256, degradation) for one in photographs}
        samples = {name: known for name, key in keys.items() if (known := cache.get(key)) is not None}
        due = [
            _Task(one, degradation, plain[one.name].face if plain else None)
            for one in photographs
            if one.name not in samples
        ]
        taken = self._results(due)
        for done, (task, sample) in enumerate(zip(due, taken, strict=True), start=1):
            cache.put(keys[task.photograph.name], sample)
            samples[task.photograph.name] = sample
            self._progress(degradation or "plain", done, len(due))
        return samples

    def _results(self, tasks: Sequence[_Task]) -> Iterator[Sample]:
        with _explained():
            yield from self._pool.map(_sample, tasks, chunksize=AT_ONCE)


@contextmanager
def _explained() -> Iterator[None]:
    """Say in a sentence what it means when a process is gone."""
    try:
        yield
    except BrokenProcessPool as error:
        raise EvaluationError(
            "A process that was taking samples was ended from outside, perhaps for want of memory: run again with a "
            "higher RECOGNITION_THREADS, which makes fewer processes."
        ) from error


@contextmanager
def working(models: Models, progress: Progress) -> Iterator[Workers]:
    """Processes at work until the block ends."""
    spawn = multiprocessing.get_context("spawn")
    runtime.share_cores(models.processes, cores=cores())
    with ProcessPoolExecutor(models.processes, mp_context=spawn, initializer=_begin, initargs=(models,)) as pool:
        try:
            with _explained():
                made_by = pool.submit(_describe).result()
            yield Workers(pool, made_by, progress)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def listed(names: Iterable[str], images: Path) -> list[Photograph]:
    """The photographs of these names with their hashes."""
    return [Photograph(name, images / name, sha256_of(images / name)) for name in names]


_models: Models | None = None


def _begin(models: Models) -> None:
    global _models  # noqa: PLW0603  (what a process of the pool is for)
    _models = models


def _describe() -> dict[str, Any]:
    """What makes the samples, by name and version."""
    assert _models
    detector, encoder = _models.load()
    return {
        "encoder": asdict(encoder.spec),
        "descriptor": _models.onnx.descriptor.as_dict() if _models.onnx else None,
        "detector": {"name": detector.name, "version": detector.version},
        "device": runtime.resolved(_models.device),
        "libraries": {name: version(name) for name in LIBRARIES} | {"python": platform.python_version()},
    }


def _sample(task: _Task) -> Sample:
    assert _models
    detector, encoder = _models.load()
    try:
        image = open_upright(task.photograph.path, limits=LIMITS)
    except UnusableImage as error:
        raise EvaluationError(f"{task.photograph.name} can't be used: {error}") from error
    if task.degradation:
        if task.face is None:
            return FAILED
        image = degraded(task.degradation, task.photograph.name, image, task.face)
    return take_sample(image, detector, encoder)
