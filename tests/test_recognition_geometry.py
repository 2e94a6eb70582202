"""How finds of one face are joined and ordered, and how turned and cut squares map back to the photograph."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from identification.recognition.alignment import QUARTER_TURNS, Cut, cut_square, to_photograph, turn_back
from identification.recognition.finds import group, in_reading_order, looks_upright
from identification.recognition.types import Box, DetectedFace, Landmarks, Point, roll_of

UPRIGHT: Landmarks = ((40.0, 50.0), (80.0, 50.0), (60.0, 70.0), (45.0, 90.0), (75.0, 90.0))


def moved(move: Callable[[float, float], Point]) -> Landmarks:
    first, second, third, fourth, fifth = (move(x, y) for x, y in UPRIGHT)
    return (first, second, third, fourth, fifth)


def face_at(
    left: float, top: float, *, confidence: float = 0.999, roll: float = 0.0, size: float = 100
) -> DetectedFace:
    return DetectedFace(Box(left, top, size, size), UPRIGHT, roll, 0, confidence)


def test_finds_of_one_face_are_joined_and_the_surest_comes_first() -> None:
    finds = [face_at(0, 0, confidence=0.95), face_at(8, 5), face_at(300, 0), face_at(20, 20, confidence=0.97, size=40)]
    assert [[find.confidence for find in found] for found in group(finds)] == [[0.999, 0.97, 0.95], [0.999]]


def test_of_equally_sure_finds_the_most_upright_comes_first() -> None:
    assert [find.roll for find in group([face_at(0, 0, roll=40), face_at(2, 2, roll=-3)])[0]] == [-3, 40]


def test_faces_are_listed_row_by_row_from_left_to_right() -> None:
    places = [(300, 10), (20, 250), (10, 30), (160, 0), (200, 260)]
    faces = in_reading_order([face_at(left, top) for left, top in places])
    assert [(face.box.left, face.box.top) for face in faces] == [(10, 30), (160, 0), (300, 10), (20, 250), (200, 260)]


def test_landmarks_out_of_a_face_s_order_are_no_upright_face() -> None:
    assert looks_upright(UPRIGHT)
    assert not looks_upright(moved(lambda x, y: (x, -y))), "upside down"
    assert not looks_upright((*UPRIGHT[:2], (60.0, 20.0), *UPRIGHT[3:])), "nose above the eyes"
    assert not looks_upright((UPRIGHT[1], UPRIGHT[0], *UPRIGHT[2:])), "mirrored"
    assert not looks_upright(((0.0, 0.0),) * 5), "one point"


# Geometry


@pytest.mark.parametrize("turn", QUARTER_TURNS)
def test_turning_back_maps_every_pixel_where_the_coordinates_say(turn: int) -> None:
    photograph = Image.new("L", (50, 30))
    photograph.putpixel((7, 21), 255)
    y, x = np.argwhere(np.asarray(turn_back(photograph, turn)) == 255)[0]
    assert to_photograph((x + 0.5, y + 0.5), turn, photograph.size) == (7.5, 21.5)


@pytest.mark.parametrize("roll", [0.0, 37.0, 90.0, -120.0])
def test_cut_maps_its_points_where_its_pixels_come_from(roll: float) -> None:
    photograph = Image.new("RGB", (300, 300))
    photograph.paste((255, 255, 255), (170, 120, 176, 126))
    cut = Cut((150.0, 140.0), 120.0, 140.0, roll)
    lit = np.argwhere(np.asarray(cut_square(photograph, cut, side=100))[:, :, 0] > 128).mean(axis=0)
    assert cut.to_photograph((lit[1] + 0.5, lit[0] + 0.5), 100) == pytest.approx((173, 123), abs=0.7)


def test_roll_is_positive_clockwise() -> None:
    assert roll_of(UPRIGHT) == 0
    assert roll_of(moved(lambda x, y: (100 - y, x))) == 90
    assert roll_of(moved(lambda x, y: (100 - x, 100 - y))) == 180


def test_overlap_of_boxes() -> None:
    assert Box(0, 0, 10, 10).iou(Box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert Box(0, 0, 10, 10).iou(Box(20, 0, 10, 10)) == 0
    assert Box(0, 0, 0, 0).iou(Box(0, 0, 0, 0)) == 0
