"""A model that an agency brings: described in a file, checked before it is installed, and run as it was described."""

import hashlib
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from audit.models import Entry
from demo.cast import Cast
from identification.models import Encoder
from identification.recognition.alignment import cut_square
from identification.recognition.encoders.descriptor import BadDescriptor, parsed, read_descriptor
from identification.recognition.encoders.onnx import OnnxEncoder, OnnxModel, UnusableModel, installed_path, providers
from identification.recognition.similarity import ARCFACE_112, cut_onto
from identification.recognition.types import Box, DetectedFace
from identification.recognition.weights import sha256_of
from tests.onnx_models import described, write_descriptor, write_model


@pytest.fixture(autouse=True)
def _weights(settings, tmp_path: Path) -> None:
    settings.WEIGHTS_DIR = tmp_path / "weights"


@pytest.fixture(scope="module")
def portraits() -> list[Image.Image]:
    cast = Cast(seed=4)
    return [cast.photograph(cast.person(index), shot=0) for index in range(3)]


# Where the cast's photographs have their faces is near enough to this.
LANDMARKS = ((190.0, 270.0), (290.0, 270.0), (240.0, 330.0), (200.0, 380.0), (280.0, 380.0))
FACE = DetectedFace(Box(140, 180, 200, 260), LANDMARKS, 0.0, 0, 0.999)


def encoder_of(folder: Path, *, model: dict[str, Any] | None = None, **changes: Any) -> OnnxEncoder:
    file = write_model(folder / "made.onnx", **(model or {}))
    return OnnxEncoder(file, OnnxModel(parsed(described(**changes)), sha256_of(file)))


def left_over(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# The descriptor


def test_descriptor_is_read_from_toml_and_kept_in_plain_values(tmp_path: Path) -> None:
    read = read_descriptor(
        write_descriptor(tmp_path / "m.toml", mean=[123, 117, 104], alignment="mtcnn-box", margin=0.2)
    )
    assert read.mean == (123.0, 117.0, 104.0)
    assert read.scale == (127.5, 127.5, 127.5)
    assert read.alignment_slug == "mtcnn-box-margin-0.2"
    assert parsed(read.as_dict()) == read


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"colour": "RGB"}, "`colour` isn't a key of a descriptor; it may have name, version"),
        ({"dimension": None}, "`dimension` is missing; it must be a whole number from 16 to 2048"),
        ({"licence": None}, "`licence` is missing"),
        ({"dimension": 8}, "`dimension` must be a whole number from 16 to 2048, not 8"),
        ({"dimension": 10**400}, "`dimension` must be a whole number from 16 to 2048, not 1000"),
        ({"scale": 10**400}, "`scale` must be a number"),
        ({"dimension": 512.0}, "`dimension` must be a whole number"),
        ({"dimension": True}, "`dimension` must be a whole number"),
        ({"name": "ArcFace R100"}, "`name` must be 1 to 60 lower-case letters"),
        ({"version": "1/2"}, "`version` must be text of 1 to 40"),
        ({"source": " "}, "`source` must be text of 1 to 300"),
        ({"channel_order": "GBR"}, '`channel_order` must be "RGB" or "BGR", not \'GBR\''),
        ({"layout": "CHW"}, '`layout` must be "NCHW" or "NHWC"'),
        ({"mean": [1, 2]}, "`mean` must be a number from -255 to 255, or three of them"),
        ({"mean": "127"}, "`mean` must be a number"),
        ({"scale": 0}, "`scale` must be a number from 0.001 to 1000"),
        ({"scale": math.nan}, "`scale` must be a number"),
        ({"scale": math.inf}, "`scale` must be a number"),
        ({"input_size": 16}, "`input_size` must be a whole number of pixels from 32 to 1024"),
        ({"alignment": "dlib"}, '`alignment` must be "arcface-112" or "mtcnn-box"'),
        ({"alignment": "mtcnn-box"}, "`margin` is missing; with alignment mtcnn-box"),
        ({"margin": 0.1}, "`margin` is for alignment mtcnn-box alone"),
        ({"alignment": "mtcnn-box", "margin": -1}, "`margin` must be a number from 0 to 2"),
        ({"flip": "yes"}, "`flip` must be true or false"),
    ],
)
def test_mistake_in_a_descriptor_gets_one_sentence_that_names_the_key(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadDescriptor) as refusal:
        read_descriptor(write_descriptor(tmp_path / "m.toml", **changes))
    said = str(refusal.value)
    assert said.startswith("m.toml: ")
    assert sentence in said
    assert "\n" not in said


