"""What was sampled is kept for the next run, for exactly the same way of sampling, and is nobody else's to read."""

from pathlib import Path

import numpy as np
import pytest

from identification.evaluation.cache import SampleCache, key_of
from identification.evaluation.errors import EvaluationError
from identification.evaluation.faces import FAILED, Sample
from identification.recognition.types import Box, DetectedFace

MADE_BY = {"encoder": "e", "detector": "d"}


def a_sample() -> Sample:
    points = ((1.0, 2.0), (3.0, 2.0), (2.0, 3.0), (1.5, 4.0), (2.5, 4.0))
    face = DetectedFace(Box(0.5, 1.0, 4.0, 5.0), points, 1.25, 90, 0.999)
    return Sample(face, 2, np.array([0.6, -0.8], np.float32), {"sharpness": 3.5}, 61.0)


def test_sample_comes_back_from_the_cache_as_it_was(tmp_path: Path) -> None:
    with SampleCache(tmp_path, MADE_BY) as cache:
        cache.put("one", a_sample())
        cache.put("none", FAILED)
    with SampleCache(tmp_path, MADE_BY) as again:
        one, none = again.get("one"), again.get("none")
        assert again.get("another") is None
    assert one
    assert none
    assert (one.face, one.faces_found, one.measures, one.quality) == (a_sample().face, 2, {"sharpness": 3.5}, 61.0)
    assert one.vector is not None
    assert one.vector.tolist() == a_sample().vector.tolist()  # type: ignore[union-attr]
    assert not none.enrolled


def test_what_a_killed_run_left_unfinished_is_dropped_and_the_rest_kept(tmp_path: Path) -> None:
    with SampleCache(tmp_path, MADE_BY) as cache:
        cache.put("whole", a_sample())
    (file,) = tmp_path.iterdir()
    with file.open("a") as stream:
        stream.write('["half", {"face": nul')
    with SampleCache(tmp_path, MADE_BY) as cache:
        assert cache.get("whole")
        assert cache.get("half") is None
        cache.put("half", FAILED)
    with SampleCache(tmp_path, MADE_BY) as cache:
        assert cache.get("half") is not None
    assert file.stat().st_mode & 0o077 == 0, "embeddings are nobody else's"


def test_other_models_and_other_photographs_share_no_samples(tmp_path: Path) -> None:
    with SampleCache(tmp_path, MADE_BY) as cache:
        cache.put("one", a_sample())
    with SampleCache(tmp_path, MADE_BY | {"encoder": "f"}) as other:
        assert other.get("one") is None
    keys = {key_of("a", "1", ""), key_of("b", "1", ""), key_of("a", "2", ""), key_of("a", "1", "blurred")}
    assert len(keys) == 4


def test_damaged_cache_gets_a_sentence(tmp_path: Path) -> None:
    with SampleCache(tmp_path, MADE_BY):
        pass
    (file,) = tmp_path.iterdir()
    file.write_text("not a sample\n")
    with pytest.raises(EvaluationError, match="is damaged: remove it"):
        SampleCache(tmp_path, MADE_BY)
