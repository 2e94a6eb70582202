"""From a comparison score to how often chance gives one: a table of false match rates, measured and never extended.

Comparisons that share a person aren't independent: some people look like many. So the interval of a rate doesn't
rest on the number of comparisons but on how many independent ones would be as sure. Drawing people anew, as in
`evaluation.bootstrap`, gives the variance v of a rate p; p (1 - p) / v comparisons that were independent would have
the same. Clopper and Pearson's exact interval is then taken for that many, and never for more than were made.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import expm1, log1p, log10
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

MOST_ROWS = 200
LEVEL = 0.95
FORMAT = "countersign-calibration/1"
LONGEST_DATA = 200  # characters
FEWEST_COMPARISONS = 20  # fewer say nothing worth keeping
MOST_COMPARISONS = 2**63 - 1  # that can be kept
SURE_ENOUGH = 3  # an estimate is told where the upper bound is at most so many times as high, and else that bound
RAREST_TOLD = 1_000  # searches; what is rarer is told as "fewer than 1 in 1,000"


class CalibrationError(Exception):
    """A calibration that can't be made or used; str() is a sentence that says why."""


@dataclass(frozen=True)
class Row:
    """The share of non-mated comparisons that reach this score, and its 95 per cent interval."""

    score: float
    fmr: float
    low: float
    high: float


@dataclass(frozen=True)
class Table:
    """Rows by rising score and falling FMR, from `comparisons` of different people; the first row has an FMR of 1."""

    comparisons: int
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        """Refuse what no measurement gives."""
        if not self.rows or self.comparisons < 1:
            raise CalibrationError("The calibration table is empty.")
        if self.comparisons > MOST_COMPARISONS:
            raise CalibrationError("The calibration table tells of more comparisons than can be made.")
        for row in self.rows:
            if not (
                -1.001 <= row.score <= 1.001
                and 0 <= row.low <= row.fmr <= row.high <= 1
                and row.fmr >= 1 / MOST_COMPARISONS
            ):
                raise CalibrationError(f"The calibration table has a row that can't be: {row}.")
        for row, after in zip(self.rows, self.rows[1:], strict=False):
            falls = row.score < after.score and row.fmr > after.fmr and row.low >= after.low and row.high >= after.high
            if not falls:
                raise CalibrationError("In the calibration table a higher score must mean a lower false match rate.")

    def at(self, score: float) -> Row | None:
        """The last row up to this score, so that the FMR is never understated; None beyond the table."""
        return None if score > self.rows[-1].score else self.reached(score)[-1]

    def reached(self, score: float) -> Sequence[Row]:
        """The rows whose score isn't above this one; below all of them the first, where every one is accepted."""
        return [row for row in self.rows if row.score <= score] or self.rows[:1]

    @property
    def rarest(self) -> int:
        """The N of "rarer than 1 in N could not be measured": by the upper bound of the last row's interval."""
        return max(1, round_down(1 / self.rows[-1].high))

    def as_rows(self) -> list[list[float]]:
        """As they are stored: score, FMR, lower and upper bound."""
        return [[row.score, row.fmr, row.low, row.high] for row in self.rows]

    @classmethod
    def from_rows(cls, comparisons: Any, rows: Any) -> "Table":
        """From what was stored; CalibrationError where it isn't a table."""
        try:
            read = tuple(Row(*(float(value) for value in row)) for row in rows)
            return cls(int(comparisons), read)
        except (TypeError, ValueError, OverflowError) as error:
            raise CalibrationError("This isn't a calibration table: rows have four numbers each.") from error


