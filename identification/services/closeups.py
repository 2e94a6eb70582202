"""The face large, for comparison: upright, and never larger than the photograph shows it.

A worker cuts it from the full photograph when it reads the face; of faces read before, it is cut from the derivative.
"""

from pathlib import Path

from PIL import Image

from identification import imaging, storage
from identification.models import Face
from identification.recognition.types import DetectedFace

MARGIN = 0.6
SMALLEST, LARGEST = 320, 1024


def closeup(image: Image.Image, face: DetectedFace) -> bytes:
    """Return the large crop of a face in an upright RGB photograph, as JPEG."""
    native = max(face.box.width, face.box.height) * (1 + MARGIN)
    side = min(LARGEST, max(SMALLEST, round(native)))
    return imaging.derivative(imaging.face_crop(image, face, side=side, margin=MARGIN), longest_side=side)


def closeup_of(face: Face) -> Path:
    """Return where the large crop of a face is kept, made of the derivative when no worker has made it.

    FileNotFoundError where the photograph has no derivative.
    """
    path = storage.closeup_path(face.pk)
    if not path.exists():
        with Image.open(storage.derivative_path(face.photograph_id)) as shown:
            scale = shown.width / face.photograph.width
            storage.write_derivative(path, closeup(shown.convert("RGB"), face.as_detected().scaled(scale)))
    return path
