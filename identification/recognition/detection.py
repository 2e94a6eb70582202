"""Find faces that lie in any direction.

MTCNN knows upright faces: of photographs turned by 90, 180 and 270 degrees it finds 13, 30 and 16 per cent. So the
whole photograph is searched four times, turned back by each quarter turn, and what was found twice is joined. Measured
on LFW: the pass that sees a face upright is always surer of it than the other three (300 of 300 photographs). A face
between two quarter turns is seen by two passes or more, and a second look, turned upright, decides.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from identification.recognition.alignment import MID_GREY, QUARTER_TURNS, Cut, cut_square, to_photograph, turn_back
from identification.recognition.types import Box, DetectedFace, Landmarks, Point, roll_of

LONGEST_SIDE = 1024  # pixels at which the whole photograph is searched
SMALLEST_FACE = 20  # pixels at that size; the detector's smallest window
POSSIBLE = 0.90  # below this confidence nothing is kept
SURE = 0.99  # at or above, a find stands by itself; between the two a second look must confirm it
CONFIRMED = 0.95  # what the second look has to reach
STRAIGHT = 20.0  # degrees; a face turned further than this in its pass is looked at again, turned upright

_SECOND_LOOK_SIDE = 192
_SECOND_LOOK_MARGIN = 1.0


class Detector(Protocol):
    """Finds the faces of an upright RGB photograph, in reading order; no face is an empty list."""

    name: str
    version: str

    def detect(self, image: Image.Image) -> list[DetectedFace]: ...


class MTCNNDetector:
    """Zhang and others 2016, "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks"."""

    name = "mtcnn"

    def __init__(self, *, device: str = "cpu") -> None:
        from facenet_pytorch import MTCNN

        self.version = version("facenet-pytorch")
        self._network = MTCNN(keep_all=True, min_face_size=SMALLEST_FACE, device=device)

    def detect(self, image: Image.Image) -> list[DetectedFace]:
        """Every face once, boxes and landmarks in pixels of `image`, whatever its size."""
        scale = min(1.0, LONGEST_SIDE / max(image.size))
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        small = image if scale == 1.0 else image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        found = [face for turn in QUARTER_TURNS for face in self._search_turned(small, turn)]
        factors = (image.width / size[0], image.height / size[1])
        settled = [self._settle(image, [enlarge(find, factors) for find in finds]) for finds in group(found)]
        # A second look may move two finds onto the same face.
        return in_reading_order([finds[0] for finds in group([face for face in settled if face is not None])])

    def _search_turned(self, image: Image.Image, turn: int) -> list[DetectedFace]:
        """The credible faces that one pass sees upright, mapped back into the coordinates of `image`."""
        found = self._search(turn_back(image, turn))
        credible = [face for face in found if face.confidence >= POSSIBLE and looks_upright(face.landmarks)]
        return [turn_forth(face, turn, image.size) for face in credible]

    def _settle(self, image: Image.Image, finds: Sequence[DetectedFace]) -> DetectedFace | None:
        """The best of several finds of one face, surest first; None when all are doubtful and none is confirmed.

        When the best is doubtful or tilted, or two are sure, each is looked at once more in its own square, turned
        upright: that tells a face from cloth, and for a face between two quarter turns its way up.
        """
        best, *others = finds
        agreed = not any(other.confidence >= SURE for other in others)
        if best.confidence >= SURE and abs(tilt(best)) <= STRAIGHT and agreed:
            return best
        again = [seen for find in finds if (seen := self._second_look(image, find)) is not None]
        unconfirmed = best if best.confidence >= SURE else None
        return max(again, key=lambda face: face.confidence, default=unconfirmed)

    def _second_look(self, image: Image.Image, find: DetectedFace) -> DetectedFace | None:
        cut = Cut.around(find, margin=_SECOND_LOOK_MARGIN)
        square = ImageOps.autocontrast(cut_square(image, cut, side=_SECOND_LOOK_SIDE), preserve_tone=True)
        again = [
            lift(seen, cut, _SECOND_LOOK_SIDE, found_at=find.found_at)
            for seen in self._search(square)
            if seen.confidence >= CONFIRMED and looks_upright(seen.landmarks)
        ]
        same = [seen for seen in again if seen.box.iou(find.box) >= 0.3]
        return max(same, key=lambda seen: seen.confidence, default=None)

    def _search(self, image: Image.Image) -> list[DetectedFace]:
        """One pass of the detector over an image as it is."""
        if min(image.size) < SMALLEST_FACE:
            return []
        try:
            return self._run(image, border=0)
        except (RuntimeError, IndexError):
            # facenet-pytorch trips over a find that lies wholly outside the image; with a border none does.
            return self._run(image, border=max(image.size) // 4)

    def _run(self, image: Image.Image, *, border: int) -> list[DetectedFace]:
        framed = ImageOps.expand(image, border, MID_GREY) if border else image
        boxes, confidences, landmarks = self._network.detect(framed, landmarks=True)
        if boxes is None:
            return []
        boxes, landmarks = np.asarray(boxes, float) - border, np.asarray(landmarks, float) - border
        return [_face(*find) for find in zip(boxes[:, :4], confidences, landmarks, strict=True)]


def looks_upright(landmarks: Landmarks) -> bool:
    """Whether landmarks lie as in a face that is turned by less than 60 degrees: eyes above nose above mouth.

    A pass over the wrong way up sometimes places landmarks where no face has them.
    """
    eyes, mouth = _middle(landmarks[0], landmarks[1]), _middle(landmarks[3], landmarks[4])
    down = (mouth[0] - eyes[0], mouth[1] - eyes[1])
    length = math.hypot(*down)
    if length == 0:
        return False
    nose = ((landmarks[2][0] - eyes[0]) * down[0] + (landmarks[2][1] - eyes[1]) * down[1]) / length**2
    lean = turn_between(math.degrees(math.atan2(-down[0], down[1])), roll_of(landmarks))
    return abs(roll_of(landmarks)) < 60 and abs(lean) < 45 and 0.0 < nose < 1.0


def group(finds: Sequence[DetectedFace]) -> list[list[DetectedFace]]:
    """Finds of the same face together, in each group the surest first and among equals the most upright one."""
    groups: list[list[DetectedFace]] = []
    for find in sorted(finds, key=lambda find: (-find.confidence, abs(tilt(find)))):
        same = next((group for group in groups if same_face(find.box, group[0].box)), None)
        if same is None:
            groups.append([find])
        else:
            same.append(find)
    return groups


def same_face(first: Box, second: Box) -> bool:
    """Whether two boxes can't be two faces: much overlap, or one mostly inside the other."""
    smaller = min(first.area, second.area)
    return first.iou(second) > 0.3 or (smaller > 0 and first.intersection(second) / smaller > 0.6)


