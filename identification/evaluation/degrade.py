"""Probes as cases bring them: turned, blurred, dark, badly compressed, partly covered, small.

Each is a function of the photograph, the face that was found in it as it was, and random numbers drawn from the name
of the degradation and of the image alone, so that every run degrades a photograph in the same way.
"""

import hashlib
import io
import math
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from identification.recognition.alignment import MID_GREY
from identification.recognition.types import DetectedFace, Point

Degradation = Callable[[Image.Image, DetectedFace, np.random.Generator], Image.Image]

BLUR = 1 / 25  # of the width of the face's box: the radius of the Gaussian
LIGHT = 0.2  # the part of the light that is left
DARK_NOISE = 4.0  # grey levels, as a camera adds in the dark
JPEG_QUALITY = 20
SMALL_FACE = 32  # pixels; the width of the face's box
CLOTH = (104, 98, 92)

_CLOCKWISE = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
# The third of the face that is covered, along and down its own upright box, from 0 to 1.
_THIRDS = ((0, 1 / 3, 0, 1), (2 / 3, 1, 0, 1), (0, 1, 2 / 3, 1), (0, 1, 0, 1 / 3))


def turned(image: Image.Image, _face: DetectedFace, _rng: np.random.Generator, *, turn: int) -> Image.Image:
    """Turned clockwise by a quarter, a half or three quarters, without loss."""
    return image.transpose(_CLOCKWISE[turn])


def turned_at_random(image: Image.Image, _face: DetectedFace, rng: np.random.Generator) -> Image.Image:
    """Turned by any angle, on a grey ground that is large enough."""
    return image.rotate(rng.uniform(0, 360), Image.Resampling.BICUBIC, expand=True, fillcolor=MID_GREY)


def blurred(image: Image.Image, face: DetectedFace, _rng: np.random.Generator) -> Image.Image:
    """Out of focus."""
    return image.filter(ImageFilter.GaussianBlur(face.upright_size[0] * BLUR))


def darkened(image: Image.Image, _face: DetectedFace, rng: np.random.Generator) -> Image.Image:
    """Taken in the dark, with the noise of it."""
    noise = rng.normal(0, DARK_NOISE, (image.height, image.width, 3))
    return Image.fromarray((np.asarray(image) * LIGHT + noise).clip(0, 255).astype(np.uint8))


def compressed(image: Image.Image, _face: DetectedFace, _rng: np.random.Generator) -> Image.Image:
    """Saved once more as a JPEG of low quality."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=JPEG_QUALITY)
    return Image.open(out).convert("RGB")


def partly_covered(image: Image.Image, face: DetectedFace, rng: np.random.Generator) -> Image.Image:
    """A plain cloth over the left, right, lower or upper third of the face's box, turned with the face."""
    left, right, top, bottom = _THIRDS[rng.integers(len(_THIRDS))]
    corners = [_on_face(face, at) for at in ((left, top), (right, top), (right, bottom), (left, bottom))]
    covered = image.copy()
    ImageDraw.Draw(covered).polygon(corners, fill=CLOTH)
    return covered


def reduced(image: Image.Image, face: DetectedFace, _rng: np.random.Generator) -> Image.Image:
    """Made smaller until the face's box is 32 pixels wide; a face that is smaller already stays as it is."""
    scale = min(1.0, SMALL_FACE / face.upright_size[0])
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


DEGRADATIONS: Mapping[str, Degradation] = MappingProxyType(
    {
        "turned-90": partial(turned, turn=90),
        "turned-180": partial(turned, turn=180),
        "turned-270": partial(turned, turn=270),
        "turned-random": turned_at_random,
        "blurred": blurred,
        "darkened": darkened,
        "jpeg-20": compressed,
        "third-covered": partly_covered,
        "reduced-32": reduced,
    }
)
IN_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "turned-90": "turned by 90 degrees",
        "turned-180": "turned by 180 degrees",
        "turned-270": "turned by 270 degrees",
        "turned-random": "turned by any angle",
        "blurred": "blurred (radius a twenty-fifth of the face's width)",
        "darkened": "darkened (a fifth of the light, with noise)",
        "jpeg-20": "saved as JPEG of quality 20",
        "third-covered": "a third of the face covered",
        "reduced-32": "reduced until the face is 32 pixels wide",
    }
)


def degraded(name: str, image_name: str, image: Image.Image, face: DetectedFace) -> Image.Image:
    """The photograph as the named degradation leaves it."""
    seed = hashlib.sha256(f"{name}:{image_name}".encode()).digest()
    return DEGRADATIONS[name](image, face, np.random.default_rng(list(seed)))


def _on_face(face: DetectedFace, at: Point) -> Point:
    """A point of the face's own upright box, from (0, 0) to (1, 1), in the photograph."""
    (width, height), (x, y), turn = face.upright_size, face.box.centre, math.radians(face.roll)
    along, down = (at[0] - 0.5) * width, (at[1] - 0.5) * height
    return (x + along * math.cos(turn) - down * math.sin(turn), y + along * math.sin(turn) + down * math.cos(turn))
