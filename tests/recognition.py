"""A detector and an encoder together, and readings as they would come from them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from identification.models import Encoder as EncoderRow
from identification.recognition import runtime
from identification.recognition.detection import Detector
from identification.recognition.encoders.base import Encoder
from identification.recognition.quality import Quality
from identification.recognition.types import DetectedFace
from identification.services.reading import Reading

DECENT = Quality({"inter_eye_distance": 60.0}, 70.0)


@dataclass(frozen=True)
class Recognition:
    """The models of this process."""

    detector: Detector
    encoder: Encoder

    @classmethod
    def load(cls, weights_dir: Path, name: str = "dlib-resnet-v1") -> "Recognition":
        return cls(runtime.detector(), runtime.encoder(name, weights_dir=weights_dir))

    def analyse(self, image: Image.Image) -> list[tuple[DetectedFace, np.ndarray]]:
        """The faces of a photograph in reading order, each with its unit vector."""
        faces = self.detector.detect(image)
        return list(zip(faces, self.encoder.embed(image, faces), strict=True)) if faces else []


def reading(face: DetectedFace, encoder: EncoderRow, vector: np.ndarray) -> Reading:
    """What the models would have said of a face."""
    return Reading(face, DECENT, {encoder.pk: vector})
