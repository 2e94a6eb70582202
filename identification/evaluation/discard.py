"""Whether quality predicts error: the false non-match rate of what is left when the worst are set aside.

A pair is as good as the worse of its two photographs. The threshold is the one for FMR 0.001 before anything is set
aside, and stays (P. Grother and E. Tabassi, "Performance of Biometric Quality Measures", IEEE TPAMI 29, 2007). At a
laxer one a good encoder errs in so few pairs that no measure can be judged by them. A measure that says nothing leaves
the rate as it is; one that predicts error lowers it. Photographs in which no face was found have no quality and take
no part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from identification.evaluation import bootstrap
from identification.evaluation.bootstrap import Interval
from identification.evaluation.comparisons import Comparisons, Numbers, Truths
from identification.evaluation.faces import Sample
from identification.evaluation.rates import Rates

DISCARDED = (0.05, 0.10, 0.20)
AT_FMR = 0.001
COMBINED = "combined"
ROUNDS = 200


@dataclass(frozen=True)
class DiscardCurve:
    """The false non-match rate without the worst 5, 10 and 20 per cent of the mated pairs by one measure."""

    fnmr: dict[float, float]
    interval: dict[float, Interval]


@dataclass(frozen=True)
class Discards:
    """The rate of all pairs, and a curve for each measure and for the combined one."""

    mated: int
    errors: int
    threshold: float
    fnmr: float
    curves: dict[str, DiscardCurve]


def measure_discards(
    comparisons: Comparisons,
    first: Sequence[Sample | None],
    second: Sequence[Sample | None],
    *,
    seed: int,
    threshold: float | None = None,
) -> Discards | None:
    """Curves of the mated comparisons; None where there are none.

    first, second: the samples at the places that the comparisons' `first` and `second` name.
    """
    kept = comparisons.mated & comparisons.compared
    if not kept.any():
        return None
    if threshold is None:
        threshold = Rates.of(comparisons).threshold_at(AT_FMR)
    wrong = comparisons.scores[kept] < threshold
    owners, _ = comparisons.owners_of(kept)
    people = len(np.unique(owners))
    drawn = [counts[owners] for counts in bootstrap.draws(np.unique(owners), seed=seed, rounds=ROUNDS)]
    qualities = _pair_qualities(comparisons, kept, first, second)
    curves = {name: _curve(quality, wrong, drawn, people) for name, quality in qualities.items()}
    return Discards(int(kept.sum()), int(wrong.sum()), threshold, float(wrong.mean()), curves)


def share_kept(quality: Numbers, discarded: float) -> Numbers:
    """How much of each pair stays when this share of the worst is set aside, from 0 to 1.

    Of equals at the border each stays in the same part, so that no order of the list decides.
    """
    order = np.sort(quality)
    count = discarded * len(quality)
    border = order[min(int(count), len(order) - 1)]
    below, equal = quality < border, quality == border
    stays = (below.sum() + equal.sum() - count) / equal.sum()
    return np.where(below, 0.0, np.where(equal, stays, 1.0))


def _curve(quality: Numbers, wrong: Truths, drawn: Sequence[Numbers], people: int) -> DiscardCurve:
    """The rates, with intervals that rest on so many people and not on their pairs."""
    fnmr, around = {}, {}
    for discarded in DISCARDED:
        kept = share_kept(quality, discarded)
        fnmr[discarded] = float(np.average(wrong, weights=kept))
        values = [float(np.average(wrong, weights=kept * counts)) for counts in drawn if (kept * counts).any()]
        around[discarded] = bootstrap.interval(values, fnmr[discarded], units=people)
    return DiscardCurve(fnmr, around)


def _pair_qualities(
    comparisons: Comparisons, kept: Truths, first: Sequence[Sample | None], second: Sequence[Sample | None]
) -> Mapping[str, Numbers]:
    """The quality of each mated pair by each measure: that of its worse photograph."""
    places = list(zip(comparisons.first[kept].tolist(), comparisons.second[kept].tolist(), strict=True))
    sides = [(first[left], second[right]) for left, right in places]
    both = [(left, right) for left, right in sides if left is not None and right is not None]
    names = both[0][0].measures.keys()
    measures = {
        name: np.array([min(left.measures[name], right.measures[name]) for left, right in both]) for name in names
    }
    return measures | {COMBINED: np.array([min(left.quality, right.quality) for left, right in both])}
