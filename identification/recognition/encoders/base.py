"""What every encoder is: a specification that can be recorded, and a function from faces to unit vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from identification.recognition.types import DetectedFace

Embeddings = NDArray[np.float32]


class EncoderUnavailable(Exception):
    """An encoder can't be loaded; the text says why and what to do."""


@dataclass(frozen=True)
class EncoderSpec:
    """What a search records of the encoder that made its embeddings.

    version changes whenever embeddings change: other weights, another alignment, another way of normalising.
    weights_sha256: of the network's weights file, in hexadecimal.
    alignment: slug of the crop that the network sees.
    """

    name: str
    version: str
    dimension: int
    weights_sha256: str
    licence: str
    source: str
    alignment: str


class Encoder(Protocol):
    """Turns faces of an upright RGB photograph into embeddings whose dot product is the comparison score."""

    spec: EncoderSpec

    def embed(self, image: Image.Image, faces: Sequence[DetectedFace]) -> Embeddings:
        """An array of shape (number of faces, dimension), float32, each row of unit length, in the order of `faces`."""
        ...


def to_unit_length(vectors: NDArray[np.floating]) -> Embeddings:
    """Scale each row of (n, dimension) to length 1; a row of zeros has no direction and raises ValueError."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.all(np.isfinite(lengths) & (lengths > 0)):
        raise ValueError("An embedding without length can't be compared.")
    unit: Embeddings = (vectors / lengths).astype(np.float32)
    return unit
