"""The similarity transform that lays landmarks of a face on a template: shift, turn and scale, never a mirror."""

import cmath
import math
from collections.abc import Sequence

from identification.recognition.alignment import Cut
from identification.recognition.types import Point

# The template on which ArcFace was trained, in a crop of 112 by 112 pixels: left eye, right eye, nose, left and right
# corner of the mouth (Deng and others 2019; deepinsight/insightface, python-package/insightface/utils/face_align.py).
ARCFACE_SIDE = 112
_ARCFACE_CENTRES = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
# OpenCV, for which it was published, counts from the middle of the first pixel, this package from its corner.
ARCFACE_112: tuple[Point, ...] = tuple((x + 0.5, y + 0.5) for x, y in _ARCFACE_CENTRES)


def cut_onto(points: Sequence[Point], template: Sequence[Point], *, template_side: float) -> Cut:
    """The square of the photograph that becomes the template's square; ValueError where all points are one.

    points: of the photograph, each to lie where the template has it. The best shift, turn and scale in the sense of
    least squares within the template (Umeyama 1991; in the plane, points as complex numbers give it in one line, and a
    mirror image can't come out).
    """
    found = [complex(x, y) for x, y in points]
    targets = [complex(x, y) for x, y in template]
    middle, target_middle = sum(found) / len(found), sum(targets) / len(targets)
    spread = sum(abs(point - middle) ** 2 for point in found)
    both = sum(
        (target - target_middle) * (point - middle).conjugate() for point, target in zip(found, targets, strict=True)
    )
    if spread == 0 or both == 0:
        raise ValueError("The landmarks of this face have no extent, so it can't be aligned by them.")
    back = spread / both  # from the template to the photograph
    centre = (complex(template_side, template_side) / 2 - target_middle) * back + middle
    return Cut((centre.real, centre.imag), template_side * abs(back), template_side * abs(back), _degrees(back))


def _degrees(turn: complex) -> float:
    return math.degrees(cmath.phase(turn))
