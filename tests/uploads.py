"""Files as people hand them in."""

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.made_pictures import saved


def upload(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="image/jpeg")


def a_photograph(seed: int = 0) -> bytes:
    """A small JPEG, the same for the same seed."""
    return saved(Image.new("RGB", (80, 60), (120, 40, 90)), comment=str(seed).encode())
