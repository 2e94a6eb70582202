"""A small statistical model of faces: average, components, and how they vary between and within people.

A face is a latent vector: first the coefficients of its colour components, then those of its shape components, each in
units of its own standard deviation. Two matrices say how such vectors differ between people and between photographs of
one person. Nothing of any single photograph is stored.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]

FACES_FILE = Path(__file__).with_name("faces.npz")
WIDTH, HEIGHT = 120, 152  # pixels of the frame; eyes about 40 pixels apart
COLOUR_STEP = 4  # colour differences are kept at a quarter of the size of brightness, as in a JPEG
COLOUR_SHAPE = (HEIGHT // COLOUR_STEP, WIDTH // COLOUR_STEP)
LUMA_SIZE = HEIGHT * WIDTH
CONTROL = (10, 8)  # rows and columns of the grid whose displacements describe a shape
INT8_LIMIT = 127


def face_weight() -> Array:
    """How much each pixel (HEIGHT, WIDTH) counts, 0 to 1: the face whole, its surroundings not at all."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    radius = np.sqrt(((x - 59.5) / 50) ** 2 + ((y - 80) / 66) ** 2)
    return np.asarray(np.clip((1.15 - radius) / 0.35, 0, 1), np.float32)


def quantise(components: Array) -> tuple[npt.NDArray[np.int8], Array]:
    """Rows (k, n) as int8 with one scale (k,) each."""
    scale = np.abs(components).max(1) / INT8_LIMIT
    return np.round(components / scale[:, None]).astype(np.int8), scale.astype(np.float32)


@dataclass(frozen=True)
class FaceModel:
    """The arrays of faces.npz. Textures hold luma (HEIGHT x WIDTH), then Cb and Cr (COLOUR_SHAPE each), 0 to 255."""

    texture_mean: Array  # (t,)
    texture: npt.NDArray[np.int8]  # (k, t), already in units of one standard deviation
    texture_scale: Array  # (k,)
    shape_mean: Array  # (s,), s = 2 x rows x columns of CONTROL, in pixels
    shape: Array  # (m, s)
    between: Array  # (k + m, k + m): standard normal draws to identities
    within: Array  # (k + m, k + m): standard normal draws to appearances
    leaning: Array  # (k + m + 1,): weights and a constant; see lean_of

    @classmethod
    def load(cls, path: Path = FACES_FILE) -> "FaceModel":
        """Read the file that `python -m demo.cast.fit` writes."""
        with np.load(path) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return cls(**{k: v if v.dtype == np.int8 else v.astype(np.float32) for k, v in arrays.items()})

    def save(self, path: Path = FACES_FILE) -> None:
        """Write the arrays, the precise ones at half precision."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        half = {k: v if v.dtype == np.int8 or k == "texture_scale" else v.astype(np.float16) for k, v in fields.items()}
        np.savez_compressed(path, **half)

    @property
    def size(self) -> int:
        """How many numbers describe a face."""
        return len(self.between)

    def lean_of(self, latent: Array) -> float:
        """Below 0: the face looks more like a woman's; above 0: more like a man's. Names and hair should suit it."""
        return float(self.leaning[:-1] @ latent + self.leaning[-1])

    @cached_property
    def leaning_step(self) -> Array:
        """The likeliest change (k + m,) of an identity that raises lean_of by one."""
        step = self.between @ (self.between.T @ self.leaning[:-1])
        return np.asarray(step / (self.leaning[:-1] @ step))

    @cached_property
    def _components(self) -> Array:
        """The texture components as numbers (k, t)."""
        return self.texture.astype(np.float32) * self.texture_scale[:, None]

    @cached_property
    def mean_colour(self) -> Array:
        """Average Cb and Cr (2,) of the average face."""
        colour = self.texture_mean[LUMA_SIZE:].reshape(2, *COLOUR_SHAPE)
        return np.asarray(colour[:, 10:32, 8:22].mean((1, 2)))

    def planes(self, latent: Array) -> tuple[Array, Array]:
        """Brightness (HEIGHT, WIDTH) and colour (2, *COLOUR_SHAPE) of a face in the average shape, not yet clipped."""
        vector = self.texture_mean + latent[: len(self.texture)] @ self._components
        return vector[:LUMA_SIZE].reshape(HEIGHT, WIDTH), vector[LUMA_SIZE:].reshape(2, *COLOUR_SHAPE)

    def displacement(self, latent: Array) -> Array:
        """How far each control point of the average face has moved in this one: (2, *CONTROL), x then y, in pixels."""
        vector = self.shape_mean + latent[len(self.texture) :] @ self.shape
        return vector.reshape(2, *CONTROL)
