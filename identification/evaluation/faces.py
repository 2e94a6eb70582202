"""Which face of a photograph is measured, and what it gave."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from identification.recognition.detection import Detector
from identification.recognition.encoders.base import Encoder
from identification.recognition.quality import measure
from identification.recognition.types import DetectedFace

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """What one photograph gave. Without a face it failed to enrol: no vector, no measures, quality 0."""

    face: DetectedFace | None
    faces_found: int
    vector: Vector | None
    measures: Mapping[str, float]
    quality: float

    @property
    def enrolled(self) -> bool:
        return self.vector is not None


FAILED = Sample(None, 0, None, {}, 0.0)


def take_sample(image: Image.Image, detector: Detector, encoder: Encoder) -> Sample:
    """Find, choose, measure and embed the face that counts in an upright RGB photograph."""
    found = detector.detect(image)
    face = labelled_face(found, image.size)
    if face is None:
        return FAILED
    quality = measure(image, face)
    return Sample(face, len(found), encoder.embed(image, [face])[0], dict(quality.measures), quality.combined)


def labelled_face(faces: Sequence[DetectedFace], size: tuple[int, int]) -> DetectedFace | None:
    """The face for whom a photograph of this size is labelled: large, and near the middle.

    The one with the largest area times (1 - d)², where d is the distance of its centre from the photograph's, as a
    part of half the diagonal. None where there is no face.
    """
    return max(faces, key=lambda face: _claim(face, size), default=None)


def _claim(face: DetectedFace, size: tuple[int, int]) -> float:
    middle = (size[0] / 2, size[1] / 2)
    away = math.dist(face.box.centre, middle) / math.hypot(*middle)
    return face.box.area * max(1 - away, 0.0) ** 2
