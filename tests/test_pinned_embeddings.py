"""An upgrade of a library that changes embeddings is noticed: old and new ones could not be compared any more."""

import json

import numpy as np
import pytest

from identification.recognition.encoders.base import Encoder
from tests import pinned

KEPT = json.loads(pinned.FILE.read_text())


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Encoder]:
    return pinned.encoders(tmp_path_factory.mktemp("weights"))


@pytest.mark.slow
@pytest.mark.parametrize("name", KEPT)
def test_encoder_says_what_it_said_when_its_version_was_raised(encoders: dict[str, Encoder], name: str) -> None:
    encoder, kept = encoders[name], KEPT[name]
    assert encoder.spec.version == kept["version"], "renew with `python -m tests.pinned`"
    for now, then in zip(pinned.said(encoder), kept["vectors"], strict=True):
        assert now == pytest.approx(then, abs=1e-4), "embeddings changed: raise the encoder's version"


@pytest.mark.parametrize("name", KEPT)
def test_pinned_vectors_tell_the_pictures_apart(name: str) -> None:
    """Otherwise a network that has died would pass."""
    first, second = (np.array(vector) for vector in KEPT[name]["vectors"])
    assert np.linalg.norm(first) == pytest.approx(1, abs=1e-3)
    assert np.abs(first - second).max() > 1e-2
