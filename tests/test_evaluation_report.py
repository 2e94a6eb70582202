"""A report says what its figures rest on, also in the terminal, and leaves out what too few errors tell."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from identification.evaluation.discard import measure_discards
from identification.evaluation.report import Report
from identification.evaluation.run import Evaluation, Measured
from identification.evaluation.verification import accuracy, error_rates, share_interval
from tests.made_scores import compared, sample

MADE_BY = {
    "encoder": {"name": "an-encoder", "version": "1", "weights_sha256": "0" * 64},
    "detector": {"name": "a-detector", "version": "1"},
    "libraries": {"numpy": "2"},
    "device": "cpu",
}


def evaluation(*, errors: int, people: int | None = 80, **changes: Any) -> Evaluation:
    """Of 100 mated pairs, so many of which are false non-matches at every threshold."""
    comparisons = compared([0.1] * errors + [0.9] * (100 - errors), np.linspace(0.2, 0.5, 50).tolist())
    measured = Measured(2320, 3, accuracy(comparisons, seed=0), error_rates(comparisons, seed=0, rounds=20), None)
    samples = [sample(sharpness=float(place)) for place in range(len(comparisons.owners))]
    curves = measure_discards(comparisons, samples, samples, seed=0)
    assert curves
    said = Evaluation(
        made_by=MADE_BY,
        pairs_file="pairs.csv",
        pairs_sha256="0" * 64,
        pairs=150,
        images=2320,
        people=people,
        seed=0,
        plain=measured,
        all_pairs=None,
        degraded={"grey": measured, "blurred": None},
        discard={"pairs": curves, "degraded": curves},
        several_faces=0,
        all_comparisons=None,
    )
    return replace(said, **changes)


def report(**changes: Any) -> Report:
    from identification.evaluation.degrade import IN_WORDS

    one = evaluation(**changes)
    names = list(IN_WORDS)[:2]
    return Report(replace(one, degraded=dict(zip(names, one.degraded.values(), strict=True))), "evaluate", "2026-01-01")


def both(told: Report) -> Sequence[str]:
    return told.as_text(), told.as_markdown()


def test_terminal_and_document_tell_of_degraded_probes_and_of_discards() -> None:
    for said in both(report(errors=30)):
        assert "Degraded probes" in said
        assert "failures to enrol" in said
        assert "3 of 2,320" in said
        assert "Error versus discard, listed pairs\n" in said
        assert "Error versus discard, listed pairs, plain and degraded together" in said
        assert "at the threshold for FMR 0.001" in said
        assert "without 20%" in said
        assert "sharpness" in said


def test_columns_for_the_terminal_end_one_below_another() -> None:
    lines = report(errors=30).as_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("measure"))
    assert len({len(line) for line in lines[start : start + 3]}) == 1


@pytest.mark.parametrize(("errors", "told"), [(19, False), (20, True)])
def test_listed_pairs_with_too_few_errors_get_a_line_instead_of_a_curve(errors: int, told: bool) -> None:
    one = report(errors=errors)
    assert ("pairs" in one.as_json()["discard"]) is told
    assert one.as_json()["discard"]["degraded"]["errors"] == errors
    for said in both(one):
        assert ("Error versus discard, listed pairs\n" in said) is told
        assert ("Error versus discard isn't told of the listed pairs" in said) is not told
        assert ("(19; 20 are needed)" in said) is not told


@pytest.mark.parametrize(
    ("people", "words"), [(80, "a bootstrap over people;"), (None, "a bootstrap over photographs, because")]
)
def test_report_says_who_was_drawn_for_its_intervals(people: int | None, words: str) -> None:
    for said in both(report(errors=5, people=people)):
        assert said.count("bootstrap over") == 1
        assert words in said


def test_plus_and_minus_is_explained() -> None:
    for said in both(report(errors=5)):
        assert "Accuracy, 2 folds, ± standard error over them" in said


def test_failures_to_enrol_have_their_own_interval() -> None:
    one = report(errors=5)
    verification = one.as_json()["verification"]
    assert verification["failures_to_enrol"] == 3
    assert verification["failures_to_enrol_interval"] == list(share_interval(3, 2320))
    for said in both(one):
        row = next(line for line in said.splitlines() if "Failures to enrol" in line)
        assert "3 of 2,320 photographs, 0.0013" in row
        assert "0.0003 to 0.0038" in row


@pytest.mark.parametrize(
    ("count", "of", "expected"),
    [(0, 10, (0.0, 0.3085)), (10, 10, (0.6915, 1.0)), (100, 1000, (0.0821, 0.1203))],  # R: binom.test
)
def test_interval_of_a_share_is_clopper_and_pearsons(count: int, of: int, expected: tuple[float, float]) -> None:
    assert share_interval(count, of) == pytest.approx(expected, abs=1e-4)
