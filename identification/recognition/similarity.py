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
    least squares within the template, as ArcFace's own alignment has it.
    """
    turn, shift = _fit(points, template)
    if turn == 0:
        raise ValueError(_NO_EXTENT)
    return _cut(1 / turn, -shift / turn, template_side)


def cut_from(points: Sequence[Point], template: Sequence[Point], *, template_side: float) -> Cut:
    """As `cut_onto`, but with the least squares within the photograph, as dlib has it; a little narrower."""
    turn, shift = _fit(template, points)
    if turn == 0:
        raise ValueError(_NO_EXTENT)
    return _cut(turn, shift, template_side)


_NO_EXTENT = "The landmarks of this face have no extent, so it can't be aligned by them."


def _fit(source: Sequence[Point], target: Sequence[Point]) -> tuple[complex, complex]:
    """The numbers a and b with which a * source + b comes nearest to the target, both as complex numbers.

    Umeyama 1991; in the plane it is one line, and a mirror image can't come out.
    """
    sources, targets = [complex(x, y) for x, y in source], [complex(x, y) for x, y in target]
    middle, target_middle = sum(sources) / len(sources), sum(targets) / len(targets)
    spread = sum(abs(point - middle) ** 2 for point in sources)
    if spread == 0:
        return 0, target_middle
    both = sum((to - target_middle) * (at - middle).conjugate() for at, to in zip(sources, targets, strict=True))
    turn = both / spread
    return turn, target_middle - turn * middle


def _cut(turn: complex, shift: complex, side: float) -> Cut:
    """The cut whose points are turn * template + shift."""
    centre = turn * complex(side, side) / 2 + shift
    return Cut((centre.real, centre.imag), side * abs(turn), side * abs(turn), math.degrees(cmath.phase(turn)))
