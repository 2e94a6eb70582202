"""One measurement from beginning to end: sample every photograph, compare, count errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from identification.evaluation.cache import SampleCache
from identification.evaluation.comparisons import (
    Comparisons,
    Indices,
    all_comparisons,
    listed_comparisons,
    numbered,
    vectors_of,
)
from identification.evaluation.degrade import DEGRADATIONS
from identification.evaluation.discard import AT_FMR, Discards, measure_discards
from identification.evaluation.errors import EvaluationError
from identification.evaluation.faces import Sample
from identification.evaluation.identification import Identification, identify
from identification.evaluation.pairs import Pair, images_of, people_of, read_pairs
from identification.evaluation.rates import Rates
from identification.evaluation.verification import Accuracy, ErrorRates, accuracy, error_rates
from identification.evaluation.workers import Models, Progress, listed, working
from identification.recognition.weights import sha256_of

MOST_IMAGES = 15_000  # of which all are compared with all: about 112 million scores, 4 GB
ROUNDS_OF_ALL = 200  # of the bootstrap over millions of comparisons


@dataclass(frozen=True)
class Request:
    """What is to be measured, and how."""

    pairs: Path
    images: Path
    models: Models
    degradations: Sequence[str] = ()
    seed: int = 0
    cache: Path | None = None


@dataclass(frozen=True)
class Measured:
    """What one kind of probe gave: as they are, or degraded. `sampled` of them were, `failed` without a face."""

    sampled: int
    failed: int
    accuracy: Accuracy
    rates: ErrorRates
    identification: Identification | None


@dataclass(frozen=True)
class Evaluation:
    """Everything that was measured, with what made it."""

    made_by: Mapping[str, Any]
    pairs_file: str
    pairs_sha256: str
    pairs: int
    images: int
    people: int | None
    seed: int
    plain: Measured
    all_pairs: ErrorRates | None
    degraded: Mapping[str, Measured | None]
    discard: Mapping[str, Discards]
    several_faces: int
    all_comparisons: Comparisons | None


class _Scene:
    """The list, whose each photograph is, and the samples as they come in."""

    def __init__(self, request: Request, pairs: Sequence[Pair]) -> None:
        self.request, self.pairs = request, pairs
        self.images = images_of(pairs)
        self.people = people_of(pairs)
        self.owners = numbered(self.people, self.images)
        self.photographs = listed(self.images, request.images)
        probes = {pair.second for pair in pairs}
        self.probes = [one for one in self.photographs if one.name in probes]
        self.samples: dict[str, Sample] = {}

    @property
    def people_count(self) -> int | None:
        return len(set(self.people.values())) if self.people else None

    def compare(self, probes: Mapping[str, Sample]) -> Comparisons:
        """The listed comparisons with these samples of the second photographs."""
        references = vectors_of(self.samples, self.images)
        return listed_comparisons(self.pairs, self.images, references, self._probes(probes), self.owners)

    def measure(self, comparisons: Comparisons, probes: Mapping[str, Sample]) -> Measured:
        """All rates of one kind of probe."""
        seed = self.request.seed
        return Measured(
            sampled=len(probes),
            failed=sum(not sample.enrolled for sample in probes.values()),
            accuracy=accuracy(comparisons, seed=seed),
            rates=error_rates(comparisons, seed=seed),
            identification=self._identify(probes),
        )

    def measure_what_was_found(self, comparisons: Comparisons, probes: Mapping[str, Sample]) -> Measured | None:
        """As `measure`; None where faces were found in so few probes that no different people could be compared."""
        return self.measure(comparisons, probes) if len(comparisons.non_mated_scores) else None

    def _identify(self, probes: Mapping[str, Sample]) -> Identification | None:
        if self.people is None:
            return None
        searched = np.array([n for n, image in enumerate(self.images) if image in probes], np.intp)
        references = vectors_of(self.samples, self.images)
        return identify(references, self._probes(probes), self.owners, searched, seed=self.request.seed)

    def _probes(self, probes: Mapping[str, Sample]) -> Any:
        """Embeddings of probes in the order of the images; all NaN, in the right dimension, where every one failed."""
        dimension = vectors_of(self.samples, self.images).shape[1]
        vectors = vectors_of(probes, self.images)
        return vectors if vectors.shape[1] == dimension else np.full((len(self.images), dimension), np.nan)

    def all_comparisons(self) -> Comparisons | None:
        """Every photograph with every other one, where it is known whose they are and they aren't too many."""
        if self.people is None or len(self.images) > MOST_IMAGES:
            return None
        return all_comparisons(vectors_of(self.samples, self.images), self.owners)


