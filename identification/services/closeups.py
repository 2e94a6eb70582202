"""The face large, for comparison: cut from the derivative, upright, and never larger than the photograph shows it."""

from pathlib import Path

from PIL import Image

from identification import imaging, storage
from identification.models import Face

MARGIN = 0.6
SMALLEST, LARGEST = 320, 1024


def closeup_of(face: Face) -> Path:
    """Return where the large crop of a face is kept, made when nobody asked for it before.

    FileNotFoundError where the photograph has no derivative.
    """
    path = storage.closeup_path(face.pk)
    if not path.exists():
        with Image.open(storage.derivative_path(face.photograph_id)) as shown:
            scale = shown.width / face.photograph.width
            crop = imaging.face_crop(
                shown.convert("RGB"), face.as_detected().scaled(scale), side=_side(face, scale), margin=MARGIN
            )
        storage.write_derivative(path, imaging.derivative(crop, longest_side=LARGEST))
    return path


def _side(face: Face, scale: float) -> int:
    native = max(face.width, face.height) * scale * (1 + MARGIN)
    return min(LARGEST, max(SMALLEST, round(native)))
