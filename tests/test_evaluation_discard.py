"""A measure of quality predicts error if discarding the worst lowers it; one that says nothing leaves it."""

from dataclasses import replace

import numpy as np
import pytest

from identification.evaluation.discard import COMBINED, DISCARDED, Discards, measure_discards, share_kept
from identification.evaluation.faces import FAILED as NO_SAMPLE
from identification.evaluation.run import pooled
from tests.made_scores import FAILED, compared, reordered, sample


def discards(mated: list[float], quality: list[float]) -> Discards:
    """Curves for mated pairs whose second photograph has this quality; the first is always better."""
    comparisons = compared(mated, [0.5] * 10)
    first = [sample(sharpness=1000.0, other=1.0)] * len(comparisons.owners)
    second = [sample(sharpness=0.0, other=1.0)] * len(comparisons.owners)
    for place, value in zip(comparisons.second[: len(mated)], quality, strict=True):
        second[place] = sample(sharpness=value, other=1.0)
    found = measure_discards(comparisons, first, second, seed=0)
    assert found is not None
    return found


def test_measure_that_knows_the_errors_removes_them_first() -> None:
    found = discards([0.1] * 10 + [0.9] * 90, list(range(100)))
    assert found.fnmr == 0.1
    assert found.curves["sharpness"].fnmr == pytest.approx({0.05: 5 / 95, 0.10: 0.0, 0.20: 0.0})
    assert found.curves[COMBINED].fnmr == found.curves["sharpness"].fnmr


def test_measure_that_is_the_same_for_all_leaves_the_rate_as_it_is() -> None:
    curve = discards([0.1] * 10 + [0.9] * 90, list(range(100))).curves["other"]
    assert curve.fnmr == pytest.approx(dict.fromkeys(DISCARDED, 0.1))


def test_measure_that_is_the_wrong_way_round_makes_it_worse() -> None:
    curve = discards([0.1] * 10 + [0.9] * 90, list(range(100, 0, -1))).curves["sharpness"]
    assert curve.fnmr[0.20] == pytest.approx(10 / 80)


def test_pair_is_as_good_as_the_worse_of_its_photographs() -> None:
    comparisons = compared([0.1, 0.9, 0.9, 0.9, 0.9], [0.5])
    one = [sample(sharpness=value) for value in (1, 9, 9, 9, 9, 9) for _ in range(2)]
    other = [sample(sharpness=9.0)] * 12
    for first, second in ((one, other), (other, one)):
        found = measure_discards(comparisons, first, second, seed=0)
        assert found
        assert found.curves["sharpness"].fnmr[0.20] == 0.0


@pytest.mark.parametrize("discarded", [*DISCARDED, 0.0, 0.5])
def test_what_is_kept_is_the_stated_share_and_equals_are_treated_alike(discarded: float) -> None:
    quality = np.random.default_rng(2).integers(0, 6, 37).astype(float)
    kept = share_kept(quality, discarded)
    assert kept.sum() == pytest.approx((1 - discarded) * 37)
    assert all(len(set(kept[quality == value])) == 1 for value in set(quality))
    assert np.all(np.diff(kept[np.argsort(quality)]) >= 0)


def test_order_of_the_list_changes_nothing() -> None:
    rng = np.random.default_rng(4)
    comparisons = compared(rng.normal(1, 1, 80).tolist(), rng.normal(0, 1, 80).tolist())
    samples = [sample(sharpness=float(value)) for value in rng.integers(0, 9, len(comparisons.owners))]
    one, other = (measure_discards(each, samples, samples, seed=0) for each in (comparisons, reordered(comparisons, 1)))
    assert one
    assert other
    assert other.fnmr == one.fnmr
    assert other.curves["sharpness"].fnmr == pytest.approx(one.curves["sharpness"].fnmr)


def test_rates_without_any_error_rest_on_the_people_and_not_on_their_pairs() -> None:
    """A hundred pairs of ten people show no error: the bound is the one for ten, 1 - 0.025 ** (1 / 10)."""
    comparisons = compared([0.9] * 100, [0.5] * 10)
    owners = comparisons.owners.copy()
    owners[:200] = np.repeat(np.arange(10), 20)
    samples = [sample(sharpness=1.0)] * len(owners)
    found = measure_discards(replace(comparisons, owners=owners), samples, samples, seed=0)
    assert found
    assert found.curves["sharpness"].interval[0.05] == pytest.approx((0.0, 0.3085), abs=1e-4)


def test_errors_are_counted_at_the_threshold_for_one_false_match_in_a_thousand() -> None:
    """At one in a hundred the threshold would lie at 0.990, and only three mated pairs would be below it."""
    comparisons = compared([0.5, 0.6, 0.7, *[0.9951] * 20, *[1.0] * 77], (np.arange(1000) / 1000).tolist())
    samples = [sample(sharpness=1.0)] * len(comparisons.owners)
    found = measure_discards(comparisons, samples, samples, seed=0)
    assert found
    assert (found.errors, found.mated, found.fnmr) == (23, 100, 0.23)


def test_photographs_without_a_face_take_no_part() -> None:
    comparisons = compared([0.9, 0.9, FAILED], [0.5, 0.4])
    samples = [sample(sharpness=1.0)] * 4 + [NO_SAMPLE] * 2 + [sample(sharpness=1.0)] * 4
    found = measure_discards(comparisons, samples, samples, seed=0)
    assert found
    assert (found.mated, found.fnmr) == (2, 0.0)
    nobody = compared([FAILED], [0.5])
    assert measure_discards(nobody, samples, samples, seed=0) is None


def test_pooled_probes_keep_their_own_samples() -> None:
    plain, worse = compared([0.9, 0.9], [0.1, 0.2]), compared([0.9, 0.3], [0.1, 0.2])
    both = pooled([plain, worse])
    assert both.second.tolist() == [*plain.second, *(plain.second + len(plain.owners))]
    assert both.owners_of(both.mated)[0].tolist() == both.owners_of(both.mated)[1].tolist()
    assert len(both.scores) == 8
