"""The fictional cast: deterministic, told apart by a real encoder, and degraded as a demonstration needs it."""

import io
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from demo.cast import Cast, degrade
from demo.cast.measure import embed, find_faces
from demo.cast.model import FACES_FILE

LARGEST_FILE = 4_000_000  # bytes
PEOPLE = range(4)


@cache
def cast() -> Cast:
    return Cast(seed=2026)


def portrait(index: int, shot: int = 0) -> Image.Image:
    return cast().photograph(cast().person(index), shot)


@cache
def embedding(index: int, shot: int) -> npt.NDArray[np.floating]:
    image = portrait(index, shot)
    (face,) = find_faces(image)
    return embed(image, face)


def test_same_seed_gives_the_same_person_and_photograph():
    again = Cast(seed=2026)
    person, twin = cast().person(17), again.person(17)
    assert (person.name, person.born, person.place) == (twin.name, twin.born, twin.place)
    assert np.array_equal(person.identity, twin.identity)
    assert degrade.to_jpeg(cast().photograph(person, 1)) == degrade.to_jpeg(again.photograph(twin, 1))


def test_a_person_does_not_depend_on_who_was_asked_for_before():
    fresh = Cast(seed=2026).person(9)
    assert np.array_equal(fresh.identity, cast().person(9).identity)


def test_other_seeds_shots_and_numbers_give_other_photographs():
    images = [portrait(3), portrait(3, shot=1), portrait(4)]
    other = Cast(seed=7)
    images.append(other.photograph(other.person(3)))
    assert len({image.tobytes() for image in images}) == len(images)


def test_names_are_unique_and_some_are_written_in_cyrillic():
    names = [cast().person(index).name for index in range(1000)]
    assert len(set(names)) == len(names)
    assert 100 < sum("\u0400" <= name[0] <= "\u04ff" for name in names) < 900


def test_portraits_are_rgb_of_480_by_600():
    image = portrait(0)
    assert (image.mode, image.size) == ("RGB", (480, 600))


def test_faces_file_is_small_and_holds_no_array_with_a_row_for_each_photograph():
    assert FACES_FILE.stat().st_size <= LARGEST_FILE
    with np.load(FACES_FILE) as stored:
        assert max(stored[name].shape[0] for name in stored.files if stored[name].ndim > 1) < 400


@pytest.mark.parametrize("index", PEOPLE)
def test_exactly_one_face_is_found_in_a_portrait_turned_and_turned_back(index: int):
    image = portrait(index, shot=2)
    for angle in (0, 90, 180, 270):
        assert len(find_faces(degrade.turned(degrade.turned(image, angle), 360 - angle))) == 1


@pytest.mark.slow
def test_an_encoder_tells_the_people_apart():
    same = [np.linalg.norm(embedding(i, 0) - embedding(i, 1)) for i in PEOPLE]
    different = [np.linalg.norm(embedding(i, 0) - embedding(j, 1)) for i in PEOPLE for j in PEOPLE if i != j]
    assert max(same) < min(different)


@pytest.mark.parametrize("worse", [degrade.blurred, degrade.darkened, degrade.partly_covered])
def test_a_face_is_still_found_in_a_poor_photograph(worse):
    image = portrait(5, shot=2)
    assert worse(image).tobytes() != image.tobytes()
    assert len(find_faces(worse(image))) == 1


def test_a_group_photograph_shows_everyone():
    assert len(find_faces(degrade.group_photograph([portrait(index) for index in PEOPLE]))) == len(PEOPLE)


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_nobody_is_found_in_a_landscape(angle: int):
    assert find_faces(degrade.turned(degrade.without_face(2026), angle)) == []


def test_a_damaged_jpeg_opens_but_does_not_decode():
    image = Image.open(io.BytesIO(degrade.damaged_jpeg(portrait(1))))
    assert image.size == (480, 600)
    with pytest.raises(OSError, match="truncated"):
        image.load()


def test_turning_by_right_angles_loses_nothing():
    image = portrait(2)
    for angle in (90, 180, 270):
        assert degrade.turned(degrade.turned(image, angle), -angle).tobytes() == image.tobytes()
