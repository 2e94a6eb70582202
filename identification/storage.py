"""Where files are kept: originals under their SHA-256, derivatives under the id of what they show.

A file appears under its name whole or not at all: it is written beside it, flushed, and renamed.
"""

import hashlib
import os
import tempfile
from pathlib import Path
from uuid import UUID

from django.conf import settings


def keep_original(data: bytes) -> str:
    """Keep a file byte for byte and return its SHA-256 in hexadecimal; keeping it twice changes nothing."""
    sha256 = hashlib.sha256(data).hexdigest()
    if not original_path(sha256).exists():
        _write(original_path(sha256), data)
    return sha256


def original_path(sha256: str) -> Path:
    """Return where the original with this SHA-256 is kept."""
    return settings.MEDIA_ROOT / "originals" / sha256[:2] / sha256


def read_original(sha256: str) -> bytes:
    """Return an original; OriginalChanged when its bytes no longer have the SHA-256 under which they came."""
    data = original_path(sha256).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise OriginalChanged(
            "The kept file is not the one that came. Ask your administrator to restore it from a backup."
        )
    return data


class OriginalChanged(Exception):
    """The disk gave back other bytes than were put in."""


def derivative_path(photograph_id: UUID) -> Path:
    """Return where the upright derivative of a photograph is kept."""
    return settings.MEDIA_ROOT / "derivatives" / f"{photograph_id}.jpg"


def crop_path(face_id: UUID) -> Path:
    """Return where the crop of a face is kept."""
    return settings.MEDIA_ROOT / "crops" / f"{face_id}.jpg"


def closeup_path(face_id: UUID) -> Path:
    """Return where the large crop of a face is kept."""
    return settings.MEDIA_ROOT / "closeups" / f"{face_id}.jpg"


def write_derivative(path: Path, data: bytes) -> None:
    """Write what is shown of a photograph; writing it again gives the same file."""
    _write(path, data)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as temporary:
        try:
            temporary.write(data)
            temporary.flush()
            os.fsync(temporary.fileno())
            Path(temporary.name).replace(path)
        except BaseException:
            Path(temporary.name).unlink()
            raise
