"""1:1 comparison: accuracy by the ten-fold protocol's rule, FNMR at stated FMRs, EER, each with its interval.

A photograph in which no face is found fails to enrol. A mated comparison with it is a false non-match at every
threshold; a non-mated one was never made and isn't counted in the FMR. For the accuracy a pair with a failed photograph
is an error whichever kind it is, so that failing never pays.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from identification.evaluation import bootstrap
from identification.evaluation.bootstrap import Interval
from identification.evaluation.comparisons import Comparisons, Indices, Numbers, Truths
from identification.evaluation.errors import EvaluationError
from identification.evaluation.rates import FMRS, Rates


@dataclass(frozen=True)
class ErrorRates:
    """FNMR at each FMR of FMRS with its threshold, and the EER, of so many comparisons."""

    mated: int
    non_mated: int
    not_compared: int
    fnmr_at_fmr: dict[float, float]
    fnmr_interval: dict[float, Interval]
    threshold_at_fmr: dict[float, float]
    measurable: dict[float, bool]
    eer: float
    eer_interval: Interval
    rates: Rates


@dataclass(frozen=True)
class Accuracy:
    """The mean over the held-out folds, its standard error over them, and its interval over people."""

    mean: float
    standard_error: float
    interval: Interval
    folds: int


def error_rates(comparisons: Comparisons, *, seed: int, rounds: int = bootstrap.ROUNDS) -> ErrorRates:
    """Measure a set of comparisons; EvaluationError when no different people could be compared."""
    if not len(comparisons.non_mated_scores) or not len(comparisons.mated_scores):
        raise EvaluationError("Faces were found in too few photographs: no pair of different people can be compared.")
    rates = Rates.of(comparisons)
    *fnmr, eer = rates.figures(FMRS)
    drawn = (rates.figures(FMRS, weights) for weights in bootstrap.weightings(comparisons, seed=seed, rounds=rounds))
    *around_fnmr, around_eer = bootstrap.intervals(drawn, [*fnmr, eer], units=bootstrap.mated_units(comparisons))
    return ErrorRates(
        mated=len(rates.mated),
        non_mated=len(rates.non_mated),
        not_compared=int((~comparisons.compared).sum()),
        fnmr_at_fmr=dict(zip(FMRS, fnmr, strict=True)),
        fnmr_interval=dict(zip(FMRS, around_fnmr, strict=True)),
        threshold_at_fmr={fmr: rates.threshold_at(fmr) for fmr in FMRS},
        measurable={fmr: rates.measurable(fmr) for fmr in FMRS},
        eer=eer,
        eer_interval=around_eer,
        rates=rates,
    )


def accuracy(comparisons: Comparisons, *, seed: int, rounds: int = bootstrap.ROUNDS) -> Accuracy:
    """The rule of LFW's protocol (Huang and others 2007): for each fold, the threshold that errs least on the others.

    It has as many folds as the list has.
    """
    splits = [_Split.of(comparisons, fold) for fold in np.unique(comparisons.folds)]
    each = [split.accuracy() for split in splits]
    mean = float(np.mean(each))
    first, second = comparisons.owners[comparisons.first], comparisons.owners[comparisons.second]
    drawn = [
        float(np.nanmean([split.accuracy(weights) for split in splits]))
        for counts in bootstrap.draws(np.unique([first, second]), seed=seed, rounds=rounds)
        if (weights := bootstrap.pair_weights(counts, first, second)).any()
    ]
    around = bootstrap.interval(drawn, mean, units=bootstrap.mated_units(comparisons))
    return Accuracy(mean, float(np.std(each, ddof=1)) / math.sqrt(len(each)), around, len(each))


@dataclass(frozen=True)
class _Split:
    """One held-out fold, and the others' comparisons sorted by score."""

    held_out: Indices
    others: Indices
    scores: Numbers
    mated: Truths

    @classmethod
    def of(cls, comparisons: Comparisons, fold: int) -> "_Split":
        others = np.flatnonzero((comparisons.folds != fold) & comparisons.compared)
        order = np.argsort(comparisons.scores[others], kind="stable")
        held_out = np.flatnonzero(comparisons.folds == fold)
        return cls(held_out, others[order], comparisons.scores, comparisons.mated)

    def accuracy(self, weights: Numbers | None = None) -> float:
        """Of the held-out fold at the others' threshold; NaN where nothing of the fold was drawn."""
        weights = np.ones(len(self.scores)) if weights is None else weights
        scores, mated, weight = self.scores[self.held_out], self.mated[self.held_out], weights[self.held_out]
        accepted = scores >= self._threshold(weights)
        right = (accepted == mated) & ~np.isnan(scores)
        return float((weight * right).sum() / weight.sum()) if weight.any() else math.nan

    def _threshold(self, weights: Numbers) -> float:
        """In the middle of the gap between two of the others' scores where they are told apart best."""
        scores, mated, weight = self.scores[self.others], self.mated[self.others], weights[self.others]
        if not len(scores):
            return math.inf
        # right[i]: the weight of what is told rightly when all but the i lowest are accepted.
        right = np.concatenate(([0.0], np.cumsum(np.where(mated, -weight, weight))))
        gaps = np.concatenate(([0], np.flatnonzero(scores[1:] > scores[:-1]) + 1, [len(scores)]))
        best = gaps[np.flatnonzero(right[gaps] == right[gaps].max())]
        return _middle_of_gap(scores, int(best[len(best) // 2]))


def _middle_of_gap(scores: Numbers, refused: int) -> float:
    """A threshold that refuses so many of the lowest of these sorted scores."""
    if refused == 0:
        return float(scores[0])
    if refused == len(scores):
        return float(np.nextafter(scores[-1], np.inf))
    below, above = float(scores[refused - 1]), float(scores[refused])
    middle = (below + above) / 2
    return middle if below < middle else above


def share_interval(count: int, of: int) -> Interval:
    """Clopper and Pearson's exact interval of the share that so many are, each taken as independent of the others."""
    from scipy.stats import binomtest

    around = binomtest(count, of).proportion_ci(bootstrap.LEVEL, method="exact")
    return float(around.low), float(around.high)


def unmeasured(rates: ErrorRates) -> Sequence[float]:
    """The FMRs that are rarer than one in so many comparisons."""
    return [fmr for fmr, measurable in rates.measurable.items() if not measurable]
