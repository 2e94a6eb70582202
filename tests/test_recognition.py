"""Faces are found once and the right way up however they lie, and the same face gives the same embedding."""

import csv
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from audit.kinds import kind_named
from demo.cast import Cast
from identification.recognition import encoders, runtime
from identification.recognition.alignment import MID_GREY, QUARTER_TURNS
from identification.recognition.detection import MTCNNDetector
from identification.recognition.encoders import EncoderUnavailable, dlib_resnet, facenet
from identification.recognition.encoders.base import to_unit_length
from identification.recognition.finds import enlarge, turn_between
from identification.recognition.types import Box, DetectedFace
from identification.recognition.weights import WeightsFile
from tests.recognition import Recognition

ROOT = Path(__file__).resolve().parent.parent
PHOTOGRAPHS = ROOT.parent / "shared" / "faces" / "lfw-dev"
CLOCKWISE = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


def turned(image: Image.Image, turn: int) -> Image.Image:
    """The photograph turned clockwise, as a camera held askew would have taken it."""
    return image if turn == 0 else image.transpose(CLOCKWISE[turn])


@pytest.fixture(scope="module")
def recognition(tmp_path_factory: pytest.TempPathFactory) -> Recognition:
    return Recognition.load(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def detector(recognition: Recognition) -> MTCNNDetector:
    assert isinstance(recognition.detector, MTCNNDetector)
    return recognition.detector


@pytest.mark.slow
def test_log_has_room_for_what_the_detector_calls_itself(detector: MTCNNDetector) -> None:
    said = kind_named("identification:photograph:analysed/1").shape("detector")
    assert said.fits(f"{detector.name} {detector.version}")


@pytest.fixture(scope="module")
def cast() -> Cast:
    return Cast(seed=2026)


@pytest.fixture(scope="module")
def portrait(cast: Cast) -> Image.Image:
    return cast.photograph(cast.person(3), shot=0)


@pytest.fixture(scope="module")
def upright(detector: MTCNNDetector, portrait: Image.Image) -> DetectedFace:
    (face,) = detector.detect(portrait)
    return face


# Detection


@pytest.mark.slow
@pytest.mark.parametrize("turn", QUARTER_TURNS)
def test_a_turned_photograph_has_one_face_found_the_right_way_up(
    detector: MTCNNDetector, portrait: Image.Image, upright: DetectedFace, turn: int
) -> None:
    (face,) = detector.detect(turned(portrait, turn))
    assert face.found_at == turn
    assert abs(turn_between(face.roll, upright.roll + turn)) < 3
    assert face.box.iou(turned_box(upright.box, turn, portrait.size)) > 0.8


def turned_box(box: Box, turn: int, size: tuple[int, int]) -> Box:
    """Where a box lies after the photograph of this size is turned clockwise; apart from the code's own map."""
    width, height = size
    corners = {
        0: [(x, y) for x, y in box.corners],
        90: [(height - y, x) for x, y in box.corners],
        180: [(width - x, height - y) for x, y in box.corners],
        270: [(y, width - x) for x, y in box.corners],
    }
    return Box.around(corners[turn])


@pytest.mark.slow
@pytest.mark.parametrize("roll", [30, 45, -60, 135])
def test_face_between_quarter_turns_is_found_once_with_its_roll(
    detector: MTCNNDetector, portrait: Image.Image, upright: DetectedFace, roll: int
) -> None:
    (face,) = detector.detect(portrait.rotate(-roll, Image.Resampling.BICUBIC, expand=True, fillcolor=MID_GREY))
    assert abs(turn_between(face.roll, upright.roll + roll)) < 6


@pytest.mark.slow
def test_two_people_turned_differently_are_both_found_in_reading_order(detector: MTCNNDetector, cast: Cast) -> None:
    both = Image.new("RGB", (1200, 620), MID_GREY)
    both.paste(turned(cast.photograph(cast.person(5), shot=0), 90), (0, 60))
    both.paste(turned(cast.photograph(cast.person(8), shot=0), 180), (660, 10))
    faces = detector.detect(both)
    assert [face.found_at for face in faces] == [90, 180]
    assert faces[0].box.right < 600 < faces[1].box.left


@pytest.mark.slow
def test_boxes_of_a_large_photograph_are_in_its_own_pixels(
    detector: MTCNNDetector, portrait: Image.Image, upright: DetectedFace
) -> None:
    (face,) = detector.detect(portrait.resize((1920, 2400), Image.Resampling.BICUBIC))
    assert face.box.iou(enlarge(upright, (4.0, 4.0)).box) > 0.8
    assert face.inter_eye_distance == pytest.approx(upright.inter_eye_distance * 4, rel=0.1)


def texture(seed: int) -> Image.Image:
    rng, picture = np.random.default_rng(seed), np.zeros((400, 400, 3))
    for cell in (4, 16, 64):
        coarse = rng.normal(0, cell**0.5, (400 // cell + 1, 400 // cell + 1, 3)).astype(np.float32)
        planes = [Image.fromarray(coarse[:, :, band]).resize((400, 400), Image.Resampling.BICUBIC) for band in range(3)]
        picture += np.stack([np.asarray(plane) for plane in planes], axis=2)
    return Image.fromarray(np.clip(128 + picture / picture.std() * 50, 0, 255).astype(np.uint8))


@pytest.mark.slow
def test_photograph_without_a_face_has_none(detector: MTCNNDetector) -> None:
    assert all(detector.detect(texture(seed)) == [] for seed in range(4))
    assert detector.detect(Image.new("RGB", (300, 300), MID_GREY)) == []


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 1), (19, 300), (5000, 3), (3, 5000), (21, 21)])
def test_tiny_and_thin_photographs_have_no_face_and_do_no_harm(detector: MTCNNDetector, size: tuple[int, int]) -> None:
    assert detector.detect(Image.new("RGB", size, MID_GREY)) == []


