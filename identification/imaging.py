"""Open photographs that strangers send, and make what is shown of them.

Nothing here trusts its input: whatever bytes come in, the result is an image or an `UnusableImage` whose words can be
shown to the person who sent the file. The original is never changed; everything shown is made by this module.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from identification.recognition.alignment import MID_GREY, Cut, cut_square
from identification.recognition.types import Box, DetectedFace

Source = bytes | Path | BinaryIO

FORMATS = ("JPEG", "PNG", "WEBP")
JPEG_QUALITY = 90
BOX_MARGIN = 0.8  # of its longer side, around a box in which a person is to see a face

# EXIF 2.32, tag 0x0112: how the stored picture has to be changed to be seen upright.
_ORIENTATION_TAG = 0x0112
_MAKE_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDES_SWAP = frozenset({5, 6, 7, 8})

_AGAIN = "Copy it again from the camera or the sender and upload it anew."
SENTENCES = {
    "empty": f"The file is empty. {_AGAIN}",
    "too-large": "The file is larger than {megabytes:g} MB. Save the photograph as a smaller JPEG and upload that.",
    "not-an-image": "This is {kind}. Save the photograph as JPEG or PNG and upload that.",
    "too-many-pixels": "The photograph has more than {megapixels:g} million pixels. Save it smaller and upload that.",
    "animated": "This is {kind}, which can hold moving pictures. Save the one that shows the face as JPEG or PNG.",
    "cmyk": "The photograph is in printing colours (CMYK). Save it in RGB as JPEG or PNG and upload that.",
    "sixteen-bit": "The photograph has more than 8 bits per colour. Save it with 8 bits as JPEG or PNG.",
    "truncated": f"The file ends in the middle of the photograph. {_AGAIN}",
    "damaged": f"The file is damaged and can't be opened. {_AGAIN}",
}

# First bytes of files that people take for photographs, so that the sentence can name what they have.
_SIGNATURES = (
    (b"%PDF", "a PDF document"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"8BPS", "a Photoshop file"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
)
_FTYP_BRANDS = {
    b"heic": "a HEIC photograph",
    b"heix": "a HEIC photograph",
    b"mif1": "a HEIC photograph",
    b"avif": "an AVIF picture",
}
_UNKNOWN = "not a photograph that can be read here"


class UnusableImage(Exception):
    """A file that can't be used; `code` is a stable slug, the text says what is wrong and what to do."""

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        super().__init__(SENTENCES[code].format(**values))


@dataclass(frozen=True)
class Limits:
    """What is accepted: the size of the file in bytes, and width times height."""

    max_bytes: int
    max_pixels: int


@dataclass(frozen=True)
class ImageFacts:
    """What the header says; width and height as the photograph will be shown."""

    format: str
    width: int
    height: int


def inspect(data: Source, *, limits: Limits) -> ImageFacts:
    """Read the header alone and refuse what can't be used, without decoding a pixel.

    A PNG may state its orientation after its pixels; that is seen by `open_upright` only.
    """
    with _stream(data) as stream, _refusing(stream, limits), _open(stream, limits) as image:
        width, height = image.size
        # Asking a PNG for EXIF that doesn't stand in its header makes Pillow decode the pixels.
        known = image.format != "PNG" or "exif" in image.info
        if known and _orientation(image) in _SIDES_SWAP:
            width, height = height, width
        return ImageFacts(format=_plain_format(image), width=width, height=height)


def open_upright(data: Source, *, limits: Limits) -> Image.Image:
    """Decode a photograph to upright RGB pixels that carry no metadata; transparency becomes mid grey."""
    with _stream(data) as stream, _refusing(stream, limits), _open(stream, limits) as image:
        image.load()
        orientation = _orientation(image)
        pixels = _as_rgb(image)
        if orientation in _MAKE_UPRIGHT:
            pixels = pixels.transpose(_MAKE_UPRIGHT[orientation])
        return _bare(pixels)


def derivative(image: Image.Image, *, longest_side: int) -> bytes:
    """A JPEG to show, without metadata, at most `longest_side` pixels wide and high, never larger than the image."""
    shown = _bare(image.convert("RGB"))
    shown.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return out.getvalue()


def face_crop(image: Image.Image, face: DetectedFace, *, side: int = 320, margin: float = 0.6) -> Image.Image:
    """The face alone, upright and square with level eyes, however it lies; grey where it leaves the photograph."""
    return cut_square(image, Cut.around(face, margin=margin), side=side)


def around_box(box: Box) -> Box:
    """The square that `box_crop` shows of a photograph; it may reach beyond it."""
    side = max(box.width, box.height) * (1 + BOX_MARGIN)
    x, y = box.centre
    return Box(x - side / 2, y - side / 2, side, side)