def in_reading_order(faces: Sequence[DetectedFace]) -> list[DetectedFace]:
    """Rows from top to bottom, each from left to right; a face is of a row when its centre lies beside the first's."""
    rows: list[list[DetectedFace]] = []
    for face in sorted(faces, key=lambda face: face.box.centre[1]):
        if rows and face.box.centre[1] < rows[-1][0].box.bottom:
            rows[-1].append(face)
        else:
            rows.append([face])
    return [face for row in rows for face in sorted(row, key=lambda face: face.box.left)]


def turn_forth(face: DetectedFace, turn: int, size: tuple[int, int]) -> DetectedFace:
    """Map a face found in `turn_back(photograph, turn)` to the photograph, whose width and height are `size`."""
    landmarks = _each(face.landmarks, lambda point: to_photograph(point, turn, size))
    box = Box.around([to_photograph(corner, turn, size) for corner in face.box.corners])
    return DetectedFace(box, landmarks, roll_of(landmarks), turn, face.confidence)


def enlarge(face: DetectedFace, factors: Point) -> DetectedFace:
    """The same face where the photograph is wider by the first and higher by the second factor."""
    wide, high = factors
    box = Box(face.box.left * wide, face.box.top * high, face.box.width * wide, face.box.height * high)
    landmarks = _each(face.landmarks, lambda point: (point[0] * wide, point[1] * high))
    return replace(face, box=box, landmarks=landmarks, roll=roll_of(landmarks))


def lift(face: DetectedFace, cut: Cut, side: int, *, found_at: int) -> DetectedFace:
    """Map a face found in `cut_square(photograph, cut, side=side)` to the photograph.

    Its box keeps the sides that it had upright, laid along the quarter turn in which the face was found first.
    """
    landmarks = _each(face.landmarks, lambda point: cut.to_photograph(point, side))
    x, y = cut.to_photograph(face.box.centre, side)
    width, height = face.box.width * cut.width / side, face.box.height * cut.height / side
    if found_at in (90, 270):
        width, height = height, width
    box = Box(x - width / 2, y - height / 2, width, height)
    return DetectedFace(box, landmarks, roll_of(landmarks), found_at, face.confidence)


def tilt(face: DetectedFace) -> float:
    """By how much the face is turned within the pass that found it, in degrees in [-180, 180), positive clockwise."""
    return turn_between(face.roll, face.found_at)


def turn_between(first: float, second: float) -> float:
    """The turn from the second to the first angle, in degrees in [-180, 180)."""
    return (first - second + 180) % 360 - 180


def _face(box: NDArray[np.float64], confidence: float, landmarks: NDArray[np.float64]) -> DetectedFace:
    """From one row of facenet-pytorch's arrays: box (4,) as left, top, right, bottom, and landmarks (5, 2)."""
    left, top, right, bottom = (float(value) for value in box)
    eye, other_eye, nose, mouth, other_mouth = ((float(x), float(y)) for x, y in landmarks)
    points = (eye, other_eye, nose, mouth, other_mouth)
    return DetectedFace(Box(left, top, right - left, bottom - top), points, roll_of(points), 0, float(confidence))


def _each(points: Landmarks, move: Callable[[Point], Point]) -> Landmarks:
    first, second, third, fourth, fifth = (move(point) for point in points)
    return (first, second, third, fourth, fifth)


def _middle(first: Point, second: Point) -> Point:
    return ((first[0] + second[0]) / 2, (first[1] + second[1]) / 2)
