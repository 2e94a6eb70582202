"""Searches in an open set: who isn't enrolled must not be listed, who is must be."""

import numpy as np
import pytest

from identification.evaluation.identification import (
    DRAWS,
    FPIRS,
    LIST_LENGTH,
    RANKS,
    Identification,
    _mates,
    galleries,
    identify,
)


def everyone(people: int, each: int) -> np.ndarray:
    return np.repeat(np.arange(people), each)


def search(vectors: np.ndarray, owners: np.ndarray, probes: np.ndarray | None = None, seed: int = 0) -> Identification:
    found = identify(vectors, vectors if probes is None else probes, owners, np.arange(len(owners)), seed=seed)
    assert found is not None
    return found


def test_people_who_differ_in_every_respect_are_always_found_first() -> None:
    owners = everyone(12, 3)
    found = search(np.eye(12)[owners], owners)
    assert found.gallery_size == 6
    assert (found.mated_searches, found.non_mated_searches) == (12, 18)
    assert found.draws == DRAWS
    assert found.fnir_at_fpir == dict.fromkeys(FPIRS, 0.0)
    assert found.rank == dict.fromkeys(RANKS, 1.0)
    assert found.cmc == [1.0] * 6


def test_faces_that_are_all_alike_are_found_last_and_never_at_a_threshold() -> None:
    owners = everyone(60, 2)
    found = search(np.ones((120, 4)) / 2, owners)
    assert found.gallery_size == 30
    assert found.rank == dict.fromkeys(RANKS, 0.0), "ties count against the person"
    assert found.fnir_at_fpir == dict.fromkeys(FPIRS, 1.0)


def test_person_below_the_lists_end_is_missed_whatever_the_score() -> None:
    scores = np.linspace(0.99, 0.7, 30)[None, :]
    for place in (0, LIST_LENGTH - 1, LIST_LENGTH, 29):
        listed, ranks = _mates(scores, np.arange(30), np.array([place]))
        assert ranks.tolist() == [place + 1]
        assert listed[0] == (scores[0, place] if place < LIST_LENGTH else -np.inf)


def test_probe_without_a_face_is_missed_and_a_stranger_without_one_was_never_searched() -> None:
    owners = everyone(12, 3)
    probes = np.eye(12)[owners]
    probes[::3] = np.nan
    found = search(np.eye(12)[owners], owners, probes)
    assert found.non_mated_searches == 12
    assert 0 < found.fnir_at_fpir[0.1] < 1
    assert found.rank[1] == pytest.approx(1 - found.fnir_at_fpir[0.1])


def test_reference_without_a_face_is_never_found_and_its_person_counts() -> None:
    owners = everyone(12, 3)
    references = np.eye(12)[owners]
    references[::3] = np.nan
    found = identify(references, np.eye(12)[owners], owners, np.arange(36), seed=0)
    assert found is not None
    assert found.gallery_size == 6
    assert 0 < found.rank[20] < 1


def test_galleries_hold_one_photograph_each_of_half_of_the_people_and_differ() -> None:
    owners = everyone(10, 4)
    drawn = list(galleries(owners, seed=1))
    assert all(len(set(owners[gallery])) == len(gallery) == 5 for gallery in drawn)
    assert len({tuple(gallery) for gallery in drawn}) > DRAWS / 2
    assert [gallery.tolist() for gallery in galleries(owners, seed=1)] == [gallery.tolist() for gallery in drawn]


def test_rarer_false_positives_than_searches_are_marked_as_unmeasured() -> None:
    owners = everyone(12, 3)
    assert search(np.eye(12)[owners], owners).measurable == {0.1: True, 0.01: False}


def test_intervals_contain_their_estimates() -> None:
    rng = np.random.default_rng(3)
    owners = everyone(40, 3)
    vectors = rng.normal(size=(40, 8))[owners] + rng.normal(size=(120, 8))
    found = search(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), owners)
    assert 0 < found.rank[1] < 1
    for estimates, intervals in ((found.fnir_at_fpir, found.fnir_interval), (found.rank, found.rank_interval)):
        for key, (low, high) in intervals.items():
            assert 0 <= low <= estimates[key] <= high <= 1
            assert low < high


@pytest.mark.parametrize("owners", [np.zeros(4, int), np.arange(4), np.empty(0, int)])
def test_where_nobody_can_be_both_enrolled_and_searched_for_there_is_no_figure(owners: np.ndarray) -> None:
    assert identify(np.eye(4)[: len(owners)], np.eye(4)[: len(owners)], owners, np.arange(len(owners)), seed=0) is None
