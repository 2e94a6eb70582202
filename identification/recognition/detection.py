"""Find faces of any size that lie in any direction.

MTCNN knows upright faces: of photographs turned by 90, 180 and 270 degrees it finds 13, 30 and 16 per cent. So the
whole photograph is searched four times, turned back by each quarter turn, and what was found twice is joined. Measured
on LFW: the pass that sees a face upright is always surer of it than the other three (300 of 300 photographs). A face
between two quarter turns is seen by two passes or more, and a second look, turned upright, decides.

A large photograph is searched whole at a reduced size, and then once more in tiles at full size for the faces that are
too small there, again in all four turns: where several people lie, they lie in several directions. Only where somebody
was taken from nearby, so that a face is large, the tiles are searched in that face's turn alone, and not where it fills
the tile. A photograph that is much longer than wide is searched in pieces from the beginning.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from identification.recognition.alignment import MID_GREY, QUARTER_TURNS, Cut, cut_square, turn_back
from identification.recognition.finds import (
    covers,
    enlarge,
    group,
    in_reading_order,
    lift,
    looks_upright,
    shift,
    tilt,
    turn_forth,
)
from identification.recognition.tiles import Tile, pieces_of, tiles_of
from identification.recognition.types import Box, DetectedFace, roll_of

SEARCH = 2  # rises whenever this module would find other faces, boxes or landmarks in some photograph
LONGEST_SIDE = 1024  # pixels at which the whole photograph is searched
SMALLEST_FACE = 20  # pixels at that size; the detector's smallest window
NEARBY = 6  # a face is large from this part of the photograph's narrow side on
SMALLEST_IN_TILES = 30  # pixels of the photograph; faces from 32 pixels up are to be found
TILE_SCALE = SMALLEST_FACE / SMALLEST_IN_TILES  # no more detail than the smallest window can use
TILE_PYRAMID = 0.6  # from one size of window to the next; coarser than MTCNN's 0.709, for few sizes are looked for
POSSIBLE = 0.80  # below this confidence nothing is kept
LIKELY = 0.90  # below this the second look has to be SURE: an ear was once confirmed with 0.98
CONFIRMED = 0.95  # what the second look has to reach otherwise
SURE = 0.99  # at or above, a find stands by itself; below it a second look must confirm it
STRAIGHT = 20.0  # degrees; a face turned further than this in its pass is looked at again, turned upright

_SECOND_LOOK_SIDE = 192
_SECOND_LOOK_MARGIN = 1.0


class Detector(Protocol):
    """Finds the faces of an upright RGB photograph, in reading order; no face is an empty list."""

    name: str
    version: str

    def detect(self, image: Image.Image) -> list[DetectedFace]: ...

    def look_at(self, image: Image.Image, box: Box) -> DetectedFace | None:
        """The face that a person sees in this box, whichever way up; None when the detector sees none there."""
        ...


class MTCNNDetector:
    """Zhang and others 2016, "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks"."""

    name = "mtcnn"

    def __init__(self, *, device: str = "cpu") -> None:
        from facenet_pytorch import MTCNN

        self.version = f"{version('facenet-pytorch')}, search {SEARCH}"
        self._network = MTCNN(keep_all=True, min_face_size=SMALLEST_FACE, device=device)
        self._fine = MTCNN(keep_all=True, min_face_size=SMALLEST_FACE, factor=TILE_PYRAMID, device=device)

    def detect(self, image: Image.Image) -> list[DetectedFace]:
        """Every face once, boxes and landmarks in pixels of `image`, whatever its size."""
        found = self._search_whole(image)
        found += self._search_tiles(image, found)
        settled = [self._settle(image, finds) for finds in group(found)]
        # A second look may move two finds onto the same face.
        return in_reading_order([finds[0] for finds in group([face for face in settled if face is not None])])

    def look_at(self, image: Image.Image, box: Box) -> DetectedFace | None:
        """The likeliest face in a box, landmarks in pixels of `image`; no certainty is asked for."""
        side = max(box.width, box.height) * (1 + _SECOND_LOOK_MARGIN)
        seen = [face for turn in QUARTER_TURNS for face in self._look(image, Cut(box.centre, side, side, float(turn)))]
        return _surest(seen, within=box)

    def _search_whole(self, image: Image.Image) -> list[DetectedFace]:
        """What four passes over the whole photograph see, at a bounded size."""
        return [
            face
            for piece in pieces_of(image.size)
            for turn in QUARTER_TURNS
            for face in self._search_part(image, piece, turn, self._network, _whole_scale(image.size))
        ]

    def _search_tiles(self, image: Image.Image, found: Sequence[DetectedFace]) -> list[DetectedFace]:
        """The faces that are too small to be seen in the whole photograph, reduced as it was."""
        smallest_seen = SMALLEST_FACE / _whole_scale(image.size)
        if smallest_seen <= SMALLEST_IN_TILES:
            return []
        tiles = tiles_of(image.size, overlap=round(1.3 * smallest_seen), besides=[face.box for face in found])
        small = [
            face
            for tile in tiles
            for turn in _turns_of_tiles(image.size, found)
            for face in self._search_part(image, tile, turn, self._fine, TILE_SCALE)
        ]
        return [face for face in small if not any(covers(other, face) for other in found)]

    def _search_part(self, image: Image.Image, tile: Tile, turn: int, network: Any, scale: float) -> list[DetectedFace]:
        """What one pass sees upright in a part of the photograph, reduced to this scale, and whole."""
        part = tile.of(image)
        size = (max(1, round(part.width * scale)), max(1, round(part.height * scale)))
        small = part if size == part.size else part.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        factors = (part.width / size[0], part.height / size[1])
        seen = self._search_turned(small, turn, network)
        return [face for find in seen if tile.holds((face := shift(enlarge(find, factors), tile.corner)).box)]

    def _search_turned(self, image: Image.Image, turn: int, network: Any) -> list[DetectedFace]:
        """The credible faces that one pass sees upright, mapped back into the coordinates of `image`."""
        found = self._search(turn_back(image, turn), network)
        credible = [face for face in found if face.confidence >= POSSIBLE and looks_upright(face.landmarks)]
        return [turn_forth(face, turn, image.size) for face in credible]

    def _settle(self, image: Image.Image, finds: Sequence[DetectedFace]) -> DetectedFace | None:
        """The best of several finds of one face, surest first; None when all are doubtful and none is confirmed.

        When the best is doubtful or tilted, or two are sure, each is looked at once more in its own square, turned
        upright: that tells a face from cloth, and for a face between two quarter turns its way up.
        """
        best, *others = finds
        agreed = not any(other.confidence >= SURE for other in others)
        if best.confidence >= SURE and abs(tilt(best)) <= STRAIGHT and agreed:
            return best
        enough = CONFIRMED if best.confidence >= LIKELY else SURE
        again = [seen for find in finds if (seen := self._second_look(image, find)) and seen.confidence >= enough]
        unconfirmed = best if best.confidence >= SURE else None
        return max(again, key=lambda face: face.confidence, default=unconfirmed)

    def _second_look(self, image: Image.Image, find: DetectedFace) -> DetectedFace | None:
        cut = Cut.around(find, margin=_SECOND_LOOK_MARGIN)
        return _surest(self._look(image, cut), within=find.box)

    def _look(self, image: Image.Image, cut: Cut) -> list[DetectedFace]:
        """What is seen upright in one square of the photograph, its tones spread over the whole range."""
        square = ImageOps.autocontrast(cut_square(image, cut, side=_SECOND_LOOK_SIDE), preserve_tone=True)
        seen = [face for face in self._search(square) if looks_upright(face.landmarks)]
        return [lift(face, cut, _SECOND_LOOK_SIDE) for face in seen]

    def _search(self, image: Image.Image, network: Any = None) -> list[DetectedFace]:
        """One pass of the detector over an image as it is."""
        network = network or self._network
        if min(image.size) < network.min_face_size:
            return []
        try:
            return _run(network, image, border=0)
        except (RuntimeError, IndexError):
            # facenet-pytorch trips over a find that lies wholly outside the image; with a border none does.
            return _run(network, image, border=max(image.size) // 4)


def _whole_scale(size: tuple[int, int]) -> float:
    """By how much a photograph, or each of its pieces, is reduced before it is searched whole."""
    left, top, right, bottom = pieces_of(size)[0].bounds
    return min(1.0, LONGEST_SIDE / max(right - left, bottom - top))


def _turns_of_tiles(size: tuple[int, int], found: Sequence[DetectedFace]) -> Sequence[int]:
    """The turns in which tiles are searched: those of the large faces where there are any, else all."""
    large = [face for face in found if face.confidence >= SURE and max(face.upright_size) >= min(size) / NEARBY]
    return sorted({face.found_at for face in large}) or QUARTER_TURNS


def _surest(faces: Sequence[DetectedFace], *, within: Box) -> DetectedFace | None:
    """The surest of the faces that lie where this box is."""
    there = [face for face in faces if face.box.iou(within) >= 0.3]
    return max(there, key=lambda face: face.confidence, default=None)


def _run(network: Any, image: Image.Image, *, border: int) -> list[DetectedFace]:
    framed = ImageOps.expand(image, border, MID_GREY) if border else image
    boxes, confidences, landmarks = network.detect(framed, landmarks=True)
    if boxes is None:
        return []
    boxes, landmarks = np.asarray(boxes, float) - border, np.asarray(landmarks, float) - border
    return [_face(*find) for find in zip(boxes[:, :4], confidences, landmarks, strict=True)]


def _face(box: NDArray[np.float64], confidence: float, landmarks: NDArray[np.float64]) -> DetectedFace:
    """From one row of facenet-pytorch's arrays: box (4,) as left, top, right, bottom, and landmarks (5, 2)."""
    left, top, right, bottom = (float(value) for value in box)
    eye, other_eye, nose, mouth, other_mouth = ((float(x), float(y)) for x, y in landmarks)
    points = (eye, other_eye, nose, mouth, other_mouth)
    return DetectedFace(Box(left, top, right - left, bottom - top), points, roll_of(points), 0, float(confidence))
