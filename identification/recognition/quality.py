"""How well a face in a photograph lends itself to comparison, in the spirit of ISO/IEC 29794-5.

Every measure is a number in the unit that its name says, and is oriented so that higher is better.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from PIL import Image

from identification.recognition.types import DetectedFace


@dataclass(frozen=True)
class Quality:
    """The measures of one face by name, and all of them in one number from 0 to 100."""

    measures: Mapping[str, float]
    combined: float


def measure(image: Image.Image, face: DetectedFace) -> Quality:  # noqa: ARG001  (measures to come)
    """Measure one face of an upright RGB photograph."""
    measures = {"inter_eye_distance": face.inter_eye_distance, "detector_confidence": face.confidence}
    return Quality(MappingProxyType(measures), min(100.0, face.inter_eye_distance))
