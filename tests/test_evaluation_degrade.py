"""A probe is degraded in the same way in every run, in the way that its name says, and only in that."""

import math

import numpy as np
import pytest
from PIL import Image

from identification.evaluation.degrade import CLOTH, DEGRADATIONS, IN_WORDS, LIGHT, degraded
from identification.evaluation.faces import labelled_face
from identification.recognition.types import Box, DetectedFace

SIZE = (120, 100)


def face_at(left: float, top: float, side: float, *, roll: float = 0.0, found_at: int = 0) -> DetectedFace:
    points = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
    eye, other, nose, mouth, corner = ((left + x * side, top + y * side) for x, y in points)
    return DetectedFace(Box(left, top, side, side), (eye, other, nose, mouth, corner), roll, found_at, 0.99)


FACE = face_at(36, 20, 48)


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    noise = np.random.default_rng(1).integers(60, 200, (SIZE[1] // 4, SIZE[0] // 4, 3)).astype(np.uint8)
    return Image.fromarray(noise).resize(SIZE, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_same_name_gives_the_same_picture_and_the_original_stays(name: str, picture: Image.Image) -> None:
    before = picture.tobytes()
    one, again = degraded(name, "a/1.jpg", picture, FACE), degraded(name, "a/1.jpg", picture, FACE)
    assert (one.mode, one.tobytes()) == ("RGB", again.tobytes())
    assert one.tobytes() != before
    assert picture.tobytes() == before
    assert IN_WORDS[name]


@pytest.mark.parametrize("name", ["turned-random", "darkened", "third-covered"])
def test_chances_are_drawn_from_the_photographs_name(name: str, picture: Image.Image) -> None:
    assert len({degraded(name, f"{number}.jpg", picture, FACE).tobytes() for number in range(12)}) > 2


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turning_is_clockwise_and_lossless(turn: int, picture: Image.Image) -> None:
    there = degraded(f"turned-{turn}", "a", picture, FACE)
    assert there.rotate(turn, expand=True).tobytes() == picture.tobytes()


def test_turning_by_any_angle_leaves_nothing_out(picture: Image.Image) -> None:
    turned = degraded("turned-random", "a", picture, FACE)
    assert math.prod(turned.size) > math.prod(SIZE)


def test_darkness_leaves_a_fifth_of_the_light(picture: Image.Image) -> None:
    before, after = (np.asarray(image, float).mean() for image in (picture, degraded("darkened", "a", picture, FACE)))
    assert after == pytest.approx(before * LIGHT, rel=0.05)


def test_blur_grows_with_the_face(picture: Image.Image) -> None:
    small, large = (
        np.asarray(degraded("blurred", "a", picture, face_at(0, 0, side)).convert("L"), float).std()
        for side in (48, 200)
    )
    assert large < small < np.asarray(picture.convert("L"), float).std()


@pytest.mark.parametrize(("roll", "found_at"), [(0.0, 0), (90.0, 90), (180.0, 180), (-90.0, 270)])
def test_a_third_of_the_face_is_covered_and_nothing_else(picture: Image.Image, roll: float, found_at: int) -> None:
    face = face_at(36, 20, 48, roll=roll, found_at=found_at)
    for number in range(8):
        covered = np.all(np.asarray(degraded("third-covered", f"{number}", picture, face)) == CLOTH, axis=2)
        assert covered.sum() == pytest.approx(48 * 48 / 3, rel=0.1)
        outside = covered.copy()
        outside[20:69, 36:85] = False
        assert not outside.any()


def test_reduction_makes_the_face_32_pixels_wide_and_enlarges_none(picture: Image.Image) -> None:
    assert degraded("reduced-32", "a", picture, FACE).size == (80, 67)
    assert degraded("reduced-32", "a", picture, face_at(0, 0, 20)).size == SIZE


# Which face counts


def test_large_face_in_the_middle_counts_before_a_larger_one_at_the_edge() -> None:
    middle, edge, speck = face_at(35, 25, 50), face_at(-20, -20, 60), face_at(58, 48, 4)
    assert labelled_face([edge, speck, middle], SIZE) is middle
    assert labelled_face([edge], SIZE) is edge
    assert labelled_face([], SIZE) is None
