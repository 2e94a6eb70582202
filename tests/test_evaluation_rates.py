"""Error rates are what they are by definition, on scores for which they can be worked out by hand."""

import numpy as np
import pytest

from identification.evaluation import bootstrap
from identification.evaluation.comparisons import Comparisons
from identification.evaluation.errors import EvaluationError
from identification.evaluation.rates import FMRS, Rates
from identification.evaluation.verification import accuracy, error_rates, unmeasured
from tests.made_scores import FAILED, compared, overlapping, reordered

ROUNDS = 50


def test_perfect_separation_has_no_error_and_admits_its_doubt() -> None:
    comparisons = compared([0.8, 0.9, 0.7, 0.75], [0.1, 0.2, 0.3, 0.4])
    rates, right = error_rates(comparisons, seed=0), accuracy(comparisons, seed=0)
    assert (right.mean, right.standard_error, right.folds) == (1.0, 0.0, 2)
    assert rates.fnmr_at_fmr == dict.fromkeys(FMRS, 0.0)
    assert rates.eer == 0.0
    # Nobody erred among four people: Clopper and Pearson's bound for 0 of 4.
    assert rates.fnmr_interval[0.1] == pytest.approx((0.0, 1 - 0.025**0.25))
    assert right.interval[0] <= 0.025**0.25 < right.interval[1] == 1.0


def test_scores_that_say_nothing_are_right_half_of_the_time() -> None:
    scores = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    rates = Rates.of(compared(scores, scores))
    assert rates.figures([0.5]) == [0.5, 0.5]
    assert rates.figures([0.25])[0] == 0.75


def test_one_error_of_each_kind_counts_once() -> None:
    comparisons = compared([0.9, 0.8, 0.7, 0.35], [0.1, 0.2, 0.3, 0.75])
    rates = Rates.of(comparisons)
    assert rates.figures([0.25, 0.24]) == [0.0, 0.5, 0.25], "just above 0.3, just above 0.75, equal rates"
    assert 0.3 < rates.threshold_at(0.25) < 0.30001
    assert 0.75 < rates.threshold_at(0.24) < 0.75001


def test_equal_scores_are_accepted_together_or_not_at_all() -> None:
    rates = Rates.of(compared([0.5, 0.9], [0.5, 0.5, 0.5, 0.1]))
    assert rates.fmr().tolist() == [0.0, 0.75, 1.0]
    assert rates.figures([0.5])[0] == 0.5, "no threshold lets half of three equal scores pass"
    assert rates.figures([0.75])[0] == 0.0


def test_threshold_keeps_the_stated_false_match_rate() -> None:
    comparisons = overlapping(1)
    rates = Rates.of(comparisons)
    for fmr in (0.1, 0.01):
        threshold = rates.threshold_at(fmr)
        accepted = (comparisons.non_mated_scores >= threshold).mean()
        assert accepted <= fmr
        assert (comparisons.non_mated_scores >= threshold - 0.05).mean() >= accepted
        assert rates.figures([fmr])[0] == (comparisons.mated_scores < threshold).mean()


def test_false_matches_rarer_than_one_comparison_in_all_are_marked_as_unmeasured() -> None:
    rates = error_rates(compared([0.9] * 5, np.linspace(0, 0.5, 100).tolist()), seed=0, rounds=ROUNDS)
    assert rates.measurable == {0.1: True, 0.01: True, 0.001: False, 0.0001: False}
    assert unmeasured(rates) == [0.001, 0.0001]
    assert rates.threshold_at_fmr[0.0001] > 0.5
    assert rates.fnmr_at_fmr[0.0001] == 0.0


def test_failure_to_enrol_is_a_false_non_match_at_every_threshold_and_no_comparison_of_different_people() -> None:
    rates = error_rates(compared([0.9, 0.8, 0.7, FAILED], [0.1, 0.2, FAILED]), seed=0, rounds=ROUNDS)
    assert rates.fnmr_at_fmr == dict.fromkeys(FMRS, 0.25)
    assert (rates.mated, rates.non_mated, rates.not_compared) == (4, 2, 2)


def test_pair_with_a_failed_photograph_is_an_error_in_the_accuracy_whichever_kind_it_is() -> None:
    good = ([0.9, 0.8, 0.95, 0.85], [0.1, 0.2, 0.15, 0.12])
    assert accuracy(compared(*good), seed=0, rounds=ROUNDS).mean == 1.0
    assert accuracy(compared([*good[0][:3], FAILED], good[1]), seed=0, rounds=ROUNDS).mean == 0.875
    assert accuracy(compared(good[0], [*good[1][:3], FAILED]), seed=0, rounds=ROUNDS).mean == 0.875