@pytest.mark.slow
def test_pass_over_which_the_library_trips_is_repeated_with_a_border(
    monkeypatch: pytest.MonkeyPatch, detector: MTCNNDetector, portrait: Image.Image, upright: DetectedFace
) -> None:
    working = detector._network.detect

    def tripping(image: Image.Image, landmarks: bool) -> object:
        if image.size == portrait.size:
            raise RuntimeError("torch.cat(): expected a non-empty list of Tensors")
        return working(image, landmarks=landmarks)

    monkeypatch.setattr(detector._network, "detect", tripping)
    (face,) = detector.detect(portrait)
    assert face.box.iou(upright.box) > 0.8


@pytest.mark.slow
def test_blurred_face_is_still_found(detector: MTCNNDetector, portrait: Image.Image) -> None:
    assert len(detector.detect(portrait.filter(ImageFilter.GaussianBlur(5)))) == 1


# Encoders


@pytest.mark.slow
def test_embeddings_have_unit_length_and_the_dimension_of_their_specification(
    recognition: Recognition, portrait: Image.Image
) -> None:
    ((_, embedding),) = recognition.analyse(portrait)
    assert embedding.shape == (recognition.encoder.spec.dimension,)
    assert embedding.dtype == np.float32
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_turning_a_photograph_hardly_changes_the_embedding(recognition: Recognition, portrait: Image.Image) -> None:
    ((_, straight),) = recognition.analyse(portrait)
    for turn in (90, 180, 270):
        ((_, other),) = recognition.analyse(turned(portrait, turn))
        assert float(straight @ other) > 0.95, f"turned by {turn} degrees"


@pytest.mark.slow
def test_two_photographs_of_one_person_are_closer_than_of_two_people(recognition: Recognition, cast: Cast) -> None:
    one, same, another = (
        recognition.analyse(cast.photograph(cast.person(index), shot=shot))[0][1]
        for index, shot in ((3, 0), (3, 1), (4, 0))
    )
    assert float(one @ same) > float(one @ another) + 0.05


@pytest.mark.slow
def test_photograph_without_faces_gives_no_embeddings(recognition: Recognition) -> None:
    blank = Image.new("RGB", (200, 200), MID_GREY)
    assert recognition.analyse(blank) == []
    assert recognition.encoder.embed(blank, []).shape == (0, recognition.encoder.spec.dimension)


def test_every_shipped_encoder_says_what_it_is() -> None:
    assert set(encoders.SHIPPED) == {"facenet-vggface2", "dlib-resnet-v1"}
    for name, spec in encoders.SHIPPED.items():
        assert (spec.name, len(spec.weights_sha256)) == (name, 64)
        assert spec.version
        assert spec.licence
        assert spec.source.startswith("https://")
        assert spec.alignment


def test_encoder_without_weights_says_what_to_do(tmp_path: Path) -> None:
    assert not encoders.is_available("facenet-vggface2", weights_dir=tmp_path)
    assert not encoders.is_available("nameless", weights_dir=tmp_path)
    assert encoders.is_available("dlib-resnet-v1", weights_dir=tmp_path)
    with pytest.raises(EncoderUnavailable, match=r"aren't installed\. Fetch them, or install"):
        encoders.load("facenet-vggface2", weights_dir=tmp_path, device="cpu")
    with pytest.raises(EncoderUnavailable, match="no encoder named nameless"):
        encoders.load("nameless", weights_dir=tmp_path, device="cpu")


def test_dlib_files_that_are_not_the_published_ones_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in dlib_resnet.PINNED_SHA256:
        (tmp_path / name).write_bytes(b"something else")
    monkeypatch.setattr(dlib_resnet, "models_folder", lambda: tmp_path)
    with pytest.raises(EncoderUnavailable, match="isn't the published file"):
        dlib_resnet.verified_models_folder.__wrapped__()


