"""95 per cent intervals, by drawing people anew.

Pairs aren't independent: two that share a person or a photograph tend to err together, and drawing pairs would make
intervals too narrow. So people are drawn with replacement, and a comparison counts as often as both of its people were
drawn together (the product of their numbers; for a mated comparison, its person's). This is known to be on the safe
side (A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007). Where folders don't say whose a
photograph is, photographs are drawn instead.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from identification.evaluation.comparisons import Comparisons, Indices, Numbers
from identification.evaluation.rates import Weights

ROUNDS = 1000
LEVEL = 0.95

Interval = tuple[float, float]


def draws(owners: Indices, *, seed: int, rounds: int = ROUNDS) -> Iterator[Numbers]:
    """How often each owner is drawn, in each round; only those who occur are drawn."""
    present = np.unique(owners)
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        counts = np.zeros(int(owners.max()) + 1)
        counts[present] = rng.multinomial(len(present), np.full(len(present), 1 / len(present)))
        yield counts


def pair_weights(counts: Numbers, first: Indices, second: Indices) -> Numbers:
    """How often a comparison of these owners counts."""
    return np.where(first == second, counts[first], counts[first] * counts[second])


def weightings(comparisons: Comparisons, *, seed: int, rounds: int = ROUNDS) -> Iterator[Weights]:
    """The weights of the comparisons in each round."""
    mated = comparisons.owners_of(comparisons.mated)
    non_mated = comparisons.owners_of(~comparisons.mated & comparisons.compared)
    owners = np.unique(np.concatenate([*mated, *non_mated]))
    for counts in draws(owners, seed=seed, rounds=rounds):
        weights = Weights(pair_weights(counts, *mated), pair_weights(counts, *non_mated))
        if weights.mated.any() and weights.non_mated.any():
            yield weights


def interval(values: Sequence[float], estimate: float, *, units: int) -> Interval:
    """The middle 95 per cent of the values of all rounds, widened to hold the estimate.

    Where no error (or nothing but errors) was seen, no draw can show one: then the bound is Clopper and Pearson's for
    so many independent units.
    """
    tail = (1 - LEVEL) / 2
    known = np.array(values)[~np.isnan(values)]
    low, high = np.quantile(known, (tail, 1 - tail)) if len(known) else (0.0, 1.0)
    unseen = 1 - tail ** (1 / max(units, 1))
    low = min(low, estimate, 1 - unseen) if estimate == 1 else min(low, estimate)
    high = max(high, estimate, unseen) if estimate == 0 else max(high, estimate)
    return float(low), float(high)


def mated_units(comparisons: Comparisons) -> int:
    """How many people have a mated comparison: what an interval around no error at all rests on."""
    first, _ = comparisons.owners_of(comparisons.mated)
    return len(np.unique(first))


def intervals(rounds: Iterable[Sequence[float]], estimates: Sequence[float], *, units: int) -> list[Interval]:
    """An interval for each of several figures, from what each round gave for them."""
    columns = np.array(list(rounds), np.float64).reshape(-1, len(estimates)).T
    return [
        interval(column.tolist(), estimate, units=units) for column, estimate in zip(columns, estimates, strict=True)
    ]
