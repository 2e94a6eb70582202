"""The half-size canvas on which everything but the face is painted, and its masks.

Painting at half size and enlarging softens outlines as a lens does. Places on the head are given in the face model's
frame, in its pixels.
"""

from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from demo.cast.face import FACE_SIZE, SCALE

Array = npt.NDArray[np.floating[Any]]
Colour = tuple[int, ...]
Box = tuple[float, float, float, float]

SIZE = (480, 600)  # pixels, width and height of a portrait
FIGURE = (480, 660)  # the figure reaches below the portrait, so that tilting it shows no lower edge
SMALL = (FIGURE[0] // 2, FIGURE[1] // 2)
ORIGIN = ((SIZE[0] - FACE_SIZE[0]) // 2, 100)  # where the frame's corner lies in the portrait


def to_small(points: Array) -> Array:
    """Frame positions (n, 2) as positions on the canvas."""
    return (points * SCALE + ORIGIN) / 2


def box(left: float, top: float, right: float, bottom: float) -> list[float]:
    """A box of the frame on the canvas."""
    return [float(value) for value in to_small(np.array([[left, top], [right, bottom]])).ravel()]


def pixel_grid() -> tuple[Array, Array]:
    """The x and y (height, width) of the canvas's pixels."""
    y, x = np.mgrid[: SMALL[1], : SMALL[0]].astype(np.float32)
    return x, y


def empty() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty mask and its pen."""
    mask = Image.new("L", SMALL)
    return mask, ImageDraw.Draw(mask)


def ellipses(*boxes: Box, softness: float) -> Image.Image:
    """A mask of ellipses in these boxes of the frame."""
    mask, pen = empty()
    for one in boxes:
        pen.ellipse(box(*one), fill=255)
    return soft(mask, softness)


def polygon(points: Array, softness: float) -> Image.Image:
    """A mask of the polygon through frame positions (n, 2)."""
    mask, pen = empty()
    pen.polygon([tuple(point) for point in to_small(points).tolist()], fill=255)
    return soft(mask, softness)


def soft(mask: Image.Image, radius: float) -> Image.Image:
    """The mask with a soft edge."""
    return mask.filter(ImageFilter.GaussianBlur(radius))


def wide(mask: Image.Image) -> Image.Image:
    """The mask grown by its soft edge: paint laid this far leaves no fringe of what lies below at the outline."""
    return ImageChops.add(mask, mask, scale=0.5)  # four times as opaque


def union(masks: Iterable[Image.Image]) -> Image.Image:
    """The lightest of several masks."""
    return reduce(ImageChops.lighter, masks)


def without(mask: Image.Image, hidden: Image.Image) -> Image.Image:
    """The mask less another."""
    return ImageChops.multiply(mask, ImageChops.invert(hidden))


def shade(colour: Colour, factor: float) -> Colour:
    """A colour made darker or lighter."""
    return tuple(int(np.clip(value * factor, 0, 255)) for value in colour)


def dimmed(image: Image.Image, light: Iterable[float]) -> Image.Image:
    """The image in less light: a share from 0 to 1 for each of red, green and blue."""
    return ImageChops.multiply(image, Image.new("RGB", image.size, tuple(int(255 * share) for share in light)))
