"""A calibration says how often chance gives a score, only as far as that was measured, and only after signing."""

import re
from typing import Any

import numpy as np
import pytest

from identification.evaluation.calibrating import table_of
from identification.recognition.calibration import (
    MOST_ROWS,
    CalibrationError,
    Row,
    Table,
    make_table,
    sentence,
)
from tests.made_scores import FAILED, TABLE, compared

# Measured


def independent(scores: np.ndarray, rounds: int = 200) -> Table:
    """A table of scores whose comparisons share nobody, so that drawing people is drawing comparisons."""
    rng = np.random.default_rng(1)
    weights = (rng.multinomial(len(scores), np.full(len(scores), 1 / len(scores))).astype(float) for _ in range(rounds))
    return make_table(scores, weights)


def test_false_match_rate_is_the_share_of_comparisons_that_reach_a_score() -> None:
    table = independent(np.arange(1, 101) / 100)
    assert table.at(0.91).fmr == 0.1
    assert table.at(1.0).fmr == 0.01
    assert table.at(0.01).fmr == 1.0
    assert table.comparisons == 100


def test_interval_of_independent_comparisons_is_clopper_and_pearsons() -> None:
    table = independent(np.arange(1, 1001) / 1000, rounds=4000)
    row = table.at(0.9)
    assert row.fmr == pytest.approx(0.1, abs=0.002)
    assert (row.low, row.high) == pytest.approx((0.0821, 0.1203), abs=0.004)  # R: binom.test(100, 1000)


def test_comparisons_that_share_people_count_for_less() -> None:
    """Two hundred comparisons of ten people who come in twenty each: as sure as ten, not as two hundred."""
    scores = np.repeat(np.linspace(0.1, 1.0, 10), 20) + np.tile(np.arange(20) * 1e-6, 10)
    rng = np.random.default_rng(2)
    shared = make_table(
        scores, (np.repeat(rng.multinomial(10, np.full(10, 0.1)), 20).astype(float) for _ in range(400))
    )
    alone = independent(scores, rounds=400)
    mine, theirs = shared.at(0.70002), alone.at(0.70002)
    assert mine.fmr == theirs.fmr
    assert mine.high - mine.low > 3 * (theirs.high - theirs.low)


@pytest.mark.parametrize("seed", range(6))
def test_table_is_monotone_short_and_each_interval_holds_its_rate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = independent(np.round(rng.normal(0.3, 0.15, 20_000).clip(-1, 1), 3 + seed % 3), rounds=50)
    scores, rates, low, high = (np.array(column) for column in zip(*table.as_rows(), strict=True))
    assert 20 < len(table.rows) <= MOST_ROWS
    assert np.all(np.diff(scores) > 0)
    assert np.all(np.diff(rates) < 0)
    assert np.all(np.diff(low) <= 0)
    assert np.all(np.diff(high) <= 0)
    assert np.all((low <= rates) & (rates <= high))
    assert rates[0] == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_no_score_is_told_a_lower_rate_than_was_measured(seed: int) -> None:
    scores = np.random.default_rng(seed).normal(0.3, 0.15, 5000).clip(-1, 1)
    table = independent(scores, rounds=20)
    for score in np.linspace(-1, scores.max(), 200):
        assert table.at(score).fmr >= (scores >= score).mean()
    assert table.at(scores.max() + 1e-9) is None


def test_order_of_comparisons_changes_nothing() -> None:
    scores = np.random.default_rng(3).normal(0.3, 0.15, 500).clip(-1, 1)
    weights = np.random.default_rng(4).integers(0, 3, (30, 500)).astype(float)
    order = np.random.default_rng(5).permutation(500)
    assert make_table(scores[order], iter(weights[:, order])) == make_table(scores, iter(weights))


def test_table_is_made_of_comparisons_of_different_people_that_took_place() -> None:
    table = table_of(compared([0.99] * 10, [*(np.arange(40) / 100), FAILED]), seed=0)
    assert table.comparisons == 40
    assert table.at(0.5) is None


def test_too_few_comparisons_are_refused() -> None:
    with pytest.raises(CalibrationError, match="needs 20 comparisons of different people or more; here are 3"):
        table_of(compared([0.9], [0.1, 0.2, 0.3]), seed=0)
    with pytest.raises(CalibrationError, match="here are 0"):
        table_of(compared([0.9], [FAILED]), seed=0)


