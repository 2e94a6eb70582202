"""Head and shoulders: the model's face on a painted head, neck and clothes, under painted hair."""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageFilter

from demo.cast import hair as hair_layers
from demo.cast.canvas import (
    FIGURE,
    ORIGIN,
    SMALL,
    Colour,
    box,
    dimmed,
    ellipses,
    empty,
    pixel_grid,
    polygon,
    shade,
    soft,
    to_small,
    union,
    wide,
    without,
)
from demo.cast.face import FACE_SIZE, draw_face, places
from demo.cast.hair import Hair
from demo.cast.model import WIDTH, FaceModel

Array = npt.NDArray[np.floating[Any]]

# The head's outline in the frame, from the left temple round the chin to the middle; mirrored for the other half.
JAW = ((9, 40), (10, 62), (12, 84), (16, 104), (24, 122), (35, 135), (48, 142), (60, 144))
CROWN = (9.0, 3.0, 111.0, 118.0)  # boxes of ellipses in the frame: left, top, right, bottom
EARS = ((4.0, 68.0, 15.0, 98.0), (105.0, 68.0, 116.0, 98.0))
CHIN_SHADOW = (20.0, 110.0, 100.0, 158.0)
SHOULDERS, NECKLINE, COLLAR = (-60.0, 160.0, 180.0, 380.0), (27.0, 136.0, 93.0, 182.0), (25.0, 134.0, 95.0, 187.0)
NECK = ((28, 100), (92, 100), (89, 156), (112, 195), (8, 195), (31, 156))
SPREAD = 7  # radius in quarter-size pixels by which the face's colours are carried on beyond its edge
CHEEKS = (slice(38, 52), slice(14, 48))  # rows and columns of the face at a quarter of its size


def _head_mask(displacement: Array) -> Image.Image:
    """The head without hair and ears: jaw and skull."""
    half = np.array(JAW, np.float32)
    other = half[::-1] * [-1, 1] + [WIDTH - 1, 0]
    jaw = polygon(places(displacement, np.concatenate([half, other])), softness=2.0)
    return union([jaw, ellipses(CROWN, softness=2.0)])


def _skin(face: Image.Image) -> tuple[Image.Image, Colour]:
    """The face's colours carried on over the whole canvas, and the colour of its cheeks."""
    quarter = face.resize((FACE_SIZE[0] // 4, FACE_SIZE[1] // 4), Image.Resampling.BOX)
    cheeks = np.asarray(quarter.convert("RGB"))[CHEEKS].reshape(-1, 3)
    average = tuple(int(value) for value in np.percentile(cheeks, 60, axis=0))
    canvas = Image.new("RGBA", (SMALL[0] // 2, SMALL[1] // 2))
    canvas.paste(quarter, (ORIGIN[0] // 4, ORIGIN[1] // 4))
    # Blurred with its transparency, so that no black comes in from outside the face.
    spread = canvas.convert("RGBa").filter(ImageFilter.GaussianBlur(SPREAD)).convert("RGBA")
    plain = Image.new("RGB", canvas.size, average)
    plain.paste(spread.convert("RGB"), mask=wide(wide(spread.getchannel("A"))))
    return plain.resize(SMALL, Image.Resampling.BICUBIC), average


def _paint_neck(canvas: Image.Image, skin: Colour) -> Image.Image:
    """Neck with the chin's shadow on it; returns its mask."""
    neck = polygon(np.array(NECK, np.float32), softness=2.0)
    canvas.paste(shade(skin, 0.8), mask=wide(neck))
    shadow = ellipses(CHIN_SHADOW, softness=6).point(lambda value: value * 0.6)
    canvas.paste(shade(skin, 0.5), mask=shadow)
    return neck


def _paint_clothes(canvas: Image.Image, cloth: Colour) -> Image.Image:
    """A plain pullover; returns its mask."""
    mask, pen = empty()
    pen.ellipse(box(*SHOULDERS), fill=255)
    pen.ellipse(box(*NECKLINE), fill=0)
    mask = soft(mask, 1.5)
    canvas.paste(cloth, mask=wide(mask))
    collar, pen = empty()
    pen.arc(box(*COLLAR), 10, 170, fill=150, width=4)
    canvas.paste(shade(cloth, 0.72), mask=soft(collar, 1.2))
    return mask


def _paint_head(canvas: Image.Image, displacement: Array, skin: Image.Image, average: Colour) -> Image.Image:
    """Ears and head, darker towards the edge; returns their mask."""
    ears, head = ellipses(*EARS, softness=1.2), _head_mask(displacement)
    canvas.paste(shade(average, 0.82), mask=wide(ears))
    canvas.paste(skin, mask=head)
    canvas.paste(shade(average, 0.45), mask=ImageChops.darker(_volume(), head))
    return union([ears, head])


@cache
def _volume() -> Image.Image:
    """A mask that darkens the head's edges, so that it looks round."""
    x, y = pixel_grid()
    centre = to_small(np.array([[59.5, 74]]))[0]
    radius = np.hypot((x - centre[0]) / 54, (y - centre[1]) / 74)
    return Image.fromarray((np.clip((radius - 0.72) / 0.5, 0, 1) * 130).astype(np.uint8))


def _uncovered(face: Image.Image, over: Image.Image) -> Image.Image:
    """The face's soft edge, less what the hair over it (a mask of the canvas) covers: a mask of the face's size."""
    left, top = ORIGIN[0] / 2, ORIGIN[1] / 2
    area = (left, top, left + face.width / 2, top + face.height / 2)
    return without(face.getchannel("A"), over.resize(face.size, Image.Resampling.BILINEAR, area))


def draw_figure(model: FaceModel, latent: Array, hair: Hair, cloth: Colour) -> Image.Image:
    """Head and shoulders as RGBA of FIGURE, transparent around."""
    face, displacement = draw_face(model, latent)
    skin, average = _skin(face)
    canvas = Image.new("RGB", SMALL, average)
    all_hair, strands = hair_layers.outline(hair), hair_layers.texture(hair)
    if hair.ends is not None:
        canvas.paste(dimmed(strands, (0.75,) * 3), mask=wide(all_hair))
    body = [_paint_neck(canvas, average), _paint_clothes(canvas, cloth)]
    if hair.ends is None:
        canvas.paste(strands, mask=wide(all_hair))
    head = _paint_head(canvas, displacement, skin, average)
    over = without(all_hair, hair_layers.opening(hair))
    canvas.paste(strands, mask=over)
    figure = canvas.resize(FIGURE, Image.Resampling.BICUBIC)
    figure.paste(face, ORIGIN, _uncovered(face, over))
    figure.putalpha(union([*body, head, all_hair]).resize(FIGURE, Image.Resampling.BILINEAR))
    return figure