def test_descriptor_that_is_missing_or_no_toml_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadDescriptor, match=r"There is no descriptor .*m\.toml"):
        read_descriptor(tmp_path / "m.toml")
    for content in (b"name = ", b"\xff\xfe", b"name = 'a'\nname = 'b'"):
        (tmp_path / "m.toml").write_bytes(content)
        with pytest.raises(BadDescriptor, match=r"m\.toml isn't TOML"):
            read_descriptor(tmp_path / "m.toml")
    (tmp_path / "m.toml").write_bytes(b"#" * 100_000)
    with pytest.raises(BadDescriptor, match="larger than"):
        read_descriptor(tmp_path / "m.toml")


# Alignment


@pytest.mark.parametrize("roll", [0, 33, 90, -170])
@pytest.mark.parametrize("scale", [0.4, 1.0, 3.7])
def test_landmarks_that_are_the_template_moved_turned_and_scaled_come_back_onto_it(roll: float, scale: float) -> None:
    turn = scale * complex(math.cos(math.radians(roll)), math.sin(math.radians(roll)))
    moved = [complex(x, y) * turn + complex(200, 300) for x, y in ARCFACE_112]
    face = DetectedFace(Box(0, 0, 1, 1), tuple((z.real, z.imag) for z in moved), roll, 0, 1.0)
    cut = cut_onto(face.landmarks, ARCFACE_112, template_side=112)
    for template, (x, y) in zip(ARCFACE_112, face.landmarks, strict=True):
        assert cut.to_photograph(template, 112) == pytest.approx((x, y), abs=1e-6)
    assert cut.width == pytest.approx(112 * scale)