def evaluate(request: Request, progress: Progress) -> Evaluation:
    """Measure; EvaluationError or EncoderUnavailable says in a sentence why it can't be done."""
    unknown = [name for name in request.degradations if name not in DEGRADATIONS]
    if unknown:
        raise EvaluationError(f"There is no degradation {unknown[0]}: choose from {', '.join(DEGRADATIONS)}.")
    scene = _Scene(request, read_pairs(request.pairs, request.images))
    degraded: dict[str, dict[str, Sample]] = {}
    with working(request.models, progress) as workers, SampleCache(request.cache, workers.made_by) as cache:
        scene.samples = workers.take(scene.photographs, cache)
        for name in request.degradations:
            degraded[name] = workers.take(scene.probes, cache, degradation=name, plain=scene.samples)
    return _counted(scene, degraded, workers.made_by)


@dataclass(frozen=True)
class Sampled:
    """Comparisons of all the photographs, and what made them: what a calibration is made from."""

    comparisons: Comparisons
    made_by: Mapping[str, Any]
    images: int
    people: int | None


def sample_everything(request: Request, progress: Progress) -> Sampled:
    """Every photograph with every other one; only the listed pairs where it isn't known whose they are."""
    scene = _Scene(request, read_pairs(request.pairs, request.images))
    with working(request.models, progress) as workers, SampleCache(request.cache, workers.made_by) as cache:
        scene.samples = workers.take(scene.photographs, cache)
    every = scene.all_comparisons()
    comparisons = scene.compare(scene.samples) if every is None else every
    return Sampled(comparisons, workers.made_by, len(scene.images), scene.people_count)


def _counted(scene: _Scene, degraded: Mapping[str, Mapping[str, Sample]], made_by: Mapping[str, Any]) -> Evaluation:
    seed = scene.request.seed
    plain = scene.compare(scene.samples)
    every = scene.all_comparisons()
    compared = {name: scene.compare(samples) for name, samples in degraded.items()}
    return Evaluation(
        made_by=made_by,
        pairs_file=scene.request.pairs.name,
        pairs_sha256=sha256_of(scene.request.pairs),
        pairs=len(scene.pairs),
        images=len(scene.images),
        people=scene.people_count,
        seed=seed,
        plain=scene.measure(plain, scene.samples),
        all_pairs=None if every is None else error_rates(every, seed=seed, rounds=ROUNDS_OF_ALL),
        degraded={name: scene.measure_what_was_found(compared[name], degraded[name]) for name in degraded},
        discard=_discards(scene, plain, every, compared, degraded),
        several_faces=sum(sample.faces_found > 1 for sample in scene.samples.values()),
        all_comparisons=every,
    )


def _discards(
    scene: _Scene,
    plain: Comparisons,
    every: Comparisons | None,
    compared: Mapping[str, Comparisons],
    degraded: Mapping[str, Mapping[str, Sample]],
) -> dict[str, Discards]:
    """Curves of the listed pairs, of all pairs, and of plain and degraded probes together."""
    seed, samples = scene.request.seed, [scene.samples.get(name) for name in scene.images]
    curves = {"pairs": measure_discards(plain, samples, samples, seed=seed)}
    if every is not None:
        curves["all_pairs"] = measure_discards(every, samples, samples, seed=seed)
    if compared:
        probes = [samples, *([taken.get(name) for name in scene.images] for taken in degraded.values())]
        curves["degraded"] = measure_discards(
            pooled([plain, *compared.values()]),
            samples,
            [sample for some in probes for sample in some],
            seed=seed,
            threshold=Rates.of(plain).threshold_at(AT_FMR),
        )
    return {name: curve for name, curve in curves.items() if curve is not None}


def pooled(parts: Sequence[Comparisons]) -> Comparisons:
    """Several comparisons of the same list as one; the second photographs of part k follow those of part k - 1."""
    images = len(parts[0].owners)
    second: Indices = np.concatenate([part.second + images * number for number, part in enumerate(parts)])
    return Comparisons(
        scores=np.concatenate([part.scores for part in parts]),
        mated=np.concatenate([part.mated for part in parts]),
        first=np.concatenate([part.first for part in parts]),
        second=second,
        folds=np.concatenate([part.folds for part in parts]),
        owners=np.tile(parts[0].owners, len(parts)),
    )