def test_where_no_face_was_found_anywhere_nothing_can_be_measured() -> None:
    with pytest.raises(EvaluationError, match="too few photographs"):
        error_rates(compared([0.5], [FAILED]), seed=0, rounds=ROUNDS)


def test_threshold_of_a_fold_comes_from_the_other_folds() -> None:
    """In fold 1 all scores are higher by one, so either fold's threshold is wrong for half of the other."""
    scores = [0.8, 1.8, 0.9, 1.9, 0.2, 1.2, 0.1, 1.1]
    comparisons = compared(scores[:4], scores[4:], folds=2)
    assert accuracy(comparisons, seed=0, rounds=ROUNDS).mean == 0.5


def test_standard_error_is_that_of_the_folds_mean() -> None:
    # Fold 0: four right of four. Fold 1: a mated pair scores like a stranger, three right of four.
    comparisons = compared([0.9, 0.9, 0.8, 0.1], [0.1, 0.2, 0.2, 0.15], folds=2)
    measured = accuracy(comparisons, seed=0, rounds=ROUNDS)
    assert measured.mean == 0.875
    assert measured.standard_error == pytest.approx(np.std([1, 0.75], ddof=1) / 2**0.5)


@pytest.mark.parametrize("seed", range(3))
def test_order_of_the_list_changes_nothing(seed: int) -> None:
    comparisons = overlapping(seed)
    other = reordered(comparisons, seed + 1)
    assert accuracy(other, seed=3, rounds=ROUNDS) == accuracy(comparisons, seed=3, rounds=ROUNDS)
    mine, theirs = (error_rates(each, seed=3, rounds=ROUNDS) for each in (comparisons, other))
    assert theirs.fnmr_at_fmr == mine.fnmr_at_fmr
    assert theirs.threshold_at_fmr == mine.threshold_at_fmr
    assert theirs.fnmr_interval == mine.fnmr_interval
    assert (theirs.eer, theirs.eer_interval) == (mine.eer, mine.eer_interval)


@pytest.mark.parametrize("seed", range(5))
def test_intervals_contain_their_estimates_and_narrow_with_more_people(seed: int) -> None:
    few, many = (error_rates(overlapping(seed, count), seed=0, rounds=200) for count in (60, 1500))
    for rates in (few, many):
        for fmr in FMRS:
            low, high = rates.fnmr_interval[fmr]
            assert 0 <= low <= rates.fnmr_at_fmr[fmr] <= high <= 1
        assert rates.eer_interval[0] <= rates.eer <= rates.eer_interval[1]
    assert np.ptp(many.eer_interval) < np.ptp(few.eer_interval) / 2


def test_interval_of_a_rate_is_about_that_of_independent_trials_where_people_are_independent() -> None:
    rng = np.random.default_rng(5)
    mated = np.where(rng.random(1000) < 0.1, 0.0, 1.0)
    rates = error_rates(compared(mated.tolist(), [0.5] * 1000), seed=0)
    low, high = rates.fnmr_interval[0.1]
    assert high - low == pytest.approx(2 * 1.96 * (0.1 * 0.9 / 1000) ** 0.5, rel=0.2)


def test_people_are_drawn_and_not_pairs() -> None:
    """Twenty people of whom one always fails, in fifty pairs each: the doubt is that of 20, not of 1,000."""
    owners = np.concatenate([np.repeat(np.arange(20), 100), 20 + np.arange(2000)])
    first = np.concatenate([np.arange(0, 2000, 2), 2000 + np.arange(0, 2000, 2)])
    scores = np.concatenate([np.where(owners[first[:1000]] == 0, 0.0, 1.0), np.full(1000, 0.5)])
    comparisons = Comparisons(scores, np.arange(2000) < 1000, first, first + 1, np.empty(0, np.intp), owners)
    low, high = error_rates(comparisons, seed=0).fnmr_interval[0.1]
    assert low == 0.0
    assert high > 0.1


def test_draws_are_the_same_for_the_same_seed() -> None:
    owners = np.array([0, 0, 2, 5])
    one, again = ([counts.tolist() for counts in bootstrap.draws(owners, seed=4, rounds=5)] for _ in range(2))
    assert one == again
    assert one != [counts.tolist() for counts in bootstrap.draws(owners, seed=5, rounds=5)]
    assert all(sum(counts) == 3 and counts[1] == counts[3] == counts[4] == 0 for counts in one)
