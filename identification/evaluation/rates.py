"""FMR, FNMR and EER of sorted scores, also where comparisons carry weights.

A comparison is accepted when its score is at least the threshold. Scores are sorted once, so that each of the many
weightings of a bootstrap costs one cumulative sum.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from identification.evaluation.comparisons import Comparisons, Indices, Numbers

FMRS = (0.1, 0.01, 0.001, 0.0001)
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Weights:
    """How much each mated and each non-mated comparison counts, in the order in which they were given."""

    mated: Numbers
    non_mated: Numbers


class Rates:
    """The operating points of a set of comparisons, from the strictest threshold to none.

    Point i accepts the `ends[i]` highest non-mated scores; equal scores are accepted together or not at all.
    """

    def __init__(self, mated: Numbers, non_mated: Numbers) -> None:
        """Scores; a mated comparison that failed has -inf. Both must hold something."""
        self.mated, self.non_mated = mated, non_mated
        self._mated_order: Indices = np.argsort(mated, kind="stable")
        self._non_mated_order: Indices = np.argsort(-non_mated, kind="stable")
        ascending, descending = mated[self._mated_order], non_mated[self._non_mated_order]
        steps = np.flatnonzero(descending[1:] < descending[:-1]) + 1
        self._ends = np.concatenate(([0], steps, [len(descending)]))
        # The highest non-mated score that point i refuses; its threshold lies just above.
        refused = np.append(descending[self._ends[:-1]], -np.inf)
        self._thresholds = np.append(np.nextafter(refused[:-1], np.inf), descending[-1])
        self._refused_mated = np.searchsorted(ascending, self._thresholds, side="left")

    @classmethod
    def of(cls, comparisons: Comparisons) -> "Rates":
        return cls(comparisons.mated_scores, comparisons.non_mated_scores)

    def fmr(self, weights: Weights | None = None) -> Numbers:
        """The false match rate at every point, rising from 0 to 1."""
        if weights is None:
            return self._ends / len(self.non_mated)
        return _shares(weights.non_mated[self._non_mated_order], self._ends)

    def fnmr(self, weights: Weights | None = None) -> Numbers:
        """The false non-match rate at every point, falling."""
        if weights is None:
            return self._refused_mated / len(self.mated)
        return _shares(weights.mated[self._mated_order], self._refused_mated)

    def threshold_at(self, fmr: float) -> float:
        """The lowest threshold whose false match rate isn't above this one."""
        return float(self._thresholds[np.searchsorted(self.fmr(), fmr * (1 + _ROUNDING), side="right") - 1])

    def figures(self, fmrs: Sequence[float], weights: Weights | None = None) -> list[float]:
        """The false non-match rate at each of these false match rates, and then the equal error rate."""
        fmr, fnmr = self.fmr(weights), self.fnmr(weights)
        at = np.searchsorted(fmr, np.array(fmrs) * (1 + _ROUNDING), side="right") - 1
        return [*fnmr[at].tolist(), _crossing(fmr, fnmr)]

    def measurable(self, fmr: float) -> bool:
        """Whether there are enough comparisons for one false match among them to be that rare."""
        return math.floor(fmr * len(self.non_mated) * (1 + _ROUNDING)) >= 1


def _crossing(fmr: Numbers, fnmr: Numbers) -> float:
    """The equal error rate: where the staircase of both rates crosses the line on which they are equal.

    From point to point the false match rate rises first (a non-mated score is accepted), then the other falls.
    """
    after = int(np.argmax(fmr >= fnmr))
    return float(min(fmr[after], fnmr[after - 1])) if after else float(fmr[0])


def _shares(sorted_weights: Numbers, ends: NDArray[np.intp]) -> Numbers:
    """The share of all weight that lies before each end; NaN where there is no weight."""
    total = np.concatenate(([0.0], np.cumsum(sorted_weights)))
    with np.errstate(invalid="ignore"):
        shares: Numbers = total[ends] / total[-1]
    return shares
