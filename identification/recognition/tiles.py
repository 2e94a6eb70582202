"""A photograph in overlapping tiles at full size, for faces that are lost when it is reduced."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from identification.recognition.types import Box, Point

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
        """The part of the photograph."""
        return image.crop(self.bounds)

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


def tiles_of(size: tuple[int, int], *, overlap: int, besides: Sequence[Box]) -> list[Tile]:
    """Tiles that cover a photograph of this size, but for those that lie within one of these boxes.

    overlap: pixels that neighbours share; a face up to this size lies whole in one tile at least.
    """
    columns, rows = _stretches(size[0], overlap), _stretches(size[1], overlap)
    tiles = [Tile((left, top, right, bottom), size, overlap) for top, bottom in rows for left, right in columns]
    return [tile for tile in tiles if not any(_within(tile, box) for box in besides)]


def _stretches(length: int, overlap: int) -> list[tuple[int, int]]:
    """Even stretches of about MOST pixels at most, the first from 0 and the last to `length`."""
    count = max(1, math.ceil((length - overlap) / (MOST - overlap)))
    stride = (length - overlap) / count
    return [(round(number * stride), round((number + 1) * stride) + overlap) for number in range(count)]


def _within(tile: Tile, box: Box) -> bool:
    left, top, right, bottom = tile.bounds
    return box.left <= left and box.top <= top and box.right >= right and box.bottom >= bottom
