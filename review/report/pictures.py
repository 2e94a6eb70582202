"""A face in close-up for a report, with the markers that a reviewer set drawn on a copy of it."""

import io
import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from identification.models import Face
from identification.services.closeups import closeup_of
from review.report.fonts import BOLD, font_path
from review.report.structure import Mark, Picture

LARGEST = 720
INK, CASING = (255, 255, 255), (22, 22, 22)
RING = 0.027  # radius of a ring, of the picture's side


def jpeg_of(picture: Picture) -> bytes | None:
    """Return a picture of the report as JPEG; None where it can't be shown, whatever the reason."""
    try:
        face = Face.objects.select_related("photograph").get(pk=picture.face_id)
        with Image.open(closeup_of(face)) as kept:
            shown = kept.convert("RGB")
    except (OSError, ValueError, Face.DoesNotExist, Image.DecompressionBombError):
        return None
    shown.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    return _as_jpeg(with_marks(shown, picture.marks))


def with_marks(image: Image.Image, marks: Sequence[Mark]) -> Image.Image:
    """Return a copy with a numbered ring round every marked point; the point itself stays free to be seen."""
    marked = image.copy()
    draw = ImageDraw.Draw(marked)
    for mark in marks:
        _draw(draw, mark, marked.size)
    return marked


def _draw(draw: ImageDraw.ImageDraw, mark: Mark, size: tuple[int, int]) -> None:
    x, y = mark.x * size[0], mark.y * size[1]
    radius = max(6.0, RING * min(size))
    line = max(2, round(radius / 6))
    for colour, width, grown in ((CASING, line + 2, 1), (INK, line, 0)):
        reach = radius + grown
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), outline=colour, width=width)
    font = ImageFont.truetype(str(font_path(BOLD)), round(radius * 1.7))
    away = radius * (1 + 0.3 * math.sqrt(2))
    # The number stands to the right and above; at the right edge, to the left.
    left = x + 3 * radius > size[0]
    at = (min(max(x - away if left else x + away, 0), size[0]), min(max(y - radius, radius), size[1] - radius))
    anchor = "rm" if left else "lm"
    draw.text(at, mark.number, font=font, fill=INK, anchor=anchor, stroke_width=line, stroke_fill=CASING)


def _as_jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()
