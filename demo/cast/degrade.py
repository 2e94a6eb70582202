"""What happens to photographs: turned, blurred, dark, covered, with several people, with nobody, damaged.

Pure functions; the same arguments always give the same result.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Array = npt.NDArray[np.floating[Any]]

LOSSLESS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
SURROUND = (120, 120, 118)  # what shows in the corners of a photograph turned by other angles
BLUR_RADIUS = 5.0  # pixels, at 480 by 600
DARKNESS = 0.3  # share of the light that is left
DARK_NOISE = 4.0  # grey levels of noise, as a camera adds in the dark
CLOTH = (104, 98, 92)
CLOTHS = {
    "cheek": ((238, 420), (256, 345), (300, 285), (390, 262), (480, 290), (480, 600), (300, 600)),
    "forehead": ((112, 120), (180, 84), (300, 84), (368, 120), (366, 206), (300, 214), (210, 186), (112, 188)),
}  # outlines on a portrait of 480 by 600
PORTRAIT = (480, 600)
GROUP_HEIGHT = 480  # pixels of a group photograph
LANDSCAPE = (640, 480)
OCTAVES = 3  # of noise, each twice as fine
SCANS_KEPT = 0.45  # share of a damaged JPEG's bytes that remains


def turned(image: Image.Image, degrees: float) -> Image.Image:
    """The image turned anticlockwise: by 90, 180 and 270 without loss, by other angles on a larger grey canvas."""
    whole = degrees % 360
    if whole == 0:
        return image.copy()
    if whole in LOSSLESS:
        return image.transpose(LOSSLESS[int(whole)])
    return image.rotate(whole, Image.Resampling.BICUBIC, expand=True, fillcolor=SURROUND)


def blurred(image: Image.Image, radius: float = BLUR_RADIUS) -> Image.Image:
    """Out of focus: a Gaussian of this radius in pixels."""
    return image.filter(ImageFilter.GaussianBlur(radius))


def darkened(image: Image.Image, light: float = DARKNESS) -> Image.Image:
    """Taken in the dark: this share of the light is left, and noise comes with it."""
    noise = np.random.default_rng(0).normal(0, DARK_NOISE, (image.height, image.width, 3))
    return Image.fromarray((np.asarray(image) * light + noise).clip(0, 255).astype(np.uint8))


def partly_covered(image: Image.Image, part: str = "cheek") -> Image.Image:
    """A cloth over one cheek ("cheek") or the forehead ("forehead") of a portrait."""
    scale = np.array(image.size) / PORTRAIT
    outline = [tuple(point) for point in (np.array(CLOTHS[part]) * scale).tolist()]
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).polygon(outline, fill=255)
    return Image.composite(_cloth(image.size), image, mask.filter(ImageFilter.GaussianBlur(2.5)))


def _cloth(size: tuple[int, int]) -> Image.Image:
    """Grey cloth with folds that run across it."""
    y, x = np.mgrid[: size[1], : size[0]]
    fold = 1 + 0.10 * np.sin((x * 0.4 + y + 9 * np.sin(x / 60)) / 13) + 0.05 * np.sin((x * 0.3 + y) / 31)
    weave = np.random.default_rng(1).normal(0, 0.03, (size[1], size[0]))
    return Image.fromarray(((fold + weave)[..., None] * CLOTH).clip(0, 255).astype(np.uint8))


def group_photograph(images: Sequence[Image.Image]) -> Image.Image:
    """Several portraits side by side as one wide photograph, 480 pixels high."""
    sized = [image.resize((image.width * GROUP_HEIGHT // image.height, GROUP_HEIGHT)) for image in images]
    row = Image.new("RGB", (sum(image.width for image in sized), GROUP_HEIGHT))
    left = 0
    for image in sized:
        row.paste(image, (left, 0))
        left += image.width
    return row


def _clouds(rng: np.random.Generator, size: tuple[int, int], first: int) -> Array:
    """Smooth noise (height, width), about 0: coarse forms with ever finer ones on them, from `first` cells across."""
    total = np.zeros((size[1], size[0]), np.float32)
    for octave in range(OCTAVES):
        cells = rng.standard_normal((first * 2**octave * 3 // 4 + 1, first * 2**octave)).astype(np.float32)
        total += np.asarray(Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC)) / 1.8**octave
    return total


def without_face(seed: int) -> Image.Image:
    """A photograph with nobody in it: a field of gravel under an overcast sky, 640 by 480 pixels."""
    rng = np.random.default_rng([seed, 3])
    y = np.linspace(0, 1, LANDSCAPE[1], dtype=np.float32)[:, None]
    sky = np.array([176, 186, 196]) * (0.8 + 0.3 * y + 0.02 * _clouds(rng, LANDSCAPE, 4))[..., None]
    # Gravel much finer than a face and of little contrast, or a detector sees one in it now and then.
    ground = np.array([124, 114, 102]) * (0.75 + 0.06 * _clouds(rng, LANDSCAPE, 90))[..., None]
    horizon = 0.42 + 0.03 * _clouds(rng, LANDSCAPE, 6)[:1]
    below = np.clip((y - horizon) * 60, 0, 1)[..., None]
    return Image.fromarray((sky * (1 - below) + ground * below).clip(0, 255).astype(np.uint8))


def to_jpeg(image: Image.Image, quality: int = 92) -> bytes:
    """The image as JPEG; the same image and quality always give the same bytes with the same version of Pillow."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def damaged_jpeg(image: Image.Image) -> bytes:
    """A JPEG that ends in the middle of its picture: its header opens, its pixels can't be decoded in full."""
    whole = to_jpeg(image)
    return whole[: int(len(whole) * SCANS_KEPT)]
