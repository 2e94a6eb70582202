"""Hair: chosen once for each person, painted in three layers (behind the neck, on the head, over the forehead)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from demo.cast.canvas import Colour, box, empty, pixel_grid, soft, to_small
from demo.cast.model import FaceModel
from demo.cast.person import Person

Array = npt.NDArray[np.floating[Any]]

COLOURS = ((36, 30, 28), (58, 44, 36), (88, 66, 48), (122, 94, 64), (104, 64, 46), (156, 130, 92))
GREY = (158, 156, 152)
GREY_BEFORE, GREY_SHARE = 1965, 0.6  # this share of the people born before that year has grey hair
DARK_SKIN = 105  # below this brightness of the cheeks only the two darkest colours of hair are used
CHEEKS = (slice(80, 100), slice(30, 90))  # rows and columns of the frame
PARTING, HAIRLINE = (-9.0, 9.0), (17.0, 25.0)  # ranges, in pixels of the frame
JAW_LENGTH, LONG = 146, 192  # where such hair ends in the frame, pixels
STRANDS = 720  # strands of hair before they repeat
STRANDS_PER_PIXEL = 2.5


@dataclass(frozen=True)
class Hair:
    """What stays the same in all photographs of one person besides the face."""

    colour: Colour
    ends: int | None  # pixels of the frame; None: short, above the ears
    parting: float  # pixels of the frame by which the hairline's middle lies to one side
    hairline: float  # pixels of the frame: where the forehead ends
    strands: Array  # (STRANDS,) brightness of strands, about 0


def _colour(model: FaceModel, person: Person, rng: np.random.Generator) -> Colour:
    """A colour that suits the skin and the year of birth."""
    if person.born < GREY_BEFORE and rng.random() < GREY_SHARE:
        return GREY
    luma, _ = model.planes(person.identity)
    return COLOURS[rng.integers(2 if luma[CHEEKS].mean() < DARK_SKIN else len(COLOURS))]


def hair_of(model: FaceModel, person: Person) -> Hair:
    """Hair that suits the face: always the same for the same person."""
    rng = np.random.default_rng([person.index, person.born, 1])
    lengths = (None, JAW_LENGTH, LONG) if model.lean_of(person.identity) < 0 else (None,)
    strands = np.convolve(rng.standard_normal(STRANDS + 4), np.ones(5) / 5, "valid")
    return Hair(
        colour=_colour(model, person, rng),
        ends=lengths[rng.integers(len(lengths))],
        parting=float(rng.uniform(*PARTING)),
        hairline=float(rng.uniform(*HAIRLINE)),
        strands=strands,
    )


def outline(hair: Hair) -> Image.Image:
    """A mask of all of the hair, as if the face did not hide any."""
    mask, pen = empty()
    pen.ellipse(box(5, -5, 115, 118), fill=255)
    if hair.ends is None:
        pen.rectangle(box(-40, 74, 160, 200), fill=0)
    else:
        pen.ellipse(box(1, 20, 119, 140), fill=255)
        pen.rounded_rectangle(box(1, 80, 119, hair.ends), radius=18, fill=255)
    return soft(mask, 2.4)


def opening(hair: Hair) -> Image.Image:
    """A mask of where the face shows through the hair: the hairline arches beside the parting."""
    mask, pen = empty()
    middle, top, side = 60 + hair.parting / 3, hair.hairline, 60 + hair.parting
    pen.ellipse(box(middle - 48, top + 3, middle + 48, 190), fill=255)
    pen.ellipse(box(side - 34, top - 2, side + 34, 100), fill=255)
    pen.rectangle(box(13, 100, 107, 260), fill=255)
    return soft(mask, 3.0)


def texture(hair: Hair) -> Image.Image:
    """The canvas full of strands combed from the parting over the head and down, with a soft sheen on top."""
    x, y = pixel_grid()
    left, top = to_small(np.array([[60 + 3 * hair.parting, 4]]))[0].astype(np.float32)
    # Ellipses about a point below the parting: hair falls along the head, not away from it.
    ring = np.hypot((x - left) / 0.9, (y - top - 70) / 1.25)
    strand = hair.strands.astype(np.float32)[(ring * STRANDS_PER_PIXEL).astype(int) % STRANDS]
    sheen = np.exp(-(((y - top - 8) / 14) ** 2) - ((x - left) / 40) ** 2)
    light = 0.8 + 0.08 * strand + 0.22 * sheen - 0.0012 * np.clip(y - top, 0, 150)
    return Image.fromarray(np.clip(light[..., None] * np.array(hair.colour, np.float32), 0, 255).astype(np.uint8))