def test_fit_is_the_least_squares_one_of_umeyama() -> None:
    points, template = np.array(LANDMARKS), np.array(ARCFACE_112)
    # Umeyama 1991, equations 40 to 43, with its singular value decomposition.
    p, t = points - points.mean(0), template - template.mean(0)
    u, values, vt = np.linalg.svd(t.T @ p / len(p))
    sign = np.diag([1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    scale = np.trace(np.diag(values) @ sign) / (p**2).sum(1).mean()
    rotation = u @ sign @ vt
    expected = (points - points.mean(0)) @ (scale * rotation).T + template.mean(0)
    cut = cut_onto(FACE.landmarks, ARCFACE_112, template_side=112)
    back = [cut.to_photograph((x, y), 112) for x, y in expected]
    assert np.array(back) == pytest.approx(points, abs=1e-6)


def test_crop_has_the_eyes_and_mouth_where_the_template_wants_them() -> None:
    image, face = Image.new("RGB", (480, 600), (90, 90, 90)), FACE
    for x, y in face.landmarks:
        image.paste((255, 255, 255), (int(x) - 4, int(y) - 4, int(x) + 5, int(y) + 5))
    cut = cut_onto(face.landmarks, ARCFACE_112, template_side=112)
    crop = np.asarray(cut_square(image, cut, side=224))[:, :, 0]
    fitted = np.array([_into(cut, point, 224) for point in face.landmarks])
    for x, y in fitted:
        assert crop[int(y), int(x)] > 240
    assert np.abs(fitted / 2 - np.array(ARCFACE_112)).max() < 6


def _into(cut: Any, point: tuple[float, float], side: int) -> tuple[float, float]:
    """The inverse of Cut.to_photograph, for a cut that isn't turned by much."""
    turn = complex(math.cos(math.radians(cut.roll)), -math.sin(math.radians(cut.roll)))
    z = (complex(*point) - complex(*cut.centre)) * turn
    return (z.real / cut.width + 0.5) * side, (z.imag / cut.height + 0.5) * side


def test_landmarks_in_one_point_are_refused() -> None:
    face = DetectedFace(Box(0, 0, 9, 9), ((5.0, 5.0),) * 5, 0.0, 0, 1.0)
    with pytest.raises(ValueError, match="have no extent"):
        cut_onto(face.landmarks, ARCFACE_112, template_side=112)


# Running it


def test_face_whose_landmarks_are_one_point_is_embedded_by_its_box(tmp_path: Path, portraits) -> None:
    pointless = replace(FACE, landmarks=((240.0, 310.0),) * 5)
    (vector,) = encoder_of(tmp_path).embed(portraits[0], [pointless])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("batch", [1, "n"])
def test_different_faces_have_different_embeddings_and_the_same_face_the_same(
    tmp_path: Path, portraits: list[Image.Image], layout: str, batch: int | str
) -> None:
    encoder = encoder_of(tmp_path, model={"layout": layout, "batch": batch}, layout=layout)
    vectors = np.concatenate([encoder.embed(portrait, [FACE]) for portrait in portraits])
    assert vectors.shape == (3, 32)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    scores = vectors @ vectors.T
    assert scores[np.triu_indices(3, 1)].max() < 0.99
    assert encoder.embed(portraits[0], [FACE] * 20)[19] == pytest.approx(vectors[0], abs=1e-6)
    assert encoder.embed(portraits[0], []).shape == (0, 32)


def test_network_gets_exactly_what_the_descriptor_says(tmp_path: Path, portraits: list[Image.Image]) -> None:
    """Computed here with NumPy from the same weights: order of channels, normalisation, flip and layout."""
    encoder = encoder_of(
        tmp_path,
        channel_order="BGR",
        mean=[100, 110, 120],
        scale=[50, 60, 70],
        flip=True,
        alignment="mtcnn-box",
        margin=0.1,
    )
    weights = {w.name: onnx.numpy_helper.to_array(w) for w in onnx.load(tmp_path / "made.onnx").graph.initializer}
    crop = np.asarray(cut_square(portraits[0], _boxed(0.1), side=48), float)

    def run(pixels: np.ndarray) -> np.ndarray:
        normal = ((pixels[:, :, ::-1] - [100, 110, 120]) / [50, 60, 70]).transpose(2, 0, 1)
        cells = normal.reshape(3, 6, 8, 6, 8).transpose(1, 3, 0, 2, 4).reshape(36, -1)
        found = np.tanh(cells @ weights["patches"].reshape(4, -1).T).T.reshape(-1)
        return weights["dense"] @ found + weights["bias"]

    expected = run(crop) + run(crop[:, ::-1])
    assert encoder.embed(portraits[0], [FACE])[0] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-4)


def _boxed(margin: float) -> Any:
    from identification.recognition.alignment import Cut

    return Cut.stretched(FACE, margin=margin)


def test_gpu_is_used_only_where_it_is_named_and_there() -> None:
    assert providers("cpu") == ["CPUExecutionProvider"]
    assert providers("cuda")[-1] == "CPUExecutionProvider"


def test_gpu_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "onnxruntime.get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    assert providers("cuda:1")[0] == ("CUDAExecutionProvider", {"device_id": 1})
    assert providers("cpu") == ["CPUExecutionProvider"]


# What is refused, at installation and when it is loaded

WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"dimension": 64}, {}, "gives 64 numbers a face, and `dimension` says 32"),
    ({"one_axis_more": True}, {}, r"gives \(3, 32, 1\) for 3 faces, and \(3, 32\) was described"),
    ({"outputs": 2}, {}, r"has 2 outputs \(embedding, other1\), and must have one"),
    ({"side": 64}, {}, r"takes an input of shape \(n, 3, 64, 64\), and the descriptor says \(n, 3, 48, 48\)"),
    ({"layout": "NHWC"}, {}, r"takes an input of shape \(n, 48, 48, 3\)"),
    ({"batch": 8}, {}, r"takes an input of shape \(8, 3, 48, 48\)"),
    ({"weight": 0.0, "bias": 1.0}, {}, "gives the same embedding whatever it is shown"),
    ({"weight": 0.0}, {}, "gives the same embedding whatever it is shown"),
    ({"bias": math.nan}, {}, "gives numbers that aren't finite"),
    ({"bias": math.inf}, {}, "gives numbers that aren't finite"),
    ({"mean_over_batch": True}, {}, "gives the same embedding|differently in company than alone"),
]


@pytest.mark.parametrize(("model", "changes", "sentence"), WRONG)
def test_model_that_is_not_as_described_is_refused_and_nothing_is_installed(
    db: None, tmp_path: Path, settings, model: dict[str, Any], changes: dict[str, Any], sentence: str
) -> None:
    file = write_model(tmp_path / "made.onnx", **model)
    write_descriptor(tmp_path / "made.toml", **changes)
    with pytest.raises(CommandError, match=sentence) as refusal:
        call_command("encoder", "install", str(file))
    assert "\n" not in str(refusal.value)
    assert left_over(settings.WEIGHTS_DIR) == []
    assert not Encoder.objects.exists()
    assert not Entry.objects.exists()
    with pytest.raises(UnusableModel, match=sentence):
        OnnxEncoder(file, OnnxModel(parsed(described(**changes)), sha256_of(file)))