@dataclass(frozen=True)
class Made:
    """A table with the encoder whose scores it tells of, and the data that it was measured on."""

    name: str
    version: str
    weights_sha256: str
    data: str
    data_sha256: str
    table: Table

    def __post_init__(self) -> None:
        """Refuse what doesn't say what it was measured on."""
        if not 0 < len(self.data) <= LONGEST_DATA:
            raise CalibrationError(f"A calibration says in 1 to {LONGEST_DATA} characters what it was measured on.")
        if not re.fullmatch("[0-9a-f]{64}", self.data_sha256):
            raise CalibrationError("A calibration names the SHA-256 of the list that it was measured on.")

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "encoder": {"name": self.name, "version": self.version, "weights_sha256": self.weights_sha256},
            "data": self.data,
            "data_sha256": self.data_sha256,
            "comparisons": self.table.comparisons,
            "table": self.table.as_rows(),
        }

    @classmethod
    def read(cls, file: Path) -> "Made":
        """Read what `as_json` gave; CalibrationError says why a file isn't a calibration."""
        try:
            said = json.loads(file.read_text(encoding="utf-8"))
            if said["format"] != FORMAT:
                raise CalibrationError(f"{file} isn't a calibration of the format {FORMAT}.")
            name, version, weights = (str(said["encoder"][key]) for key in ("name", "version", "weights_sha256"))
            table = Table.from_rows(said["comparisons"], said["table"])
            return cls(name, version, weights, str(said["data"]), str(said["data_sha256"]), table)
        except OSError as error:
            raise CalibrationError(f"{file} can't be read: {error.strerror or error}.") from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CalibrationError(
                f"{file} isn't a calibration: give a calibration.json that was made here."
            ) from error

    def check_made_for(self, *, name: str, version: str, weights_sha256: str) -> None:
        """Refuse another encoder, another version or other weights: their scores mean something else."""
        for word, made_for, own in (
            ("encoder", self.name, name),
            ("version", self.version, version),
            ("weights file", self.weights_sha256, weights_sha256),
        ):
            if made_for != own:
                raise CalibrationError(f"This calibration was made for another {word}, {made_for}, than {own}.")


def make_table(scores: Numbers, rounds: Iterable[Numbers]) -> Table:
    """Measure a table on the scores of non-mated comparisons.

    scores: (n,), finite. rounds: for each drawing of people, how often each comparison counts, (n,), in their order.
    """
    if len(scores) < FEWEST_COMPARISONS:
        raise CalibrationError(
            f"A calibration needs {FEWEST_COMPARISONS} comparisons of different people or more; here are {len(scores)}."
        )
    order = np.argsort(-scores, kind="stable")
    counts = _row_counts(scores[order])
    drawn = np.array([_shares(weights[order], counts) for weights in rounds if weights.any()])
    if not len(drawn):
        raise CalibrationError("A calibration needs rounds in which people are drawn.")
    rates = counts / len(scores)
    low, high = _intervals(rates, drawn.var(axis=0), len(scores))
    levels = scores[order][counts - 1]
    rows = [Row(*(float(v) for v in row)) for row in zip(levels, rates, low, high, strict=True)]
    return Table(len(scores), tuple(reversed(rows)))


def _row_counts(descending: Numbers) -> NDArray[np.intp]:
    """How many comparisons reach each row's score: at most 200 counts, spread evenly over the powers of ten.

    Each ends where the score falls, because equal scores are reached together.
    """
    ends = np.append(np.flatnonzero(descending[1:] < descending[:-1]) + 1, len(descending))
    wanted = np.geomspace(1, len(descending), MOST_ROWS)
    chosen = ends[np.minimum(np.searchsorted(ends, wanted - 1e-6), len(ends) - 1)]
    return np.unique(chosen)


def _shares(weights: Numbers, counts: NDArray[np.intp]) -> Numbers:
    total = np.cumsum(weights)
    shares: Numbers = total[counts - 1] / total[-1]
    return shares


