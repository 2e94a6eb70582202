"""Comparison scores with what is known of each: mated or not, which photographs, whose, in which fold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from identification.evaluation.faces import Sample
from identification.evaluation.pairs import Pair

Numbers = NDArray[np.float64]
Indices = NDArray[np.intp]
Truths = NDArray[np.bool_]

FAILED_MATED = -np.inf  # never reaches a threshold, so it is a false non-match at each one


@dataclass(frozen=True)
class Comparisons:
    """n comparisons.

    scores: (n,), NaN where a photograph failed to enrol, so that nothing was compared.
    mated: (n,); first, second: (n,) the places of the two photographs in the list of images, of which second is the
    probe; folds: (n,), empty where there are none; owners: (images,) whose each is, by numbers from 0.
    """

    scores: Numbers
    mated: Truths
    first: Indices
    second: Indices
    folds: Indices
    owners: Indices

    @property
    def compared(self) -> Truths:
        return ~np.isnan(self.scores)

    @property
    def mated_scores(self) -> Numbers:
        """Of every mated comparison; one with a failed photograph counts as the lowest score there is.

        As in the generalised rates of ISO/IEC 19795-1: who can't be enrolled isn't recognised.
        """
        scores = self.scores[self.mated]
        return np.where(np.isnan(scores), FAILED_MATED, scores)

    @property
    def non_mated_scores(self) -> Numbers:
        """Of the non-mated comparisons that took place; keeping the others would make false matches look rarer."""
        return self.scores[~self.mated & self.compared]

    def owners_of(self, chosen: Truths) -> tuple[Indices, Indices]:
        """Whose the first and the second photograph of the chosen comparisons are."""
        return self.owners[self.first[chosen]], self.owners[self.second[chosen]]


def vectors_of(samples: Mapping[str, Sample], images: Sequence[str]) -> Numbers:
    """The embeddings, shape (images, dimension); rows of NaN for photographs that failed or weren't sampled."""
    known = [samples[name].vector if name in samples else None for name in images]
    dimension = next((len(vector) for vector in known if vector is not None), 1)
    rows = [np.full(dimension, np.nan) if vector is None else vector for vector in known]
    return np.array(rows, np.float64).reshape(len(images), dimension)


def numbered(owners: Mapping[str, str] | None, images: Sequence[str]) -> Indices:
    """A number for the owner of each image; each image stands alone where owners aren't known."""
    names = [owners[image] if owners else image for image in images]
    order = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([order[name] for name in names], np.intp)


def listed_comparisons(
    pairs: Sequence[Pair], images: Sequence[str], references: Numbers, probes: Numbers, owners: Indices
) -> Comparisons:
    """The comparisons that the list names: the first as it is with the second as a probe."""
    place = {image: number for number, image in enumerate(images)}
    first = np.array([place[pair.first] for pair in pairs], np.intp)
    second = np.array([place[pair.second] for pair in pairs], np.intp)
    scores = np.einsum("ij,ij->i", references[first], probes[second])
    folds = np.array([pair.fold for pair in pairs], np.intp)
    return Comparisons(scores, np.array([pair.same_person for pair in pairs]), first, second, folds, owners)


def all_comparisons(references: Numbers, owners: Indices) -> Comparisons:
    """Every photograph with every other one, once."""
    first, second = np.triu_indices(len(references), k=1)
    scores = (references @ references.T)[first, second]
    return Comparisons(scores, owners[first] == owners[second], first, second, np.empty(0, np.intp), owners)
