"""Faces of any size are found, in photographs of any size, and where a person says that there is one."""

import random

import numpy as np
import pytest
from PIL import Image

from demo.cast import Cast
from identification.recognition import runtime
from identification.recognition.detection import MTCNNDetector
from identification.recognition.tiles import MOST, Tile, pieces_of, tiles_of
from identification.recognition.types import Box

WIDTH = 36  # pixels of a face's box in the large photograph
PLACES = ((150, 120), (1500, 900), (2700, 1700), (640, 1640))


@pytest.fixture(scope="module")
def detector() -> MTCNNDetector:
    found = runtime.detector()
    assert isinstance(found, MTCNNDetector)
    return found


@pytest.fixture(scope="module")
def portraits() -> list[Image.Image]:
    cast = Cast(seed=2026)
    return [cast.photograph(cast.person(number), shot=0) for number in (3, 8, 12, 20)]


def background(size: tuple[int, int]) -> Image.Image:
    """Soft patches of grey, in which nobody is."""
    patches = np.random.default_rng(5).integers(90, 170, (size[1] // 40, size[0] // 40), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC).convert("RGB")


@pytest.fixture(scope="module")
def crowd(detector, portraits) -> tuple[Image.Image, list[tuple[float, float]]]:
    """A photograph of 6 megapixels with four small faces, and where their middles are."""
    photograph, middles = background((3000, 2000)), []
    for portrait, place in zip(portraits, PLACES, strict=True):
        (face,) = detector.detect(portrait)
        scale = WIDTH / face.box.width
        photograph.paste(portrait.resize((round(portrait.width * scale), round(portrait.height * scale))), place)
        middles.append((place[0] + face.box.centre[0] * scale, place[1] + face.box.centre[1] * scale))
    return photograph, middles


def found_near(faces, middle: tuple[float, float]) -> bool:
    return any(np.hypot(*np.subtract(face.box.centre, middle)) < WIDTH / 2 for face in faces)


@pytest.mark.slow
def test_small_faces_in_a_large_photograph_are_found(detector, crowd) -> None:
    photograph, middles = crowd
    found = detector.detect(photograph)
    assert all(found_near(found, middle) for middle in middles)
    assert len(found) == len(middles)


@pytest.mark.slow
def test_small_faces_are_found_the_wrong_way_up_too(detector, crowd) -> None:
    photograph, middles = crowd
    found = detector.detect(photograph.transpose(Image.Transpose.ROTATE_180))
    assert all(found_near(found, (photograph.width - x, photograph.height - y)) for x, y in middles)
    assert {face.found_at for face in found} == {180}


@pytest.mark.slow
def test_small_faces_that_lie_in_different_directions_are_found(detector, crowd) -> None:
    """Where several people lie, one of them being upright says nothing of the others."""
    photograph, middles = crowd
    photograph = photograph.copy()
    x, y = (round(value) for value in middles[1])
    around = (x - 40, y - 40, x + 40, y + 40)
    photograph.paste(photograph.crop(around).transpose(Image.Transpose.ROTATE_90), around)
    found = detector.detect(photograph)
    assert all(found_near(found, middle) for middle in middles)
    assert {face.found_at for face in found} == {0, 270}


@pytest.mark.slow
def test_faces_in_a_photograph_much_longer_than_wide_are_found(detector, portraits) -> None:
    strip = background((6000, 520))
    strip.paste(portraits[0].resize((320, 400)), (400, 60))
    strip.paste(portraits[1].resize((320, 400)), (4900, 60))
    found = detector.detect(strip)
    assert [round(face.box.centre[0] / 1000) for face in found] == [1, 5]


@pytest.mark.slow
def test_small_faces_beside_a_large_one_are_found(detector, crowd, portraits) -> None:
    photograph, middles = crowd
    photograph = photograph.copy()
    photograph.paste(portraits[0].resize((960, 1200)), (1900, 300))
    found = detector.detect(photograph)
    assert max(face.box.width for face in found) > 300
    assert all(found_near(found, middle) for middle in (middles[0], middles[3]))


@pytest.mark.slow
def test_photograph_that_is_large_and_empty_has_no_face(detector) -> None:
    assert detector.detect(background((2400, 1600))) == []


# Where a person drew a box


@pytest.mark.slow
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_face_in_a_box_is_found_whichever_way_up(detector, portraits, turn) -> None:
    image = portraits[0].rotate(-turn, expand=True)
    (face,) = detector.detect(image)
    left, top, width, height = face.box.left, face.box.top, face.box.width, face.box.height
    drawn = Box(left - 0.1 * width, top + 0.05 * height, 1.2 * width, 0.9 * height)
    seen = detector.look_at(image, drawn)
    assert seen is not None
    assert seen.found_at == turn
    assert np.abs(np.subtract(seen.landmarks, face.landmarks)).max() < 0.1 * width


@pytest.mark.slow
def test_no_face_in_a_box_is_said(detector) -> None:
    assert detector.look_at(background((400, 400)), Box(100, 100, 120, 140)) is None


# Tiles


def test_every_face_up_to_the_overlap_lies_whole_in_some_tile() -> None:
    draw = random.Random(2)
    for _ in range(300):
        size, overlap = (draw.randint(200, 9000), draw.randint(200, 9000)), draw.randint(30, 190)
        tiles = tiles_of(size, overlap=overlap, besides=[])
        side = draw.uniform(20, min(overlap, *size) - 2)
        box = Box(draw.uniform(1, size[0] - side - 1), draw.uniform(1, size[1] - side - 1), side, side)
        assert any(tile.holds(box) and _inside(tile, box) for tile in tiles), (size, overlap, box)


def _inside(tile: Tile, box: Box) -> bool:
    left, top, right, bottom = tile.bounds
    return left <= box.left and top <= box.top and box.right <= right and box.bottom <= bottom


@pytest.mark.parametrize(
    "size",
    [(50_412, 1_200), (63_000, 1_000), (40_000, 1_600), (16_000, 4_000), (8_165, 6_124), (1_000, 64_000), (90, 64_000)],
)
def test_photograph_of_any_shape_takes_a_bounded_number_of_passes(size) -> None:
    pieces = pieces_of(size)
    longest = max(max(right - left, bottom - top) for left, top, right, bottom in (piece.bounds for piece in pieces))
    tiles = tiles_of(size, overlap=round(1.3 * 20 * longest / 1024), besides=[])
    assert len(tiles) <= 120
    assert len(pieces) <= 2 * max(size) / min(size)
    for left, top, right, bottom in (tile.bounds for tile in tiles):
        assert 0 < right - left <= MOST
        assert 0 < bottom - top <= MOST


def test_find_that_an_inner_edge_cuts_off_is_left_to_the_neighbour() -> None:
    tile = Tile((1000, 0, 2000, 800), (3000, 800), 100)
    assert not tile.holds(Box(998, 300, 60, 60))
    assert not tile.holds(Box(1950, 300, 60, 60))
    assert tile.holds(Box(1500, -5, 60, 60)), "the photograph's own edge cuts nothing off"


def test_larger_faces_than_a_tile_is_for_are_left_to_the_whole_photograph() -> None:
    assert not Tile((0, 0, 1000, 1000), (1000, 1000), 100).holds(Box(200, 200, 140, 150))


def test_tiles_within_a_large_face_are_not_looked_at() -> None:
    size = (4000, 3000)
    assert len(tiles_of(size, overlap=100, besides=[Box(0, 0, 4000, 3000)])) == 0
    assert len(tiles_of(size, overlap=100, besides=[Box(0, 0, 2000, 3000)])) < len(
        tiles_of(size, overlap=100, besides=[])
    )
