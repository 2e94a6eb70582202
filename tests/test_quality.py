"""Quality warns in words; each measure falls when what it measures gets worse."""

import math

import pytest
from PIL import Image, ImageEnhance, ImageFilter

from demo.cast import Cast
from identification.recognition import runtime
from identification.recognition.quality import MEASURES, combine, measure, notes
from identification.recognition.types import Box, DetectedFace

FRONTAL = ((38.0, 50.0), (74.0, 50.0), (56.0, 71.7), (41.0, 91.0), (71.0, 91.0))


def face_with(landmarks) -> DetectedFace:
    return DetectedFace(Box(20, 20, 72, 90), landmarks, roll=0.0, found_at=0, confidence=1.0)


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    cast = Cast(seed=2026)
    return cast.photograph(cast.person(3), shot=0)


@pytest.fixture(scope="module")
def face(portrait) -> DetectedFace:
    (found,) = runtime.detector().detect(portrait)
    return found


@pytest.mark.slow
def test_every_measure_has_a_value_and_a_good_photograph_gets_no_note(portrait, face) -> None:
    quality = measure(portrait, face)
    assert quality.measures.keys() == MEASURES.keys()
    assert notes(quality.measures) == []
    assert 0 < quality.combined <= 100


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "worsen"),
    [
        ("sharpness", lambda image: image.filter(ImageFilter.GaussianBlur(8))),
        ("under_exposure_prevention", lambda image: ImageEnhance.Brightness(image).enhance(0.1)),
        ("over_exposure_prevention", lambda image: ImageEnhance.Brightness(image).enhance(4)),
    ],
)
def test_a_worse_photograph_measures_lower_and_gets_a_note(portrait, face, name, worsen) -> None:
    before, after = measure(portrait, face), measure(worsen(portrait), face)
    assert after.measures[name] < before.measures[name]
    assert after.combined < before.combined
    assert MEASURES[name].note(after.measures[name]) in notes(after.measures)


@pytest.mark.slow
def test_light_from_one_side_is_noticed(portrait, face) -> None:
    dark = ImageEnhance.Brightness(portrait).enhance(0.25)
    x = int(face.landmarks[2][0])
    half = portrait.copy()
    half.paste(dark.crop((0, 0, x, dark.height)), (0, 0))
    name = "illumination_uniformity"
    assert measure(half, face).measures[name] < measure(portrait, face).measures[name]


@pytest.mark.slow
def test_turning_the_photograph_changes_no_measure_much(portrait, face) -> None:
    upside_down = portrait.transpose(Image.Transpose.ROTATE_180)
    (found,) = runtime.detector().detect(upside_down)
    straight, turned = measure(portrait, face).measures, measure(upside_down, found).measures
    for name in ("head_pose_pitch", "under_exposure_prevention", "over_exposure_prevention"):
        assert turned[name] == pytest.approx(straight[name], abs=0.05), name


@pytest.mark.parametrize("degrees", [-40, 40])
def test_a_face_that_looks_up_or_down_is_noticed(degrees) -> None:
    """The tip of the nose stands out by about half the way from the eyes to the mouth, so it moves with the head."""
    moved = math.tan(math.radians(degrees)) * 0.5 * 41
    landmarks = (*FRONTAL[:2], (56.0, 50 + 0.55 * 41 + moved), *FRONTAL[3:])
    measures = measure(Image.new("RGB", (112, 112), (120, 120, 120)), face_with(landmarks)).measures
    assert math.degrees(math.acos(measures["head_pose_pitch"])) == pytest.approx(40, abs=1)
    assert "The face looks up or down by about 40 degrees; beyond 30 results are unreliable." in notes(measures)


def test_small_faces_are_told_in_pixels() -> None:
    small = tuple((x * 0.4, y * 0.4) for x, y in FRONTAL)
    measures = measure(Image.new("RGB", (112, 112), (120, 120, 120)), face_with(small)).measures
    assert "The eyes are 14 pixels apart; below 24 results are unreliable." in notes(measures)


def test_landmarks_in_one_point_are_measured_as_worst_instead_of_failing() -> None:
    quality = measure(Image.new("RGB", (112, 112)), face_with(((50.0, 50.0),) * 5))
    assert quality.measures["inter_eye_distance"] == 0
    assert quality.combined < 20


def test_rows_from_before_there_were_measures_get_no_note() -> None:
    assert notes({}) == []


def test_the_weakest_measure_decides() -> None:
    best = {name: known.good for name, known in MEASURES.items()}
    one_poor = best | {"sharpness": MEASURES["sharpness"].poor}
    all_middling = {name: (known.good + known.poor) / 2 for name, known in MEASURES.items()}
    assert combine(best) == pytest.approx(100)
    assert combine(one_poor) < combine(all_middling)