@pytest.fixture(scope="module")
def made_weights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, WeightsFile]:
    """A random network of the published shape, saved as the published file is, with the classifier's layer."""
    import torch
    from facenet_pytorch import InceptionResnetV1

    torch.manual_seed(1)
    network = InceptionResnetV1(pretrained=None, classify=True, num_classes=8)
    folder = tmp_path_factory.mktemp("facenet")
    torch.save(network.state_dict(), folder / "made.pt")
    content = (folder / "made.pt").read_bytes()
    pinned = WeightsFile("made.pt", "https://weights.invalid/", len(content), hashlib.sha256(content).hexdigest())
    return folder, pinned


@pytest.mark.slow
def test_facenet_loads_a_state_dict_and_embeds(
    made_weights: tuple[Path, WeightsFile], portrait: Image.Image, upright: DetectedFace
) -> None:
    folder, pinned = made_weights
    encoder = facenet.FaceNet(folder, pinned=pinned)
    embeddings = encoder.embed(portrait, [upright] * 3)
    assert embeddings.shape == (3, 512)
    assert embeddings.dtype == np.float32
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(1, abs=1e-5)
    assert embeddings[0] == pytest.approx(embeddings[2], abs=1e-5)
    assert encoder.embed(portrait, []).shape == (0, 512)


@pytest.mark.slow
def test_facenet_refuses_a_file_with_another_checksum(made_weights: tuple[Path, WeightsFile], tmp_path: Path) -> None:
    folder, pinned = made_weights
    content = bytearray((folder / "made.pt").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "made.pt").write_bytes(content)
    with pytest.raises(EncoderUnavailable, match="isn't the published file"):
        facenet.FaceNet(tmp_path, pinned=pinned)


def test_facenet_refuses_weights_of_another_network(tmp_path: Path) -> None:
    import torch

    torch.save({"layer": torch.zeros(3)}, tmp_path / "other.pt")
    content = (tmp_path / "other.pt").read_bytes()
    pinned = WeightsFile("other.pt", "https://weights.invalid/", len(content), hashlib.sha256(content).hexdigest())
    with pytest.raises(EncoderUnavailable, match="doesn't fit the network"):
        facenet.FaceNet(tmp_path, pinned=pinned)


def test_facenet_never_runs_code_from_a_weights_file(tmp_path: Path) -> None:
    import torch

    torch.save({"layer": subprocess.Popen}, tmp_path / "evil.pt")
    content = (tmp_path / "evil.pt").read_bytes()
    pinned = WeightsFile("evil.pt", "https://weights.invalid/", len(content), hashlib.sha256(content).hexdigest())
    with pytest.raises(EncoderUnavailable, match="can't be read as weights"):
        facenet.FaceNet(tmp_path, pinned=pinned)


def test_vector_without_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="without length"):
        to_unit_length(np.zeros((1, 4)))


# The process


@pytest.mark.slow
def test_models_are_loaded_once_in_a_process(recognition: Recognition) -> None:
    (weights_dir,) = {key[2] for key in runtime._loaded if key[1] == recognition.encoder.spec.name}
    again = Recognition.load(weights_dir)
    assert (again.detector, again.encoder) == (recognition.detector, recognition.encoder)


def test_what_the_web_process_imports_loads_no_model_library() -> None:
    code = (
        "import sys; import identification.imaging, identification.recognition.types;"
        "import identification.recognition.weights;"
        "import identification.recognition.encoders.base, identification.recognition.encoders as e; e.SHIPPED;"
        "import identification.recognition.detection, identification.recognition.runtime;"
        "print({'torch', 'dlib', 'facenet_pytorch', 'torchvision', 'django'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()", done.stdout + done.stderr


# Real photographs, where they are at hand; they are never committed.


@pytest.mark.slow
@pytest.mark.skipif(not PHOTOGRAPHS.is_dir(), reason="the evaluation photographs aren't here")
def test_real_people_are_found_at_every_turn_and_told_apart(recognition: Recognition) -> None:
    with (PHOTOGRAPHS / "pairs.csv").open() as file:
        rows = list(csv.DictReader(file))
    mated = [row for row in rows if row["same_person"] == "1"][:4]
    non_mated = [row for row in rows if row["same_person"] == "0"][:4]
    scores = [
        score_of(recognition, row, turn) for row, turn in zip(mated + non_mated, (0, 90, 180, 270) * 2, strict=True)
    ]
    assert min(scores[:4]) > max(scores[4:])


def score_of(recognition: Recognition, row: dict[str, str], turn: int) -> float:
    """The comparison score of a pair whose second photograph is turned."""
    first, second = (
        main_embedding(recognition, turned(Image.open(PHOTOGRAPHS / "images" / row[key]).convert("RGB"), angle))
        for key, angle in (("first", 0), ("second", turn))
    )
    return float(first @ second)


def main_embedding(recognition: Recognition, image: Image.Image) -> np.ndarray:
    """Of the face in the middle, where these photographs have the person they are named for."""
    middle = (image.width / 2, image.height / 2)
    found = recognition.analyse(image)
    return min(found, key=lambda pair: np.hypot(*np.subtract(pair[0].box.centre, middle)))[1]
