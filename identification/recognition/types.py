"""What recognition finds in a photograph: frozen results, free of any library that finds them.

All coordinates are pixels of the upright photograph (EXIF orientation applied, full size), x to the right and y down,
with (0, 0) at the top left corner.
"""

import math
from dataclasses import dataclass, replace

Point = tuple[float, float]
Landmarks = tuple[Point, Point, Point, Point, Point]


def roll_of(landmarks: Landmarks) -> float:
    """The angle of the line from the left to the right eye, in degrees in (-180, 180]; positive is clockwise."""
    (left_x, left_y), (right_x, right_y) = landmarks[0], landmarks[1]
    angle = math.degrees(math.atan2(right_y - left_y, right_x - left_x))
    return 180.0 if angle == -180.0 else angle


@dataclass(frozen=True)
class Box:
    """An upright rectangle, in pixels; it may reach beyond the photograph."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def around(cls, points: tuple[Point, ...] | list[Point]) -> "Box":
        """The smallest box that holds all of these points."""
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return cls(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def centre(self) -> Point:
        return (self.left + self.width / 2, self.top + self.height / 2)

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def corners(self) -> tuple[Point, Point, Point, Point]:
        """Clockwise from the top left one."""
        return ((self.left, self.top), (self.right, self.top), (self.right, self.bottom), (self.left, self.bottom))

    def intersection(self, other: "Box") -> float:
        """The area shared with another box, in square pixels."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0.0) * max(height, 0.0)

    def iou(self, other: "Box") -> float:
        """Intersection over union, in [0, 1]; 0 for boxes without area."""
        shared = self.intersection(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0


@dataclass(frozen=True)
class DetectedFace:
    """One face in a photograph.

    landmarks: left eye, right eye, nose, left and right mouth corner, "left" as one looks at the upright *face*.
    roll: by how many degrees the face is turned clockwise in the photograph, in (-180, 180]; 0 is upright.
    found_at: the quarter turn nearest to that (0, 90, 180 or 270 degrees clockwise) in which the detector saw it.
    confidence: the detector's own, in [0, 1]; comparable only between finds of the same detector.
    """

    box: Box
    landmarks: Landmarks
    roll: float
    found_at: int
    confidence: float

    @property
    def inter_eye_distance(self) -> float:
        """Pixels between the eye centres."""
        return math.dist(self.landmarks[0], self.landmarks[1])

    def scaled(self, factor: float) -> "DetectedFace":
        """The same face in a photograph that is larger by this factor."""
        box = Box(*(factor * length for length in (self.box.left, self.box.top, self.box.width, self.box.height)))
        first, second, third, fourth, fifth = ((factor * x, factor * y) for x, y in self.landmarks)
        return replace(self, box=box, landmarks=(first, second, third, fourth, fifth))

    @property
    def upright_size(self) -> Point:
        """Width and height of the box as the detector saw the face, upright."""
        sides = (self.box.width, self.box.height)
        return sides if self.found_at in (0, 180) else (sides[1], sides[0])
