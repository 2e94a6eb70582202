"""Pictures made for tests, as cameras write them and as strangers forge them."""

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw


def scene(size: tuple[int, int] = (120, 80)) -> Image.Image:
    """A picture whose top left corner is red and whose other corners differ."""
    image = Image.effect_noise(size, 40).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0] // 3, size[1] // 3), fill=(220, 20, 20))
    draw.rectangle((size[0] * 2 // 3, 0, size[0], size[1] // 3), fill=(20, 200, 20))
    return image


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_claiming(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def webp_claiming(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + sides
    return b"RIFF" + struct.pack("<I", len(body)) + body


def deep_rgb_png() -> bytes:
    rows = b"".join(b"\0" + bytes(8 * 6) for _ in range(8))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def frames(kind: str) -> bytes:
    pictures = [Image.new("RGB", (30, 30), (shade, 0, 0)) for shade in (10, 90, 200)]
    return saved(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=100)


def exif_with(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "taken at a secret place"
    return exif