def _intervals(rates: Numbers, variances: Numbers, comparisons: int) -> tuple[Numbers, Numbers]:
    """Clopper and Pearson's bounds for the effective number of comparisons; rates rise along the arrays.

    They are widened, never narrowed, until they rise with the rates.
    """
    from scipy.stats import beta

    spread = rates * (1 - rates)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(variances > 0, spread / variances, comparisons)
    effective = np.clip(effective, 1, comparisons)
    reached, tail = rates * effective, (1 - LEVEL) / 2
    low = beta.ppf(tail, reached, effective - reached + 1)
    high = np.where(rates < 1, beta.ppf(1 - tail, reached + 1, np.maximum(effective - reached, 1e-9)), 1.0)
    low, high = np.minimum(low, rates), np.maximum(high, rates)
    return np.minimum.accumulate(low[::-1])[::-1], np.maximum.accumulate(high)


def sentence(table: Table, *, score: float, gallery_size: int) -> str:
    """How often a score this high occurs by chance in a gallery of so many references: domain.md's sentence.

    A search of N references shows a wrong person at this score with probability 1 - (1 - FMR)^N. No percentage, and
    no number where none was measured.
    """
    if gallery_size < 1:
        raise ValueError("A gallery without references shows nobody.")
    said = (
        f"{_often(table.reached(score), gallery_size)} of a gallery this large would show a wrong person at this score."
    )
    if score <= table.rows[-1].score:
        return said
    return (
        f"{said} How much rarer it is isn't known: rarer than 1 in {table.rarest:,} could not be measured on "
        f"{table.comparisons:,} comparisons."
    )


@dataclass(frozen=True)
class _Told:
    """A chance in words, with the number that they name."""

    number: float
    words: str


def _often(reached: Sequence[Row], gallery_size: int) -> str:
    """The rarest of what is told of the rows up to a score, so that a higher score is never told as more common.

    Where that is the estimate of a lower score, it is told as no more than a bound: "At most about".
    """
    told = [_told(row, gallery_size) for row in reversed(reached)]
    rarest = min(told, key=lambda one: one.number)  # of equals the highest score's own
    return rarest.words if rarest is told[0] else rarest.words.replace("About", "At most about")


def _told(row: Row, gallery_size: int) -> _Told:
    """Of one row: the estimate where it is sure enough, and else the upper bound.

    Which of both doesn't depend on the gallery, so that a larger one is never told as more favourable.
    """
    estimate, bound = _chance(row.fmr, gallery_size), _chance(row.high, gallery_size)
    if row.high > SURE_ENOUGH * row.fmr or bound < 1 / RAREST_TOLD:
        return _at_most(bound)
    if estimate < 1 / RAREST_TOLD:
        return _Told(1 / RAREST_TOLD, f"At most about 1 in {RAREST_TOLD:,} searches")
    return _about(estimate)


def _chance(fmr: float, gallery_size: int) -> float:
    return -expm1(gallery_size * log1p(-fmr)) if fmr < 1 else 1.0


def _about(chance: float) -> _Told:
    """An estimate in words."""
    if chance >= 0.95:
        return _Told(1.0, "Nearly every search")
    if chance >= 0.095:
        tenths = round(chance * 10)
        return _Told(tenths / 10, f"About {tenths} in 10 searches")
    one_in = _roughly(1 / chance)
    return _Told(1 / one_in, f"About 1 in {one_in:,} searches")


def _at_most(chance: float) -> _Told:
    """An upper bound in words, rounded so that it stays one."""
    if chance >= 0.9:
        return _Told(1.0, "An unknown part of all searches")
    if chance > 0.1:
        tenths = int(chance * 10) + 1
        return _Told(tenths / 10, f"At most {tenths} in 10 searches")
    one_in = round_down(min(1 / chance, RAREST_TOLD))
    return _Told(1 / one_in, f"Fewer than 1 in {one_in:,} searches")


def _roughly(value: float) -> int:
    """The nearest number with one digit that isn't zero: 48 gives 50."""
    step = int(10 ** int(log10(value)))
    return round(value / step) * step


def round_down(value: float) -> int:
    """The whole number with at most two digits that aren't zeros, at or below this one: 1,234 gives 1,200."""
    whole = int(value)
    step = int(10 ** max(0, len(str(whole)) - 2))
    return whole // step * step
