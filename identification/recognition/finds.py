"""What becomes of a detector's finds: mapped to the photograph, judged, joined and put in order."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from identification.recognition.alignment import Cut, to_photograph
from identification.recognition.types import Box, DetectedFace, Landmarks, Point, roll_of


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


def lift(face: DetectedFace, cut: Cut, side: int) -> DetectedFace:
    """Map a face found in `cut_square(photograph, cut, side=side)` to the photograph.

    Its box keeps the sides that it had upright, laid along the quarter turn that is nearest to its roll.
    """
    landmarks = _each(face.landmarks, lambda point: cut.to_photograph(point, side))
    roll = roll_of(landmarks)
    turn = nearest_quarter_turn(roll)
    x, y = cut.to_photograph(face.box.centre, side)
    width, height = face.box.width * cut.width / side, face.box.height * cut.height / side
    if turn in (90, 270):
        width, height = height, width
    return DetectedFace(Box(x - width / 2, y - height / 2, width, height), landmarks, roll, turn, face.confidence)


def nearest_quarter_turn(roll: float) -> int:
    """0, 90, 180 or 270: the quarter turn nearest to a roll in degrees."""
    return round(roll / 90) % 4 * 90


def tilt(face: DetectedFace) -> float:
    """By how much the face is turned within the pass that found it, in degrees in [-180, 180), positive clockwise."""
    return turn_between(face.roll, face.found_at)


def turn_between(first: float, second: float) -> float:
    """The turn from the second to the first angle, in degrees in [-180, 180)."""
    return (first - second + 180) % 360 - 180


def _each(points: Landmarks, move: Callable[[Point], Point]) -> Landmarks:
    first, second, third, fourth, fifth = (move(point) for point in points)
    return (first, second, third, fourth, fifth)


def _middle(first: Point, second: Point) -> Point:
    return ((first[0] + second[0]) / 2, (first[1] + second[1]) / 2)


def shift(face: DetectedFace, by: Point) -> DetectedFace:
    """The same face where the origin lies so much further left and up."""
    wide, high = by
    box = Box(face.box.left + wide, face.box.top + high, face.box.width, face.box.height)
    return replace(face, box=box, landmarks=_each(face.landmarks, lambda point: (point[0] + wide, point[1] + high)))


def covers(face: DetectedFace, find: DetectedFace) -> bool:
    """Whether a find lies mostly within a face that is much larger: a part of it, or a picture on its clothes."""
    return face.box.area > 4 * find.box.area and face.box.intersection(find.box) > 0.6 * find.box.area