def box_crop(image: Image.Image, box: Box, *, side: int) -> Image.Image:
    """What lies in and around a box as it lies in the photograph, square; grey where it leaves the photograph."""
    shown = around_box(box)
    return cut_square(image, Cut(shown.centre, shown.width, shown.height, 0.0), side=side)


@contextmanager
def _stream(data: Source) -> Iterator[BinaryIO]:
    """The bytes as a stream at its start; an open file that was passed in is put back to its start and left open."""
    if isinstance(data, bytes):
        yield io.BytesIO(data)
    elif isinstance(data, Path):
        with data.open("rb") as file:
            yield file
    else:
        data.seek(0)
        try:
            yield data
        finally:
            data.seek(0)


@contextmanager
def _refusing(stream: BinaryIO, limits: Limits) -> Iterator[None]:
    """Turn whatever a hostile or broken file makes Pillow throw into an `UnusableImage`."""
    try:
        yield
    except UnusableImage:
        raise
    except MemoryError:
        raise  # says something of this machine and nothing of the file
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableImage("too-many-pixels", megapixels=limits.max_pixels / 1e6) from error
    except Exception as error:
        # Pillow's readers throw nearly anything: OSError, SyntaxError, ValueError, struct.error, IndexError, ...
        raise UnusableImage("truncated" if _ends_early(stream, error) else "damaged") from error


def _open(stream: BinaryIO, limits: Limits) -> Image.Image:
    """Open the header and refuse what isn't one still 8-bit photograph within the limits."""
    _refuse_by_size(stream, limits)
    head = _peek(stream, 64)
    _refuse_by_first_bytes(head)
    image = Image.open(stream, formats=FORMATS)
    try:
        _refuse_by_header(image, head, limits)
    except BaseException:
        image.close()
        raise
    return image


def _refuse_by_size(stream: BinaryIO, limits: Limits) -> None:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if size == 0:
        raise UnusableImage("empty")
    if size > limits.max_bytes:
        raise UnusableImage("too-large", megabytes=round(limits.max_bytes / 1e6, 1))


def _refuse_by_first_bytes(head: bytes) -> None:
    """Let pass only what begins like one of the accepted formats; name the others where they can be recognised."""
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return
    if head.startswith(b"GIF8"):
        raise UnusableImage("animated", kind="a GIF")
    raise UnusableImage("not-an-image", kind=_kind_of(head))


def _kind_of(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return _FTYP_BRANDS.get(head[8:12], "a video")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<svg", b"<?xml")):
        return "an SVG drawing"
    return next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), _UNKNOWN)


def _refuse_by_header(image: Image.Image, head: bytes, limits: Limits) -> None:
    if image.width * image.height > limits.max_pixels:
        raise UnusableImage("too-many-pixels", megapixels=round(limits.max_pixels / 1e6, 1))
    # Many phones write MPO, a JPEG followed by a second view or a depth map: its first picture is the photograph.
    if image.format != "MPO" and getattr(image, "is_animated", False):
        raise UnusableImage("animated", kind="an animated WebP" if image.format == "WEBP" else "an animated PNG")
    if image.mode == "CMYK":
        raise UnusableImage("cmyk")
    # Pillow silently shortens 16-bit colour PNGs, so their depth is read from the IHDR chunk itself (byte 24).
    deep_png = head.startswith(b"\x89PNG") and head[12:16] == b"IHDR" and head[24:25] == b"\x10"
    if deep_png or image.mode.startswith(("I", "F")):
        raise UnusableImage("sixteen-bit")


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; broken EXIF data doesn't make a photograph unusable and counts as 1."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - parsers of hostile EXIF throw anything
        return 1
    return value if isinstance(value, int) and value in _MAKE_UPRIGHT else 1


def _as_rgb(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    ground = Image.new("RGBA", layer.size, (*MID_GREY, 255))
    return Image.alpha_composite(ground, layer).convert("RGB")


def _bare(image: Image.Image) -> Image.Image:
    """A copy without comments, EXIF, XMP and colour profile, all of which Pillow carries along in `info`."""
    bare = image.copy()
    bare.info = {}
    return bare


def _plain_format(image: Image.Image) -> str:
    return "JPEG" if image.format == "MPO" else str(image.format)


def _peek(stream: BinaryIO, count: int) -> bytes:
    stream.seek(0)
    head = stream.read(count)
    stream.seek(0)
    return head


def _ends_early(stream: BinaryIO, error: Exception) -> bool:
    """Whether a file that can't be read lacks its end: the end-of-image marks of JPEG and PNG, the length of WebP."""
    if "truncated" in str(error).lower():
        return True
    head, size = _peek(stream, 12), stream.seek(0, os.SEEK_END)
    if head.startswith(b"RIFF"):
        return size < 8 + int.from_bytes(head[4:8], "little")
    stream.seek(max(size - 64, 0))
    return (b"IEND" if head.startswith(b"\x89PNG") else b"\xff\xd9") not in stream.read()
