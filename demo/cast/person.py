"""People who do not exist: an identity drawn at random, with a name, a year of birth and a town."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from demo.cast.model import FaceModel
from demo.cast.names import FULL_NAMES, NAME_STRIDE, PLACES

Array = npt.NDArray[np.floating[Any]]

IDENTITY_SCALE = 1.4  # times what the photographs say people differ by: the components hold only part of it
LEAN = 1.0  # how far faces lean towards a woman's or a man's, 1 being where the fitted people were labelled
LEAN_SPREAD = 0.35
BORN = (1942, 2004)


@dataclass(frozen=True, eq=False)
class Person:
    """One fictional person; identity is the part of the latent vector that all of their photographs share."""

    index: int
    name: str
    born: int
    place: str
    identity: Array


def draw_identity(model: FaceModel, rng: np.random.Generator, kind: int) -> Array:
    """An identity (k,) whose face suits a woman's (kind 0) or a man's name (kind 1)."""
    identity = IDENTITY_SCALE * (model.between @ rng.standard_normal(model.size).astype(np.float32))
    wanted = (LEAN if kind else -LEAN) + LEAN_SPREAD * rng.standard_normal()
    return (identity + (wanted - model.lean_of(identity)) * model.leaning_step).astype(np.float32)


def invent(model: FaceModel, seed: int, index: int) -> Person:
    """The person with this number in the cast with this seed: always the same one, whoever was asked for before."""
    rng = np.random.default_rng([seed, index])
    # Alternating, not drawn, so that numbers never share a name: each kind counts through its own table.
    kind = (seed + index) % 2
    table = FULL_NAMES[kind]
    name = table[(seed * 101 + kind * len(table) // 3 + (index // 2) * NAME_STRIDE) % len(table)]
    identity = draw_identity(model, rng, kind)
    return Person(index, name, int(rng.integers(*BORN)), PLACES[rng.integers(len(PLACES))], identity)