# In words


@pytest.mark.parametrize(
    ("score", "gallery_size", "begins"),
    [
        (0.05, 10, "Nearly every search"),
        (0.20, 1, "Nearly every search"),
        (0.55, 1000, "Nearly every search"),
        (0.60, 357, "About 3 in 10 searches"),
        (0.60, 2000, "About 9 in 10 searches"),
        (0.55, 35, "About 3 in 10 searches"),
        (0.60, 100, "About 1 in 10 searches"),
        (0.60, 50, "About 1 in 20 searches"),
        (0.70, 100, "Fewer than 1 in 25 searches"),
        (0.70, 2, "Fewer than 1 in 1,000 searches"),
        (0.70, 3, "Fewer than 1 in 830 searches"),
    ],
)
def test_sentence_says_how_many_searches_would_show_a_wrong_person(
    score: float, gallery_size: int, begins: str
) -> None:
    said = sentence(TABLE, score=score, gallery_size=gallery_size)
    assert said == f"{begins} of a gallery this large would show a wrong person at this score."


@pytest.mark.parametrize(
    ("gallery_size", "begins"),
    [
        (1, "Fewer than 1 in 1,000 searches"),
        (100, "Fewer than 1 in 25 searches"),
        (1000, "At most 4 in 10 searches"),
        (100_000, "An unknown part of all searches"),
    ],
)
def test_beyond_the_table_only_a_bound_is_told(gallery_size: int, begins: str) -> None:
    said = sentence(TABLE, score=0.71, gallery_size=gallery_size)
    assert said.startswith(f"{begins} of a gallery this large would show a wrong person at this score. ")
    assert "rarer than 1 in 2,500 could not be measured on 10,000 comparisons" in said


def test_no_sentence_holds_a_percentage_or_a_likelihood() -> None:
    for score in np.linspace(-1, 1, 60):
        for size in (1, 10, 1000, 10**6):
            said = sentence(TABLE, score=float(score), gallery_size=size).lower()
            assert not {"%", "percent", "per cent", "likel", "probab", "match"} & set(said.split())
            assert "%" not in said
            assert "match" not in said


# As sparse at the top as the one measured on Labeled Faces in the Wild: the last row is one comparison.
SPARSE = Table(
    2_700_000,
    (
        Row(0.500, 1.0, 1.0, 1.0),
        Row(0.900, 1e-3, 8e-4, 1.2e-3),
        Row(0.940, 1e-6 * 19, 6e-6, 4.6e-5),
        Row(0.945, 1e-6 * 9, 2e-6, 2.9e-5),
        Row(0.950, 4e-7 * 1.01, 1e-8, 6.5e-6),
        Row(0.951, 3.7e-7, 1e-8, 6e-6),
    ),
)


def drawn_table(seed: int) -> Table:
    """Rows by chance, some of them measured well and some badly, in any order."""
    rng = np.random.default_rng(seed)
    rates = np.concatenate([[1.0], np.sort(10 ** rng.uniform(-6.5, -0.1, 40))[::-1]])
    above = np.maximum.accumulate((rates * rng.uniform(1, 8, 41))[::-1])[::-1].clip(max=1.0)
    rows = zip(np.linspace(0, 0.98, 41), rates, rates / 10, above, strict=True)
    return Table(2_700_000, tuple(Row(*(float(value) for value in row)) for row in rows))


TABLES = [TABLE, SPARSE, independent(np.random.default_rng(1).normal(0.3, 0.15, 5000)), *map(drawn_table, range(4))]
SIZES = [*range(1, 12), 20, 35, 50, 99, 100, 357, 1000, 2000, 5000, 13_000, 100_000, 10**6]


def number_told(said: str) -> float:
    """The part of all searches that a sentence names."""
    if said.startswith(("Nearly every search", "An unknown part of all searches")):
        return 1.0
    told = re.match(r"(?:About|At most|At most about|Fewer than) ([\d,]+) in ([\d,]+) searches of a gallery", said)
    assert told, said
    part, of = (int(number.replace(",", "")) for number in told.groups())
    return part / of


