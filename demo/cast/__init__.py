"""The fictional cast: any number of people who do not exist, and photographs of them, deterministic from a seed."""

from PIL import Image

from demo.cast.model import FaceModel
from demo.cast.person import Person, invent
from demo.cast.photograph import draw_photograph

__all__ = ["Cast", "Person"]


class Cast:
    """People who do not exist. The same seed always gives the same people and photographs."""

    def __init__(self, seed: int = 2026) -> None:
        self.seed = seed
        self._model = FaceModel.load()

    def person(self, index: int) -> Person:
        """The person with this number, counted from 0."""
        return invent(self._model, self.seed, index)

    def photograph(self, person: Person, shot: int = 0) -> Image.Image:
        """A portrait, RGB, 480 by 600 pixels; shot, counted from 0, chooses expression, light, clothes, wall."""
        return draw_photograph(self._model, person, self.seed, shot)
