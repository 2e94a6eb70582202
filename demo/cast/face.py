"""From a latent vector to a coloured face in its own shape, with a soft edge."""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from demo.cast.model import CONTROL, HEIGHT, WIDTH, FaceModel

Array = npt.NDArray[np.floating[Any]]
Box = tuple[int, int, int, int]
Quad = tuple[float, ...]

SCALE = 2.05  # portrait pixels for one pixel of the frame
FACE_SIZE = (round(WIDTH * SCALE), round(HEIGHT * SCALE))
CALM = 0.72  # share of the colour's deviations that is kept: the components exaggerate the tints of press lighting
SHARPEN = (2, 90, 0)  # radius in pixels, per cent and threshold of the sharpening after enlarging
EDGE = (0.72, 1.0)  # where the soft edge begins and ends, as a share of the radii below
MIDDLE, RADII = (59.5, 83.0), (49.0, 64.0)  # of the face's ellipse in the frame, pixels
FOREHEAD = 55.0  # its radius upwards: less, because the components carry traces of other hairlines there


def _enlarged(plane: Array, size: tuple[int, int]) -> Array:
    """A plane of numbers enlarged smoothly to (width, height)."""
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC))


def colours(model: FaceModel, latent: Array) -> Array:
    """The face (HEIGHT, WIDTH, 3) as RGB from 0 to 255, in the average shape."""
    luma, chroma = model.planes(latent)
    mean = model.mean_colour[:, None, None]
    blue, red = (_enlarged(plane, (WIDTH, HEIGHT)) for plane in mean + CALM * (chroma - mean))
    rgb = np.stack([luma + red / 0.713, luma - 0.344 / 0.564 * blue - 0.714 / 0.713 * red, luma + blue / 0.564], -1)
    # A soft shoulder instead of a hard limit: clipped highlights look like holes.
    rgb = np.where(rgb > 215, 215 + 40 * np.tanh((rgb - 215) / 60), rgb)
    return np.asarray(np.clip(rgb, 8, 255), np.float32)


@cache
def edge() -> Image.Image:
    """The face's soft edge as a mask of FACE_SIZE."""
    y, x = np.mgrid[: FACE_SIZE[1], : FACE_SIZE[0]] / SCALE
    height = np.where(y < MIDDLE[1], FOREHEAD, RADII[1])
    radius = np.hypot((x - MIDDLE[0]) / RADII[0], (y - MIDDLE[1]) / height)
    share = np.clip((EDGE[1] - radius) / (EDGE[1] - EDGE[0]), 0, 1)
    return Image.fromarray((255 * share * share * (3 - 2 * share)).astype(np.uint8))


def places(displacement: Array, points: Array) -> Array:
    """Where points (n, 2) of the average face lie in one with this displacement (2, *CONTROL): (n, 2), frame pixels."""
    rows, columns = CONTROL
    column = np.clip(points[:, 0] / (WIDTH - 1) * (columns - 1), 0, columns - 1.001)
    row = np.clip(points[:, 1] / (HEIGHT - 1) * (rows - 1), 0, rows - 1.001)
    c, r = column.astype(int), row.astype(int)
    u, v = column - c, row - r
    top = displacement[:, r, c] * (1 - u) + displacement[:, r, c + 1] * u
    bottom = displacement[:, r + 1, c] * (1 - u) + displacement[:, r + 1, c + 1] * u
    return np.asarray(points + (top * (1 - v) + bottom * v).T)


def _mesh(displacement: Array) -> list[tuple[Box, Quad]]:
    """Pillow's mesh that bends a face of FACE_SIZE out of the average shape: each box and the corners it comes from."""
    x = np.linspace(0, FACE_SIZE[0], CONTROL[1] + 1).round().astype(int)
    y = np.linspace(0, FACE_SIZE[1], CONTROL[0] + 1).round().astype(int)
    target = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2) / SCALE
    source = target
    for _ in range(3):  # the displacement is known where it starts, and is wanted where it ends
        source = source + target - places(displacement, source)
    corner = (source * SCALE).reshape(len(y), len(x), 2)
    return [
        (
            (int(x[j]), int(y[i]), int(x[j + 1]), int(y[i + 1])),
            (*corner[i, j], *corner[i + 1, j], *corner[i + 1, j + 1], *corner[i, j + 1]),
        )
        for i in range(len(y) - 1)
        for j in range(len(x) - 1)
    ]


def draw_face(model: FaceModel, latent: Array) -> tuple[Image.Image, Array]:
    """The face as RGBA of FACE_SIZE, transparent towards its edge, and its displacement (2, *CONTROL)."""
    displacement = model.displacement(latent)
    small = Image.fromarray(colours(model, latent).astype(np.uint8))
    face = small.resize(FACE_SIZE, Image.Resampling.BICUBIC).filter(ImageFilter.UnsharpMask(*SHARPEN))
    face.putalpha(edge())
    bent = face.transform(FACE_SIZE, Image.Transform.MESH, _mesh(displacement), Image.Resampling.BILINEAR)
    return bent, displacement
