"""Comparisons with scores that a test makes up, every photograph of a person of its own unless mated."""

import math

import numpy as np

from identification.evaluation.comparisons import Comparisons
from identification.evaluation.faces import Sample
from identification.recognition.calibration import Row, Table

FAILED = math.nan

# A calibration whose rates are easily reckoned with.
TABLE = Table(
    10_000,
    (
        Row(0.10, 1.0, 1.0, 1.0),
        Row(0.50, 0.01, 0.008, 0.012),
        Row(0.60, 0.001, 0.0005, 0.002),
        Row(0.70, 0.0001, 0.00001, 0.0004),
    ),
)


def compared(mated: list[float], non_mated: list[float], *, folds: int = 2) -> Comparisons:
    """One comparison per score, dealt to the folds in turn; NaN is one that failed."""
    scores = np.array([*mated, *non_mated], float)
    count = len(scores)
    first, second = np.arange(count) * 2, np.arange(count) * 2 + 1
    is_mated = np.arange(count) < len(mated)
    owners = np.empty(2 * count, np.intp)
    owners[first] = first
    owners[second] = np.where(is_mated, first, second)
    return Comparisons(scores, is_mated, first, second, np.arange(count) % folds, owners)


def reordered(comparisons: Comparisons, seed: int) -> Comparisons:
    """The same comparisons, listed in another order."""
    order = np.random.default_rng(seed).permutation(len(comparisons.scores))
    return Comparisons(
        comparisons.scores[order],
        comparisons.mated[order],
        comparisons.first[order],
        comparisons.second[order],
        comparisons.folds[order],
        comparisons.owners,
    )


def overlapping(seed: int, count: int = 300) -> Comparisons:
    """Scores of two normal distributions that overlap."""
    rng = np.random.default_rng(seed)
    return compared(rng.normal(1.5, 1, count).tolist(), rng.normal(0, 1, count).tolist(), folds=3)


def sample(**measures: float) -> Sample:
    """A sample with these measures; the first one is the combined quality too."""
    return Sample(None, 1, np.ones(2, np.float32), measures, next(iter(measures.values())))
