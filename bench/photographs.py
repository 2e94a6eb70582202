"""Photographs of the fictional cast, drawn before anything is timed.

Each is another file, because a case takes the same file only once.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import Image

from demo.cast import Cast, degrade

SEED = 85
# The gallery's people come after all that are asked about.
FIRST_KNOWN = 1_000_000
REFERENCE_SIZE = (320, 400)
PORTRAITS = 300  # different ones among the small photographs
NARROWEST, WIDTHS = 200, 81  # pixels; small photographs come in so many widths, as cropped ones do


@dataclass
class Drawn:
    """What the measurements are made with; the same seed always gives the same."""

    cast: Cast = field(default_factory=lambda: Cast(seed=SEED))
    _portraits: list[Image.Image] = field(default_factory=list)

    def photograph(self, number: int) -> bytes:
        """The portrait of a person whom no other number shows, 480 by 600 pixels."""
        return degrade.to_jpeg(self.cast.photograph(self.cast.person(number)))

    def reference(self, number: int) -> tuple[str, bytes]:
        """The name of a known person and a portrait of them."""
        person = self.cast.person(FIRST_KNOWN + number)
        return person.name, degrade.to_jpeg(self.cast.photograph(person).resize(REFERENCE_SIZE))

    def small(self, numbers: range) -> Iterator[bytes]:
        """Small photographs of various sizes, made quickly from a few hundred portraits; each is another file."""
        for number in numbers:
            width = NARROWEST + number * 37 % WIDTHS
            yield _commented(self._portrait(number % PORTRAITS).resize((width, width * 5 // 4)), f"Number {number}")

    def _portrait(self, number: int) -> Image.Image:
        while len(self._portraits) <= number:
            self._portraits.append(self.cast.photograph(self.cast.person(len(self._portraits))))
        return self._portraits[number]


def _commented(image: Image.Image, comment: str) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, comment=comment)
    return out.getvalue()
