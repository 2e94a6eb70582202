"""A calibration from the comparisons of an evaluation: scores of different people, and people drawn anew."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from identification.evaluation import bootstrap
from identification.evaluation.comparisons import Comparisons
from identification.evaluation.run import Request, sample_everything
from identification.evaluation.workers import Progress
from identification.recognition.calibration import Made, Table, make_table
from identification.recognition.weights import sha256_of

ROUNDS = 200


def calibrate(request: Request, progress: Progress, *, data: str = "") -> Made:
    """Measure a calibration on the photographs of a list; sentences as `evaluate` gives them."""
    sampled = sample_everything(request, progress)
    table = table_of(sampled.comparisons, seed=request.seed)
    return made_from(
        table,
        sampled.made_by,
        data=data or data_in_words(request.pairs.name, sampled.images, sampled.people),
        data_sha256=sha256_of(request.pairs),
    )


def table_of(comparisons: Comparisons, *, seed: int) -> Table:
    """Measure the table on every comparison of different people that took place."""
    chosen = ~comparisons.mated & comparisons.compared
    first, second = comparisons.owners_of(chosen)
    owners = np.unique(np.concatenate([first, second])) if len(first) else np.zeros(1, np.intp)
    rounds = (
        bootstrap.pair_weights(counts, first, second) for counts in bootstrap.draws(owners, seed=seed, rounds=ROUNDS)
    )
    return make_table(comparisons.scores[chosen], rounds)


def made_from(table: Table, made_by: Mapping[str, Any], *, data: str, data_sha256: str) -> Made:
    """A table with the encoder and the data that it was made from."""
    encoder = made_by["encoder"]
    return Made(encoder["name"], encoder["version"], encoder["weights_sha256"], data, data_sha256, table)


def data_in_words(pairs: str, images: int, people: int | None) -> str:
    """What was compared, where nobody has said it better."""
    return f"{images:,} photographs{f' of {people:,} people' if people else ''} listed in {pairs}"
