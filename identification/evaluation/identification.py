"""1:N search in an open set, simulated on the listed photographs.

In each draw half of the people are enrolled with one photograph each, drawn at random: the gallery, of size N. The
other photographs of enrolled people are mated probes; all photographs of the others are non-mated probes. Rates are
means over several draws, so that they don't hang on one.

FPIR(T): the share of non-mated searches that list anybody at the threshold T. FNIR(T, R): the share of mated searches
whose person isn't among the first R with a score of at least T. A mated probe or a reference that failed to enrol
misses; a non-mated probe that failed was never searched.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from identification.evaluation import bootstrap
from identification.evaluation.bootstrap import Interval
from identification.evaluation.comparisons import Indices, Numbers
from identification.evaluation.rates import Rates, Weights

FPIRS = (0.1, 0.01)
RANKS = (1, 5, 20)
LIST_LENGTH = 20  # as the product's lists are
DRAWS = 20
ROUNDS = 200  # of the bootstrap, each over every draw
LONGEST_CMC = 50


@dataclass(frozen=True)
class Identification:
    """Rates of searches in galleries of `gallery_size` people; FNIR with R = LIST_LENGTH. cmc[k - 1] is rank k's."""

    gallery_size: int
    draws: int
    mated_searches: float
    non_mated_searches: float
    fnir_at_fpir: dict[float, float]
    fnir_interval: dict[float, Interval]
    threshold_at_fpir: dict[float, float]
    measurable: dict[float, bool]
    rank: dict[int, float]
    rank_interval: dict[int, Interval]
    cmc: list[float]


@dataclass(frozen=True)
class _Draw:
    """One gallery's searches: the mated ones' listed scores (-inf beyond R) and ranks, the non-mated ones' best."""

    rates: Rates
    ranks: Numbers
    mated_owners: Indices
    non_mated_owners: Indices

    def figures(self, counts: Numbers | None = None) -> list[float]:
        """FNIR at each FPIR, then the share of mated searches within each rank."""
        if counts is None:
            counts = np.ones(int(max(self.mated_owners.max(), self.non_mated_owners.max())) + 1)
        weights = Weights(counts[self.mated_owners], counts[self.non_mated_owners])
        if not (weights.mated.any() and weights.non_mated.any()):
            return [np.nan] * (len(FPIRS) + len(RANKS))
        *fnir, _ = self.rates.figures(FPIRS, weights)
        return [*fnir, *(float(np.average(self.ranks <= rank, weights=weights.mated)) for rank in RANKS)]


def identify(
    references: Numbers, probes: Numbers, owners: Indices, searched: Indices, *, seed: int
) -> Identification | None:
    """Search for the probes at the places `searched` in galleries of references; None where none can be made up.

    references, probes: (images, dimension), rows of NaN where a photograph failed; owners: (images,).
    """
    scores = probes @ references.T
    drawn = [_searches(scores, owners, searched, gallery) for gallery in galleries(owners, seed=seed)]
    draws = [draw for draw in drawn if draw is not None]
    if not draws:
        return None
    estimates = _mean([draw.figures() for draw in draws])
    rounds = (
        _mean([draw.figures(counts) for draw in draws]) for counts in bootstrap.draws(owners, seed=seed, rounds=ROUNDS)
    )
    around = bootstrap.intervals(rounds, estimates, units=len({int(o) for draw in draws for o in draw.mated_owners}))
    split = len(FPIRS)
    return Identification(
        gallery_size=len(np.unique(owners)) // 2,
        draws=len(draws),
        mated_searches=float(np.mean([len(draw.ranks) for draw in draws])),
        non_mated_searches=float(np.mean([len(draw.non_mated_owners) for draw in draws])),
        fnir_at_fpir=dict(zip(FPIRS, estimates[:split], strict=True)),
        fnir_interval=dict(zip(FPIRS, around[:split], strict=True)),
        threshold_at_fpir={fpir: float(np.mean([d.rates.threshold_at(fpir) for d in draws])) for fpir in FPIRS},
        measurable={fpir: all(draw.rates.measurable(fpir) for draw in draws) for fpir in FPIRS},
        rank=dict(zip(RANKS, estimates[split:], strict=True)),
        rank_interval=dict(zip(RANKS, around[split:], strict=True)),
        cmc=_cmc(draws, min(LONGEST_CMC, len(np.unique(owners)) // 2)),
    )


def galleries(owners: Indices, *, seed: int) -> Iterator[Indices]:
    """The places of the references of each draw: one photograph each of half of the people."""
    rng = np.random.default_rng(seed)
    people = np.unique(owners)
    by_person = {int(person): np.flatnonzero(owners == person) for person in people}
    for _ in range(DRAWS):
        enrolled = rng.permutation(people)[: len(people) // 2]
        yield np.array([rng.choice(by_person[int(person)]) for person in sorted(enrolled)], np.intp)


def _searches(scores: Numbers, owners: Indices, only: Indices, gallery: Indices) -> _Draw | None:
    """The searches of one draw; None where it has no mated or no non-mated ones."""
    enrolled = np.isin(owners[only], owners[gallery])
    mated = only[enrolled & ~np.isin(only, gallery)]
    non_mated = only[~enrolled]
    scores_of_others = scores[np.ix_(non_mated, gallery)]
    best = np.where(np.isnan(scores_of_others), -np.inf, scores_of_others).max(axis=1, initial=-np.inf)
    searched = np.isfinite(best)
    if not len(mated) or not searched.any():
        return None
    listed, ranks = _mates(scores[np.ix_(mated, gallery)], owners[gallery], owners[mated])
    return _Draw(Rates(listed, best[searched]), ranks, owners[mated], owners[non_mated][searched])


def _mates(scores: Numbers, enrolled: Indices, wanted: Indices) -> tuple[Numbers, Numbers]:
    """Each mated search's score and rank of its person; -inf and infinity where it failed.

    scores: (searches, N); enrolled: (N,) the people of the gallery, rising; wanted: (searches,). Where others have the
    same score, the person comes last.
    """
    place = np.searchsorted(enrolled, wanted)
    own = scores[np.arange(len(scores)), place]
    failed = np.isnan(own)
    with np.errstate(invalid="ignore"):
        ranks = np.where(failed, np.inf, (scores >= own[:, None]).sum(axis=1))
    return np.where(failed | (ranks > LIST_LENGTH), -np.inf, own), ranks


def _mean(figures: Sequence[Sequence[float]]) -> list[float]:
    """The mean over the draws that have figures; NaN where none has."""
    known = np.array([each for each in figures if not np.isnan(each).any()])
    mean: list[float] = known.mean(axis=0).tolist() if len(known) else [np.nan] * len(figures[0])
    return mean


def _cmc(draws: Sequence[_Draw], longest: int) -> list[float]:
    """The share of mated searches whose person is within each rank, from 1."""
    return [float(np.mean([np.mean(draw.ranks <= rank) for draw in draws])) for rank in range(1, longest + 1)]
