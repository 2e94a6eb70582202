"""Geometry between a face as it lies in a photograph and the upright crop that an encoder or a reviewer sees."""

import math
from dataclasses import dataclass

from PIL import Image

from identification.recognition.types import DetectedFace, Point

MID_GREY = (128, 128, 128)  # what lies outside the photograph; black would read as a dark edge of the face
QUARTER_TURNS = (0, 90, 180, 270)

_TRANSPOSE_BACK = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


def turn_back(image: Image.Image, turn: int) -> Image.Image:
    """Undo a clockwise turn of 0, 90, 180 or 270 degrees: faces turned by that much come out upright."""
    return image if turn == 0 else image.transpose(_TRANSPOSE_BACK[turn])


def to_photograph(point: Point, turn: int, size: tuple[int, int]) -> Point:
    """Map a point of `turn_back(photograph, turn)` to the photograph, whose width and height are `size`."""
    (x, y), (width, height) = point, size
    return {0: (x, y), 90: (width - y, x), 180: (width - x, height - y), 270: (y, height - x)}[turn]


@dataclass(frozen=True)
class Cut:
    """A rectangle to cut out of a photograph, in its pixels: width and height along its own sides, turned by `roll`."""

    centre: Point
    width: float
    height: float
    roll: float

    @classmethod
    def around(cls, face: DetectedFace, *, margin: float) -> "Cut":
        """The square on the longer side of the face's box, larger by the factor 1 + margin, turned with the face."""
        side = max(face.box.width, face.box.height, 1.0) * (1 + margin)
        return cls(face.box.centre, side, side, face.roll)

    @classmethod
    def stretched(cls, face: DetectedFace, *, margin: float) -> "Cut":
        """The face's own box, each side longer by the factor 1 + margin, turned with the face."""
        width, height = face.upright_size
        return cls(face.box.centre, max(width, 1.0) * (1 + margin), max(height, 1.0) * (1 + margin), face.roll)

    def to_photograph(self, point: Point, side: int) -> Point:
        """Map a point of the finished square, `side` pixels wide, to the photograph."""
        turn = math.radians(self.roll)
        u, v = (point[0] / side - 0.5) * self.width, (point[1] / side - 0.5) * self.height
        x, y = self.centre
        return (x + u * math.cos(turn) - v * math.sin(turn), y + u * math.sin(turn) + v * math.cos(turn))

    def from_photograph(self, point: Point) -> Point:
        """Map a point of the photograph to the finished cut, in fractions of its width and height."""
        turn = math.radians(self.roll)
        right, down = point[0] - self.centre[0], point[1] - self.centre[1]
        u = right * math.cos(turn) + down * math.sin(turn)
        v = down * math.cos(turn) - right * math.sin(turn)
        return (u / self.width + 0.5, v / self.height + 0.5)

    def bounds(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """The part of a photograph of this size that the cut can touch, as left, top, right, bottom; never empty."""
        turn, (x, y), (width, height) = math.radians(self.roll), self.centre, size
        cos, sin = abs(math.cos(turn)) / 2, abs(math.sin(turn)) / 2
        wide, high = self.width * cos + self.height * sin + 2, self.width * sin + self.height * cos + 2
        left = min(max(math.floor(x - wide), 0), width - 1)
        top = min(max(math.floor(y - high), 0), height - 1)
        right = max(min(math.ceil(x + wide), width), left + 1)
        bottom = max(min(math.ceil(y + high), height), top + 1)
        return left, top, right, bottom


def cut_square(image: Image.Image, cut: Cut, *, side: int) -> Image.Image:
    """Cut out of an RGB photograph, turned upright, scaled to `side` by `side` pixels, grey beyond the edges.

    Where the cut is larger than the result, the photograph is first averaged down to its scale, because sampling alone
    would make patterns of hair and cloth that aren't there.
    """
    left, top, right, bottom = cut.bounds(image.size)
    ratio = max(1.0, min(cut.width, cut.height) / side)
    size = (max(1, round((right - left) / ratio)), max(1, round((bottom - top) / ratio)))
    region = image.crop((left, top, right, bottom))
    if size != region.size:
        region = region.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)
    wide, high = size[0] / (right - left), size[1] / (bottom - top)
    # The transform asks, for each pixel of the result, where it lies; three corners of the cut fix that affine map.
    (x, y), (x_right, y_right), (x_down, y_down) = (
        ((px - left) * wide, (py - top) * high)
        for px, py in (cut.to_photograph(corner, side) for corner in ((0, 0), (side, 0), (0, side)))
    )
    coefficients = ((x_right - x) / side, (x_down - x) / side, x, (y_right - y) / side, (y_down - y) / side, y)
    return region.transform(
        (side, side), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC, fillcolor=MID_GREY
    )
