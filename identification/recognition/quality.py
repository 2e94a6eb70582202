"""How well a face in a photograph lends itself to comparison, in the spirit of ISO/IEC 29794-5.

Names follow OFIQ, the standard's reference implementation; the formulas are our own and simpler. Every measure is
oriented so that higher is better. Each of them predicts error: docs/evaluation has the curves. It also tells of yaw,
dynamic range and the detector's confidence, which don't and were left out. Occlusion isn't among them either: five
landmarks are found on a covered face too, so nothing here could estimate it honestly. Nor is roll, since a face is
turned upright before it is compared.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from identification.recognition.alignment import Cut, cut_square
from identification.recognition.similarity import ARCFACE_112, ARCFACE_SIDE, cut_onto
from identification.recognition.types import DetectedFace

SIDE = 128  # pixels of the aligned crop that light and sharpness are measured in
TOO_DARK, TOO_LIGHT = 25, 247  # of 255; OFIQ's bounds for under- and over-exposure
_NOSE_BELOW_EYES = 0.55  # of the way from the eyes to the mouth, in a face seen from the front; median over LFW
_NOSE_BEFORE_LINE = 0.5  # of the distance from eyes to mouth


@dataclass(frozen=True)
class Quality:
    """The measures of one face by name, and all of them in one number from 0 to 100."""

    measures: Mapping[str, float]
    combined: float


@dataclass(frozen=True)
class Measure:
    """What a measure's values mean: at `poor` and below a comparison is unreliable, from `good` on it adds nothing."""

    poor: float
    good: float
    note: Callable[[float], str]

    def share(self, value: float) -> float:
        """Where a value lies between poor and good, in [0, 1]."""
        return min(max((value - self.poor) / (self.good - self.poor), 0.0), 1.0)


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "inter_eye_distance": Measure(
            24.0,
            60.0,
            lambda pixels: f"The eyes are {pixels:.0f} pixels apart; below 24 results are unreliable.",
        ),
        "head_pose_pitch": Measure(
            math.cos(math.radians(30)),
            1.0,
            lambda cosine: (
                f"The face looks up or down by about {_degrees(cosine)} degrees; beyond 30 results are unreliable."
            ),
        ),
        "sharpness": Measure(0.02, 0.08, lambda _: "The face is blurred or without fine detail."),
        "under_exposure_prevention": Measure(
            0.6, 1.0, lambda share: f"{_pixels(1 - share)} of the face are almost black."
        ),
        "over_exposure_prevention": Measure(
            0.85, 1.0, lambda share: f"{_pixels(1 - share)} of the face are almost white."
        ),
        "illumination_uniformity": Measure(0.2, 0.9, lambda _: "One half of the face is much lighter than the other."),
    }
)


def measure(image: Image.Image, face: DetectedFace) -> Quality:
    """Measure one face of an upright RGB photograph."""
    measures = _geometry(face) | _light(_aligned(image, face))
    return Quality(MappingProxyType(measures), combine(measures))


def combine(measures: Mapping[str, float]) -> float:
    """All measures in one number from 0 to 100: the weakest decides, the others break ties."""
    shares = [known.share(measures[name]) for name, known in MEASURES.items()]
    return 100 * (0.8 * min(shares) + 0.2 * sum(shares) / len(shares))


def notes(measures: Mapping[str, float]) -> list[str]:
    """A sentence for each measure that is too low for a reliable comparison; none for measures that aren't there."""
    known = [(MEASURES[name], value) for name, value in measures.items() if name in MEASURES]
    return [measure.note(value) for measure, value in known if value < measure.poor]


def _geometry(face: DetectedFace) -> dict[str, float]:
    """What five landmarks tell: size in pixels, and the cosine of the angle by which the face looks up or down."""
    left, right, nose, *mouth = (complex(x, y) for x, y in face.landmarks)
    eyes, lips, across = (left + right) / 2, sum(mouth) / 2, right - left
    # As in an upright face, with the mouth below the eyes.
    nose_below, lips_below = ((point - eyes) * across.conjugate() for point in (nose, lips))
    below = nose_below.imag / lips_below.imag if lips_below.imag > 0 else 0.0
    pitch = math.atan((below - _NOSE_BELOW_EYES) / _NOSE_BEFORE_LINE)
    return {"inter_eye_distance": face.inter_eye_distance, "head_pose_pitch": math.cos(pitch)}


def _light(crop: Image.Image) -> dict[str, float]:
    """What the pixels of an aligned crop tell, within the ellipse that the face fills."""
    grey = np.asarray(crop.convert("L"), dtype=np.float32)
    face = grey[_FACE]
    return {
        "sharpness": float(np.abs(grey - _smoothed(grey))[_FACE].mean() / max(face.std(), 1.0)),
        "under_exposure_prevention": float((face >= TOO_DARK).mean()),
        "over_exposure_prevention": float((face <= TOO_LIGHT).mean()),
        "illumination_uniformity": float(np.minimum(_tones(grey[_LEFT]), _tones(grey[_RIGHT])).sum()),
    }


def _aligned(image: Image.Image, face: DetectedFace) -> Image.Image:
    """The face on ArcFace's template; by its box where the landmarks have no extent."""
    try:
        cut = cut_onto(face.landmarks, ARCFACE_112, template_side=ARCFACE_SIDE)
    except ValueError:
        cut = Cut.around(face, margin=0.0)
    return cut_square(image, cut, side=SIDE)


def _smoothed(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each pixel as the mean of the three by three around it."""
    padded = np.pad(grey, 1, mode="edge")
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    smoothed: NDArray[np.float32] = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9
    return smoothed


def _tones(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
    """The share of pixels in each of 64 tones."""
    return np.histogram(pixels, 64, (0, 256))[0] / pixels.size


def _degrees(cosine: float) -> int:
    return round(math.degrees(math.acos(min(cosine, 1.0))))


def _pixels(share: float) -> str:
    tenths = max(1, round(10 * share))
    return f"About {tenths} in 10 pixels" if tenths < 10 else "Nearly all pixels"


_ROWS, _COLUMNS = np.mgrid[0:SIDE, 0:SIDE] + 0.5
_FACE = ((_COLUMNS - SIDE / 2) / (0.40 * SIDE)) ** 2 + ((_ROWS - 0.55 * SIDE) / (0.48 * SIDE)) ** 2 <= 1
_LEFT, _RIGHT = _FACE & (_COLUMNS < SIDE / 2), _FACE & (_COLUMNS > SIDE / 2)
