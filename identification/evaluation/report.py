"""What was measured as `result.json`, as `result.md`, as a printed table, and as two plots."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from identification.evaluation import discard, plots
from identification.evaluation.bootstrap import ROUNDS, Interval
from identification.evaluation.calibrating import data_in_words, made_from, table_of
from identification.evaluation.degrade import IN_WORDS
from identification.evaluation.identification import LIST_LENGTH, Identification
from identification.evaluation.layout import Section, aligned, as_markdown, table
from identification.evaluation.rates import FMRS
from identification.evaluation.run import Evaluation, Measured
from identification.evaluation.verification import ErrorRates, share_interval, unmeasured
from identification.recognition.calibration import Made

FORMAT = "countersign-evaluation/1"

FEWEST_ERRORS = 20  # of the listed pairs, for a discard curve to tell measures apart

Row = tuple[str, str, str]  # what, the figure, its interval or what to know of it


@dataclass(frozen=True)
class Report:
    """One evaluation, told: how it was called and on which day stand beside what it found."""

    evaluation: Evaluation
    command: str
    date: str
    data: str = ""

    def as_json(self) -> dict[str, Any]:
        """Everything, under stable keys; rates are numbers from 0 to 1."""
        found = self.evaluation
        plain = _measured(found.plain, found.pairs)
        return {
            "format": FORMAT,
            **plain,
            "all_pairs": None if found.all_pairs is None else _error_rates(found.all_pairs),
            "degraded": {name: _measured(one, found.pairs) for name, one in found.degraded.items() if one},
            "degraded_unmeasured": sorted(name for name, one in found.degraded.items() if one is None),
            "discard": {name: _discards(one) for name, one in self._discards().items()},
            "notes": list(self.notes()),
            "made": self._made(),
        }

    def _made(self) -> dict[str, Any]:
        found = self.evaluation
        return {
            "command": self.command,
            "date": self.date,
            "data": self.data,
            **found.made_by,
            "pairs_file": found.pairs_file,
            "pairs_sha256": found.pairs_sha256,
            "pairs": found.pairs,
            "images": found.images,
            "people": found.people,
            "seed": found.seed,
            "bootstrap_rounds": ROUNDS,
        }

    def notes(self) -> Iterator[str]:
        """What a reader has to know of the figures, in sentences."""
        found = self.evaluation
        yield _how_intervals_were_made(found.people)
        yield from _what_could_not_be_measured("the listed pairs", found.plain.rates)
        if found.all_pairs:
            yield from _what_could_not_be_measured("all pairs", found.all_pairs)
        if found.people is None:
            yield "The folders don't tell whose a photograph is, so only the listed pairs were compared."
        elif found.all_pairs is None:
            yield "There are too many photographs to compare each with every other one."
        elif found.plain.identification is None:
            yield "There are too few people or photographs to simulate a search."
        for name, one in found.degraded.items():
            if one is None:
                yield f"Probes {IN_WORDS[name]}: faces were found in too few to compare different people."
        yield from self._discards_left_out()
        yield (
            "These figures hold for photographs like the ones measured. They say nothing of photographs that are "
            "unlike them, such as those of the dead, of children, or of groups of people of whom there are few here."
        )

    def as_text(self) -> str:
        """The table for a terminal."""
        parts = [self._heading(), "", *aligned(("", "figure", "95 per cent interval"), self._rows()), ""]
        for section in self._sections():
            parts += [section.title, section.introduction, *aligned(section.headings, section.rows), ""]
        return "\n".join([*parts, *self.notes()])

    def as_markdown(self) -> str:
        """The document that is kept beside the figures."""
        parts = [
            f"# {self._heading()}",
            self._introduction(),
            table(("", "figure", "95 per cent interval"), self._rows()),
            *(part for section in self._sections() for part in as_markdown(section)),
            *self._plots(),
            "## What to know",
            *self.notes(),
            "## How it was made",
            f"`{self.command}`",
            self._provenance(),
        ]
        return "\n\n".join(parts) + "\n"

    def calibration(self) -> Made | None:
        """The table of all pairs, to be brought to another installation; None without them."""
        found = self.evaluation
        if found.all_comparisons is None:
            return None
        table = table_of(found.all_comparisons, seed=found.seed)
        data = self.data or data_in_words(found.pairs_file, found.images, found.people)
        return made_from(table, found.made_by, data=data, data_sha256=found.pairs_sha256)

    def _heading(self) -> str:
        encoder = self.evaluation.made_by["encoder"]
        return f"{encoder['name']} {encoder['version']}, measured on {self.date}"

    def _introduction(self) -> str:
        found = self.evaluation
        people = f" of {found.people:,} people" if found.people else ""
        said = f"{self.data}: " if self.data else ""
        return (
            f"{said}{found.pairs:,} listed pairs, {found.images:,} photographs{people}. Rates are parts of one. A "
            "mated comparison with a photograph in which no face was found counts as a false non-match; a pair with "
            "such a photograph counts as an error in the accuracy."
        )

    def _rows(self) -> list[Row]:
        """The short table: listed pairs, all pairs, searches."""
        found = self.evaluation
        rows = [*_accuracy_rows(found.plain), *_rate_rows(found.plain.rates, "listed pairs")]
        rows.append(_failures_row(found.plain))
        if found.all_pairs:
            rows += _rate_rows(found.all_pairs, "all pairs")
        return rows + (_search_rows(found.plain.identification) if found.plain.identification else [])

    def _sections(self) -> Iterator[Section]:
        """Degraded probes and discard curves."""
        if self.evaluation.degraded:
            yield Section(
                "Degraded probes",
                "The second photograph of each pair was degraded before anything looked for a face in it.",
                ("probe", "accuracy", "FNMR at FMR 0.01", "FNMR at FMR 0.001", "rank 1", "failures to enrol"),
                [_degraded_row("as it is", self.evaluation.plain), *self._degraded_rows()],
            )
        headings = ("measure", "all", *(f"without {share:.0%}" for share in discard.DISCARDED))
        for name, curves in self._discards().items():
            title = f"Error versus discard, {_DISCARD_IN_WORDS[name]}"
            yield Section(title, _what_is_discarded(curves), headings, _discard_rows(curves))

    def _discards(self) -> Mapping[str, discard.Discards]:
        """The curves that are told: of the listed pairs only where they err often enough."""
        return {
            name: curves
            for name, curves in self.evaluation.discard.items()
            if name != "pairs" or curves.errors >= FEWEST_ERRORS
        }

    def _discards_left_out(self) -> Iterator[str]:
        for name in self.evaluation.discard.keys() - self._discards().keys():
            errors = self.evaluation.discard[name].errors
            yield (
                f"Error versus discard isn't told of the {_DISCARD_IN_WORDS[name]}: too few of them are false "
                f"non-matches at FMR {discard.AT_FMR:g} to judge a measure by ({errors}; {FEWEST_ERRORS} are needed)."
            )

    def _plots(self) -> Iterator[str]:
        yield "## Plots"
        yield "![DET](det.svg)"
        if self.evaluation.plain.identification:
            yield "![CMC](cmc.svg)"

    def _degraded_rows(self) -> list[Sequence[str]]:
        return [_degraded_row(IN_WORDS[name], one) for name, one in self.evaluation.degraded.items() if one]

    def _provenance(self) -> str:
        made = self.evaluation.made_by
        libraries = ", ".join(f"{name} {number}" for name, number in made["libraries"].items())
        return (
            f"Weights SHA-256 `{made['encoder']['weights_sha256']}`; detector {made['detector']['name']} "
            f"{made['detector']['version']}; list SHA-256 `{self.evaluation.pairs_sha256}`; seed "
            f"{self.evaluation.seed}; device {made['device']}; {libraries}."
        )


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write `result.json`, `result.md`, `calibration.json` and the plots; the folder is made where it isn't there."""
    found = report.evaluation
    encoder = found.made_by["encoder"]["name"]
    curves = {"listed pairs": found.plain.rates} | ({"all pairs": found.all_pairs} if found.all_pairs else {})
    files = {
        "result.json": (json.dumps(report.as_json(), indent=2, allow_nan=False) + "\n").encode(),
        "result.md": report.as_markdown().encode(),
        "det.svg": plots.det(curves, title=f"Errors of {encoder} when two photographs are compared"),
    }
    if found.plain.identification:
        files["cmc.svg"] = plots.cmc(found.plain.identification, title=f"Searches with {encoder}")
    if calibration := report.calibration():
        files["calibration.json"] = (json.dumps(calibration.as_json(), indent=1) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


_DISCARD_IN_WORDS: Mapping[str, str] = {
    "pairs": "listed pairs",
    "all_pairs": "all pairs",
    "degraded": "listed pairs, plain and degraded together",
}


def _measured(one: Measured, pairs: int) -> dict[str, Any]:
    return {
        "verification": {
            "accuracy": one.accuracy.mean,
            "accuracy_standard_error": one.accuracy.standard_error,
            "accuracy_interval": list(one.accuracy.interval),
            "folds": one.accuracy.folds,
            **_error_rates(one.rates),
            "failures_to_enrol": one.failed,
            "failures_to_enrol_interval": list(share_interval(one.failed, one.sampled)),
            "images": one.sampled,
            "pairs": pairs,
        },
        "identification": None if one.identification is None else _identification(one.identification),
    }


def _error_rates(rates: ErrorRates) -> dict[str, Any]:
    return {
        "fnmr_at_fmr": _keyed(rates.fnmr_at_fmr),
        "fnmr_at_fmr_interval": _keyed_intervals(rates.fnmr_interval),
        "fnmr_at_fmr_measurable": _keyed(rates.measurable),
        "threshold_at_fmr": _keyed(rates.threshold_at_fmr),
        "eer": rates.eer,
        "eer_interval": list(rates.eer_interval),
        "mated_comparisons": rates.mated,
        "non_mated_comparisons": rates.non_mated,
        "not_compared": rates.not_compared,
    }


def _identification(one: Identification) -> dict[str, Any]:
    return {
        "gallery_size": one.gallery_size,
        "list_length": LIST_LENGTH,
        "draws": one.draws,
        "mated_searches": one.mated_searches,
        "non_mated_searches": one.non_mated_searches,
        "fnir_at_fpir": _keyed(one.fnir_at_fpir),
        "fnir_at_fpir_interval": _keyed_intervals(one.fnir_interval),
        "fnir_at_fpir_measurable": _keyed(one.measurable),
        "threshold_at_fpir": _keyed(one.threshold_at_fpir),
        "rank": _keyed(one.rank),
        "rank_interval": _keyed_intervals(one.rank_interval),
    }


def _discards(curves: discard.Discards) -> dict[str, Any]:
    return {
        "mated_comparisons": curves.mated,
        "errors": curves.errors,
        "threshold": curves.threshold,
        "fnmr": curves.fnmr,
        "measures": {
            name: {"fnmr": _keyed(curve.fnmr), "fnmr_interval": _keyed_intervals(curve.interval)}
            for name, curve in curves.curves.items()
        },
    }


def _keyed(figures: Mapping[Any, Any]) -> dict[str, Any]:
    return {f"{key:g}": value for key, value in figures.items()}


def _keyed_intervals(intervals: Mapping[Any, Interval]) -> dict[str, list[float]]:
    return {f"{key:g}": list(around) for key, around in intervals.items()}


def _how_intervals_were_made(people: int | None) -> str:
    drawn = "people" if people else "photographs, because it isn't known whose they are"
    return (
        f"Intervals are 95 per cent intervals from a bootstrap over {drawn}; that of failures to enrol is Clopper and "
        "Pearson's over photographs, of their share."
    )


def _what_is_discarded(curves: discard.Discards) -> str:
    return (
        f"FNMR of the {curves.mated:,} mated pairs at the threshold for FMR {discard.AT_FMR:g}, without the worst by "
        f"each measure. With none set aside {curves.errors:,} of them are false non-matches."
    )


def _what_could_not_be_measured(which: str, rates: ErrorRates) -> Iterator[str]:
    missing = unmeasured(rates)
    if missing:
        stated = " and ".join(f"{fmr:g}" for fmr in sorted(missing, reverse=True))
        yield (
            f"On {which}, false matches rarer than 1 in {rates.non_mated:,} could not be measured on "
            f"{rates.non_mated:,} comparisons of different people; the FNMR beside FMR {stated} is the one without any "
            "false match among them."
        )


def _accuracy_rows(one: Measured) -> list[Row]:
    of = one.accuracy
    return [
        (
            f"Accuracy, {of.folds} folds, ± standard error over them",
            f"{of.mean:.4f} ± {of.standard_error:.4f}",
            _span(of.interval),
        )
    ]


def _failures_row(one: Measured) -> Row:
    share = f"{one.failed / one.sampled:.4f}"
    around = share_interval(one.failed, one.sampled)
    return ("Failures to enrol", f"{one.failed:,} of {one.sampled:,} photographs, {share}", _span(around))


def _rate_rows(rates: ErrorRates, which: str) -> list[Row]:
    rows = [
        (
            f"FNMR at FMR {fmr:g}, {which}",
            f"{rates.fnmr_at_fmr[fmr]:.4f}",
            _span(rates.fnmr_interval[fmr]) + ("" if rates.measurable[fmr] else ", at no false match: see below"),
        )
        for fmr in FMRS
    ]
    return [*rows, (f"EER, {which}", f"{rates.eer:.4f}", _span(rates.eer_interval))]


def _search_rows(one: Identification) -> list[Row]:
    size = f"N = {one.gallery_size:,}"
    fnir = [
        (f"FNIR at FPIR {fpir:g}, {size}, R = {LIST_LENGTH}", f"{rate:.4f}", _span(one.fnir_interval[fpir]))
        for fpir, rate in one.fnir_at_fpir.items()
    ]
    ranks = [
        (f"Listed by rank {rank}, {size}", f"{rate:.4f}", _span(one.rank_interval[rank]))
        for rank, rate in one.rank.items()
    ]
    return [*fnir, *ranks]


def _degraded_row(name: str, one: Measured) -> Sequence[str]:
    at = one.rates.fnmr_at_fmr
    rank = f"{one.identification.rank[1]:.4f}" if one.identification else "-"
    failed = f"{one.failed} of {one.sampled:,}"
    return (name, f"{one.accuracy.mean:.4f}", f"{at[0.01]:.4f}", f"{at[0.001]:.4f}", rank, failed)


def _discard_rows(curves: discard.Discards) -> list[Sequence[str]]:
    return [
        (name, f"{curves.fnmr:.4f}", *(f"{curve.fnmr[share]:.4f}" for share in discard.DISCARDED))
        for name, curve in curves.curves.items()
    ]


def _span(interval: Interval) -> str:
    return f"{interval[0]:.4f} to {interval[1]:.4f}"