@pytest.mark.parametrize("table", TABLES)
def test_higher_scores_are_never_told_as_more_common(table: Table) -> None:
    scores = [*np.linspace(-1, 1, 80).tolist(), *(row.score for row in table.rows), table.rows[-1].score + 1e-6]
    for size in SIZES:
        told = [number_told(sentence(table, score=score, gallery_size=size)) for score in sorted(scores)]
        assert told == sorted(told, reverse=True), size


@pytest.mark.parametrize("table", TABLES)
def test_larger_galleries_never_make_chance_rarer(table: Table) -> None:
    for score in [*np.linspace(-1, 1, 40).tolist(), *(row.score for row in table.rows)]:
        told = [number_told(sentence(table, score=score, gallery_size=size)) for size in SIZES]
        assert told == sorted(told), score


@pytest.mark.parametrize("table", TABLES)
def test_fewer_than_is_only_said_of_what_the_upper_bound_allows(table: Table) -> None:
    for row in table.rows:
        for size in SIZES:
            said = sentence(table, score=row.score, gallery_size=size)
            if said.startswith("Fewer"):
                assert 1 - (1 - row.high) ** size <= number_told(said) + 1e-9, said


@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_told_as_rarer_than_one_in_a_thousand(table: Table) -> None:
    told = [
        number_told(sentence(table, score=score, gallery_size=size))
        for score in np.linspace(-1, 1, 99)
        for size in SIZES
    ]
    assert min(told) == 1 / 1000


@pytest.mark.parametrize(
    ("high", "begins"),
    [(0.0030, "About 1 in 50 searches"), (0.0031, "Fewer than 1 in 16 searches"), (0.02, "At most 4 in 10 searches")],
)
def test_estimate_is_told_only_where_its_upper_bound_is_at_most_three_times_as_high(high: float, begins: str) -> None:
    table = Table(10_000, (Row(0.1, 1.0, 1.0, 1.0), Row(0.5, 0.001, 0.0001, high)))
    assert sentence(table, score=0.5, gallery_size=20).startswith(begins)


def test_score_measured_badly_keeps_the_estimate_of_a_lower_one_until_its_own_bound_is_rarer() -> None:
    said = {score: sentence(SPARSE, score=score, gallery_size=5000) for score in (0.94, 0.945, 0.951)}
    assert said[0.94].startswith("About 1 in 10 searches")
    assert said[0.945].startswith("At most about 1 in 10 searches")  # its own bound is 1 in 7
    assert said[0.951].startswith("Fewer than 1 in 33 searches")


def test_estimate_rarer_than_one_in_a_thousand_is_fewer_only_where_its_bound_is_too() -> None:
    table = Table(10_000, (Row(0.1, 1.0, 1.0, 1.0), Row(0.5, 0.0001, 0.00005, 0.0002)))
    assert sentence(table, score=0.5, gallery_size=6).startswith("At most about 1 in 1,000 searches")
    assert sentence(table, score=0.5, gallery_size=4).startswith("Fewer than 1 in 1,000 searches")


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [[0.1, 1.0, 1.0]],
        [["a", 1, 1, 1]],
        [[0.1, 0.5, 0.6, 0.7]],
        [[0.1, 0.5, 0.4, 1.7]],
        [[2.0, 0.5, 0.4, 0.7]],
        [[0.1, float("nan"), 0.4, 0.7]],
        [[0.1, 0.5, 0.4, 0.7], [0.2, 0.6, 0.4, 0.7]],
        [[0.2, 0.5, 0.4, 0.7], [0.1, 0.4, 0.3, 0.7]],
        [[0.1, 0.5, 0.4, 0.6], [0.2, 0.4, 0.3, 0.7]],
        [[0.1, 10**400, 0.4, 0.7]],
        [[0.1, 1e-320, 0.0, 1e-320]],
        None,
    ],
)
def test_what_no_measurement_gives_is_no_table(rows: Any) -> None:
    with pytest.raises(CalibrationError):
        Table.from_rows(100, rows)


@pytest.mark.parametrize("comparisons", [0, -1, float("inf"), float("nan"), 2**63, 10**30, "many", None, []])
def test_number_of_comparisons_that_cant_be_is_refused(comparisons: Any) -> None:
    with pytest.raises(CalibrationError):
        Table.from_rows(comparisons, TABLE.as_rows())
