"""DET and CMC as SVG: the same figures always give the same bytes."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from identification.evaluation.identification import Identification
from identification.evaluation.verification import ErrorRates

ACCENT, INK, QUIET, LINE = "#0b5c6b", "#1c1c1c", "#6f6f6f", "#d9d9d7"
SIZE = (6.4, 4.8)  # inches
_STYLE = {
    "svg.hashsalt": "countersign",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every machine draws the same
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "legend.frameon": False,
}
# The main curve in the accent, the other in ink and dashed: told apart without colour too.
_MAIN = {"color": ACCENT, "linewidth": 2.0}
_OTHER = {"color": INK, "linewidth": 1.4, "linestyle": (0, (4, 2))}


def det(curves: Mapping[str, ErrorRates], *, title: str) -> bytes:
    """False non-match rate against false match rate, both on logarithmic axes, the last curve as the main one."""
    with _drawing() as (figure, axes):
        for name, rates in curves.items():
            style = _MAIN if name == list(curves)[-1] else _OTHER
            axes.step(*_points(rates), where="post", label=name, **style)
        axes.set(
            xscale="log",
            yscale="log",
            xlim=(_lowest([1 / rates.non_mated for rates in curves.values()]), 1),
            ylim=(_lowest([1 / rates.mated for rates in curves.values()]), 1),
            xlabel="False match rate (FMR)",
            ylabel="False non-match rate (FNMR)",
            title=title,
        )
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:g}")
        axes.legend(loc="upper right")
        return _svg(figure)


def cmc(result: Identification, *, title: str) -> bytes:
    """The share of mated searches whose person is listed within each rank."""
    with _drawing() as (figure, axes):
        ranks = np.arange(1, len(result.cmc) + 1)
        axes.plot(ranks, result.cmc, marker="o", markersize=3, **_MAIN)
        lowest = min(result.cmc)
        axes.set(
            xlim=(0.5, len(ranks) + 0.5),
            ylim=(max(0.0, lowest - max(0.02, (1 - lowest) / 2)), 1.005),
            xlabel=f"Rank, in a gallery of N = {result.gallery_size:,} people",
            ylabel="Share of mated searches listed by this rank",
            title=title,
        )
        axes.set_xticks([rank for rank in (1, 5, 10, 20, 30, 40, 50) if rank <= len(ranks)])
        return _svg(figure)


def _points(rates: ErrorRates) -> tuple[Sequence[float], Sequence[float]]:
    """The curve with only the points where the FNMR changes; a rate of 0 has no place on a logarithmic axis."""
    fmr, fnmr = rates.rates.fmr(), rates.rates.fnmr()
    turns = np.concatenate(([True], np.diff(fnmr) != 0))
    turns[-1] = True
    fmr, fnmr = fmr[turns], fnmr[turns]
    # What no comparison reached is drawn from the axis: half of the rarest rate that could be seen.
    return np.maximum(fmr, 0.5 / rates.non_mated).tolist(), np.where(fnmr > 0, fnmr, np.nan).tolist()


def _lowest(rates: Sequence[float]) -> float:
    """The power of ten at or below the lowest of these rates."""
    return float(10 ** np.floor(np.log10(min(rates))))


@contextmanager
def _drawing() -> Iterator[tuple[Any, Any]]:
    """A figure and its axes in the house style, without matplotlib's global state."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=SIZE, layout="constrained")
        yield figure, figure.add_subplot()


def _svg(figure: Any) -> bytes:
    """Without the date, so that the same figure is the same file."""
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()
