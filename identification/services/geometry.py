"""Whether what a person drew on a photograph can be a face. All in pixels of the upright photograph."""

import math
from collections.abc import Sequence

from identification.errors import IdentificationError
from identification.recognition.finds import looks_upright
from identification.recognition.types import Box, Landmarks, Point, roll_of

SHORTEST_SIDE = 8  # pixels; in less there is nothing to compare
EYES_APART = 3  # pixels, at least
POINTS = 5
# Landmarks of a face lie in its box or a little beyond it.
BEYOND_THE_BOX = 0.5


class Implausible(IdentificationError):
    """A box or landmarks that no face can have; str() says what is wrong with them."""


def check_box(box: Box, size: tuple[int, int]) -> None:
    """Raise Implausible unless a face can lie in this box of a photograph of this width and height."""
    numbers = (box.left, box.top, box.width, box.height)
    if not all(map(math.isfinite, numbers)) or min(box.width, box.height) < SHORTEST_SIDE:
        raise Implausible(f"The box is too small: draw it around the face, at least {SHORTEST_SIDE} pixels wide.")
    whole = Box(0, 0, *size)
    if box.intersection(whole) < box.area / 4:
        raise Implausible("The box lies mostly outside of the photograph. Draw it around the face.")


def as_landmarks(coordinates: Sequence[float]) -> Landmarks:
    """Return ten numbers, x and y in turn, as landmarks."""
    if len(coordinates) != 2 * POINTS or not all(map(math.isfinite, coordinates)):
        raise Implausible("Place all five: left eye, right eye, nose, and both corners of the mouth.")
    first, second, third, fourth, fifth = zip(coordinates[::2], coordinates[1::2], strict=True)
    return (first, second, third, fourth, fifth)


def check_landmarks(landmarks: Landmarks, box: Box) -> None:
    """Raise Implausible unless a face in this box, whichever way up, can have its landmarks there."""
    wide, high = box.width * BEYOND_THE_BOX, box.height * BEYOND_THE_BOX
    if not all(
        box.left - wide <= x <= box.right + wide and box.top - high <= y <= box.bottom + high for x, y in landmarks
    ):
        raise Implausible("Eyes, nose and mouth lie outside of the box. Place them on the face that it is around.")
    if math.dist(landmarks[0], landmarks[1]) < EYES_APART:
        raise Implausible(f"The eyes are too close: place each on its own, at least {EYES_APART} pixels apart.")
    upright = turned_upright(landmarks)
    if not looks_upright(upright) or upright[3][0] >= upright[4][0]:
        raise Implausible(
            "Eyes, nose and mouth don't lie as in a face. Left and right are as you see them when the face is upright. "
            "Place them again."
        )


def turned_upright(landmarks: Landmarks) -> Landmarks:
    """Return the landmarks with their eyes level, turned about the left one."""
    turn, (x, y) = -math.radians(roll_of(landmarks)), landmarks[0]

    def turned(point: Point) -> Point:
        right, down = point[0] - x, point[1] - y
        return (
            x + right * math.cos(turn) - down * math.sin(turn),
            y + right * math.sin(turn) + down * math.cos(turn),
        )

    first, second, third, fourth, fifth = map(turned, landmarks)
    return (first, second, third, fourth, fifth)
