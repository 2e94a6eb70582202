"""A photograph in overlapping tiles at full size, for faces that are lost when it is reduced."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from identification.recognition.types import Box, Point

LONG = 3  # times as long as wide; reduced to one size, a longer photograph would lose even its large faces
MOST = 1280  # pixels along a tile's side; what the detector holds of it in memory grows with its square


@dataclass(frozen=True)
class Tile:
    """A rectangle of a photograph: left, top, right, bottom in its pixels.

    size: the photograph's width and height; largest: pixels of the largest face that is looked for in it.
    """

    bounds: tuple[int, int, int, int]
    size: tuple[int, int]
    largest: int

    @property
    def corner(self) -> Point:
        return self.bounds[:2]

    def of(self, image: Image.Image) -> Image.Image:
        """The part of the photograph; the photograph itself where that is all of it."""
        return image if self.bounds == (0, 0, *self.size) else image.crop(self.bounds)

    def holds(self, box: Box) -> bool:
        """Whether a find is of a size that is looked for in tiles, and not cut off by an edge inside the photograph."""
        left, top, right, bottom = self.bounds
        cut = (
            (left > 0 and box.left <= left)
            or (top > 0 and box.top <= top)
            or (right < self.size[0] and box.right >= right)
            or (bottom < self.size[1] and box.bottom >= bottom)
        )
        return max(box.width, box.height) <= self.largest and not cut


def pieces_of(size: tuple[int, int]) -> list[Tile]:
    """The whole photograph, or, where it is much longer than wide, pieces that overlap by its narrow side."""
    narrow = min(size)
    if max(size) <= LONG * narrow:
        return [Tile((0, 0, *size), size, 2 * max(size))]
    return tiles_of(size, overlap=narrow, most=2 * narrow, besides=[])


def tiles_of(size: tuple[int, int], *, overlap: int, most: int = MOST, besides: Sequence[Box]) -> list[Tile]:
    """Tiles that cover a photograph of this size, but for those that lie within one of these boxes.

    overlap: pixels that neighbours share; a face up to this size lies whole in one tile at least. most: along a side.
    """
    columns, rows = _stretches(size[0], overlap, most), _stretches(size[1], overlap, most)
    tiles = [Tile((left, top, right, bottom), size, overlap) for top, bottom in rows for left, right in columns]
    return [tile for tile in tiles if not any(_within(tile, box) for box in besides)]


def _stretches(length: int, overlap: int, most: int) -> list[tuple[int, int]]:
    """Even stretches of about `most` pixels at most, the first from 0 and the last to `length`."""
    if length <= most:
        return [(0, length)]
    count = math.ceil((length - overlap) / (most - overlap))
    stride = (length - overlap) / count
    return [(round(number * stride), round((number + 1) * stride) + overlap) for number in range(count)]


def _within(tile: Tile, box: Box) -> bool:
    left, top, right, bottom = tile.bounds
    return box.left <= left and box.top <= top and box.right >= right and box.bottom >= bottom