@pytest.mark.parametrize("content", [b"", b"this is no model", None])
def test_file_that_is_no_model_or_cut_short_is_refused(
    db: None, tmp_path: Path, settings, content: bytes | None
) -> None:
    file = write_model(tmp_path / "made.onnx")
    file.write_bytes(file.read_bytes()[:-5000] if content is None else content)
    write_descriptor(tmp_path / "made.toml")
    with pytest.raises(CommandError, match=r"made\.onnx can't be read as an ONNX model: .*") as refusal:
        call_command("encoder", "install", str(file))
    assert "\n" not in str(refusal.value)
    assert ".part-" not in str(refusal.value)
    assert left_over(settings.WEIGHTS_DIR) == []


def test_model_whose_weights_lie_in_another_file_is_refused(db: None, tmp_path: Path, settings) -> None:
    model = onnx.load(write_model(tmp_path / "small.onnx"))
    file = tmp_path / "made.onnx"
    onnx.save(model, file, save_as_external_data=True, location="made.data", size_threshold=0)
    write_descriptor(tmp_path / "made.toml")
    with pytest.raises(CommandError, match="can't be read as an ONNX model"):
        call_command("encoder", "install", str(file))
    assert left_over(settings.WEIGHTS_DIR) == []


def test_installed_model_that_was_changed_or_lost_is_not_loaded(tmp_path: Path) -> None:
    file = write_model(tmp_path / "made.onnx")
    model = OnnxModel(parsed(described()), sha256_of(file))
    file.write_bytes(write_model(tmp_path / "other.onnx", seed=2).read_bytes())
    with pytest.raises(UnusableModel, match="isn't the file that was installed"):
        OnnxEncoder(file, model)
    with pytest.raises(UnusableModel, match="aren't installed here"):
        OnnxEncoder(tmp_path / "gone.onnx", model)


# Installing it


def test_model_is_installed_under_its_hash_and_on_record(
    db: None, tmp_path: Path, settings, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_model(tmp_path / "made.onnx")
    described_by = write_descriptor(tmp_path / "elsewhere.toml", flip=True)
    call_command("encoder", "install", str(file), "--descriptor", str(described_by))
    assert "Checked and installed: brought 1" in capsys.readouterr().out
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    kept = installed_path(sha256, weights_dir=settings.WEIGHTS_DIR)
    assert left_over(settings.WEIGHTS_DIR) == [kept]
    assert kept.read_bytes() == file.read_bytes()
    encoder = Encoder.objects.get()
    assert (encoder.kind, encoder.dimension, encoder.weights_sha256) == ("onnx", 32, sha256)
    assert encoder.alignment == "arcface-112-flip"
    assert parsed(encoder.descriptor) == read_descriptor(described_by)
    assert Entry.objects.get().kind == "identification:encoder:installed/1"


def test_installing_it_again_changes_nothing_and_another_under_its_name_is_refused(
    db: None, tmp_path: Path, settings
) -> None:
    file = write_model(tmp_path / "made.onnx")
    write_descriptor(tmp_path / "made.toml")
    for _ in range(2):
        call_command("encoder", "install", str(file))
    before, files = Encoder.objects.get(), left_over(settings.WEIGHTS_DIR)
    write_model(file, seed=2)
    with pytest.raises(CommandError, match=r"brought 1 is installed with another file.*another version"):
        call_command("encoder", "install", str(file))
    write_model(file)
    write_descriptor(tmp_path / "made.toml", flip=True)
    with pytest.raises(CommandError, match="brought 1 is installed with another descriptor"):
        call_command("encoder", "install", str(file))
    assert Encoder.objects.get().descriptor == before.descriptor
    assert left_over(settings.WEIGHTS_DIR) == files
    write_descriptor(tmp_path / "made.toml", flip=True, version="2")
    call_command("encoder", "install", str(file))
    assert Encoder.objects.count() == 2
    assert left_over(settings.WEIGHTS_DIR) == files, "one file serves both"


def test_shipped_name_and_misplaced_descriptor_are_refused(db: None, tmp_path: Path) -> None:
    file = write_model(tmp_path / "made.onnx")
    write_descriptor(tmp_path / "made.toml", name="facenet-vggface2")
    with pytest.raises(CommandError, match="facenet-vggface2 is shipped"):
        call_command("encoder", "install", str(file))
    (tmp_path / "weights.pt").write_bytes(b"x")
    with pytest.raises(CommandError, match=r"A descriptor belongs to an \.onnx file"):
        call_command("encoder", "install", str(tmp_path / "weights.pt"), "--descriptor", str(tmp_path / "made.toml"))
    with pytest.raises(CommandError, match=r"no descriptor .*gone\.toml"):
        call_command("encoder", "install", str(tmp_path / "gone.onnx"))
