"""What strangers upload: every unusable file is refused in words, every usable one comes out upright and bare."""

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from identification.imaging import ImageFacts, Limits, UnusableImage, derivative, face_crop, inspect, open_upright
from identification.recognition.alignment import MID_GREY
from identification.recognition.types import Box, DetectedFace
from tests.made_pictures import deep_rgb_png, exif_with, frames, png_claiming, saved, scene, webp_claiming

LIMITS = Limits(max_bytes=5_000_000, max_pixels=20_000_000)


UNUSABLE: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "no bytes": (lambda: b"", "empty", "empty"),
    "larger than allowed": (lambda: saved(scene()) + bytes(5_000_000), "too-large", "5 MB"),
    "plain text": (lambda: b"Dear colleagues, see attached.", "not-an-image", "JPEG or PNG"),
    "PDF": (lambda: b"%PDF-1.7 ...", "not-an-image", "PDF"),
    "SVG": (lambda: b'\n<svg xmlns="http://www.w3.org/2000/svg"/>', "not-an-image", "SVG"),
    "BMP": (lambda: saved(scene(), "BMP"), "not-an-image", "BMP"),
    "TIFF": (lambda: saved(scene(), "TIFF"), "not-an-image", "TIFF"),
    "HEIC": (lambda: b"\0\0\0\x18ftypheic" + bytes(40), "not-an-image", "HEIC"),
    "video": (lambda: b"\0\0\0\x18ftypisom" + bytes(40), "not-an-image", "video"),
    "GIF": (lambda: frames("GIF"), "animated", "GIF"),
    "animated PNG": (lambda: frames("PNG"), "animated", "PNG"),
    "animated WebP": (lambda: frames("WEBP"), "animated", "WebP"),
    "PNG bomb": (lambda: png_claiming(60_000, 60_000), "too-many-pixels", "20 million"),
    "PNG over our limit only": (lambda: png_claiming(5_000, 5_000), "too-many-pixels", "20 million"),
    "PNG of warning size": (lambda: png_claiming(10_000, 10_000), "too-many-pixels", "20 million"),
    "CMYK": (lambda: saved(Image.new("CMYK", (20, 20))), "cmyk", "CMYK"),
    "16-bit grey": (lambda: saved(Image.new("I;16", (20, 20)), "PNG"), "sixteen-bit", "8 bits"),
    "16-bit colour": (deep_rgb_png, "sixteen-bit", "8 bits"),
}


@pytest.mark.parametrize("case", UNUSABLE)
@pytest.mark.parametrize("read", [inspect, open_upright])
def test_unusable_file_is_refused_in_words(read: Callable[..., object], case: str) -> None:
    make, code, word = UNUSABLE[case]
    with pytest.raises(UnusableImage) as refusal:
        read(make(), limits=LIMITS)
    assert refusal.value.code == code
    assert word in str(refusal.value)
    assert str(refusal.value).count(".") >= 2, "says what is wrong and what to do"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_file_that_ends_early_is_truncated(kind: str, share: float) -> None:
    whole = saved(scene((400, 300)), kind)
    with pytest.raises(UnusableImage, match="ends in the middle") as refusal:
        open_upright(whole[: int(len(whole) * share)], limits=LIMITS)
    assert refusal.value.code == "truncated"


def test_progressive_jpeg_that_ends_early_is_truncated() -> None:
    whole = saved(scene((400, 300)), progressive=True)
    with pytest.raises(UnusableImage) as refusal:
        open_upright(whole[: len(whole) // 2], limits=LIMITS)
    assert refusal.value.code == "truncated"


def test_file_cut_within_its_header_is_truncated_already_on_inspection() -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        with pytest.raises(UnusableImage) as refusal:
            inspect(saved(scene(), kind)[:20], limits=LIMITS)
        assert refusal.value.code == "truncated"


def test_broken_pixels_of_a_whole_file_are_damaged() -> None:
    whole = saved(scene(), "PNG")
    place = whole.index(b"IDAT") + 20
    with pytest.raises(UnusableImage) as refusal:
        open_upright(whole[:place] + bytes(40) + whole[place + 40 :], limits=LIMITS)
    assert refusal.value.code == "damaged"


def test_webp_that_claims_an_impossible_canvas_is_refused() -> None:
    with pytest.raises(UnusableImage):
        inspect(webp_claiming(60_000, 60_000), limits=LIMITS)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_hostile_bytes_never_cause_anything_but_a_refusal(kind: str) -> None:
    whole, rng = bytearray(saved(scene(), kind, exif=exif_with(6))), random.Random(7)
    for _ in range(150):
        hostile = bytearray(whole)
        for _ in range(rng.randint(1, 12)):
            hostile[rng.randrange(len(hostile) // 3)] = rng.randrange(256)
        for read in (inspect, open_upright):
            try:
                read(bytes(hostile), limits=LIMITS)
            except UnusableImage as refusal:
                assert refusal.code  # noqa: PT017  (most of these bytes are refused, some are not)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("orientation", "stored"), [(3, 180), (6, 90), (8, 270)])
def test_photograph_is_shown_upright(kind: str, orientation: int, stored: int) -> None:
    shown = scene()
    data = saved(shown.rotate(stored, expand=True), kind, exif=exif_with(orientation))
    assert inspect(data, limits=LIMITS) == ImageFacts(format=kind, width=120, height=80)
    upright = open_upright(data, limits=LIMITS)
    assert upright.size == (120, 80)
    assert np.asarray(upright)[10, 10, 0] > 180
    assert np.asarray(upright)[10, 110, 1] > 160


def test_all_metadata_is_dropped() -> None:
    options: dict[str, Any] = {
        "exif": exif_with(1),
        "icc_profile": b"profile" * 40,
        "comment": b"secret comment",
        "dpi": (300, 300),
    }
    upright = open_upright(saved(scene(), **options), limits=LIMITS)
    assert upright.info == {}
    assert not upright.getexif()
    shown = derivative(open_upright(saved(scene(), **options), limits=LIMITS), longest_side=100)
    assert b"secret" not in shown
    assert b"Exif" not in shown
    assert b"ICC_PROFILE" not in shown


def test_derivative_drops_metadata_of_any_image_it_is_given() -> None:
    with Image.open(io.BytesIO(saved(scene(), exif=exif_with(1), comment=b"secret comment"))) as image:
        assert b"secret" not in derivative(image, longest_side=100)


@pytest.mark.filterwarnings("ignore:.*EXIF:UserWarning", "ignore:.*TIFF:UserWarning", "ignore:.*tag:UserWarning")
def test_broken_exif_does_not_make_a_photograph_unusable() -> None:
    data = saved(scene(), exif=b"Exif\0\0II*\0\xff\xff\xff\xff broken")
    assert inspect(data, limits=LIMITS).width == 120
    assert open_upright(data, limits=LIMITS).size == (120, 80)


def test_transparency_becomes_mid_grey() -> None:
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    assert open_upright(saved(clear, "PNG"), limits=LIMITS).getpixel((5, 5)) == MID_GREY


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_every_8_bit_mode_becomes_rgb(mode: str) -> None:
    assert open_upright(saved(scene().convert(mode), "PNG"), limits=LIMITS).mode == "RGB"


def test_phone_photograph_with_a_second_view_is_a_jpeg() -> None:
    data = saved(scene(), "MPO", save_all=True, append_images=[scene()])
    assert inspect(data, limits=LIMITS).format == "JPEG"
    assert open_upright(data, limits=LIMITS).size == (120, 80)


def test_inspection_decodes_no_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(image: Image.Image) -> None:
        raise AssertionError("decoded")

    data = {kind: saved(scene(), kind) for kind in ("JPEG", "PNG", "WEBP")}
    for owner in (Image.Image, *(type(Image.open(io.BytesIO(d))) for d in data.values())):
        monkeypatch.setattr(owner, "load", refuse)
    for kind, photograph in data.items():
        assert inspect(photograph, limits=LIMITS).format == kind


def test_bytes_paths_and_open_files_are_read_alike(tmp_path: Path) -> None:
    data = saved(scene())
    path = tmp_path / "photograph"
    path.write_bytes(data)
    with path.open("rb") as file:
        assert inspect(data, limits=LIMITS) == inspect(path, limits=LIMITS) == inspect(file, limits=LIMITS)
        assert file.tell() == 0
        assert open_upright(file, limits=LIMITS).tobytes() == open_upright(data, limits=LIMITS).tobytes()


def test_missing_file_is_no_fault_of_the_photograph(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inspect(tmp_path / "gone", limits=LIMITS)


def test_derivative_keeps_its_proportions_and_is_never_enlarged() -> None:
    sizes = [Image.open(io.BytesIO(derivative(scene(), longest_side=side))).size for side in (60, 1000)]
    assert sizes == [(60, 40), (120, 80)]


def drawn_face(roll: float) -> tuple[Image.Image, DetectedFace]:
    """A dark field with a red forehead above, turned clockwise by `roll` about the middle of a 400 pixel photograph."""
    image = Image.new("RGB", (400, 400), (40, 40, 40))
    ImageDraw.Draw(image).rectangle((150, 140, 250, 170), fill=(230, 0, 0))
    points = ((180.0, 190.0), (220.0, 190.0), (200.0, 210.0), (185.0, 230.0), (215.0, 230.0))
    face = DetectedFace(Box(150, 140, 100, 120), points, roll, 0, 0.999)
    return image.rotate(-roll), face


@pytest.mark.parametrize("roll", [0.0, 20.0, 90.0, 180.0, -90.0, 135.0])
def test_face_crop_is_upright_however_the_face_lies(roll: float) -> None:
    image, face = drawn_face(roll)
    crop = np.asarray(face_crop(image, face, side=200, margin=0.5)).astype(int)
    assert crop.shape == (200, 200, 3)
    assert crop[40, 100, 0] > 180, "the forehead is on top"
    assert crop[160, 100, 0] < 90


def test_face_crop_is_grey_beyond_the_photograph() -> None:
    image = Image.new("RGB", (100, 100), (200, 30, 30))
    points = ((-5.0, 5.0), (15.0, 5.0), (5.0, 15.0), (-2.0, 25.0), (12.0, 25.0))
    crop = face_crop(image, DetectedFace(Box(-15, -10, 40, 50), points, 0.0, 0, 0.99), side=160)
    assert crop.getpixel((3, 3)) == MID_GREY
    assert not (np.asarray(crop) == 0).all(axis=2).any(), "no black"


def test_box_wholly_outside_the_photograph_gives_a_grey_crop() -> None:
    points = ((500.0, 500.0), (520.0, 500.0), (510.0, 510.0), (503.0, 520.0), (517.0, 520.0))
    crop = face_crop(scene(), DetectedFace(Box(490, 480, 40, 50), points, 30.0, 0, 0.99), side=64)
    assert crop.size == (64, 64)
    assert crop.getpixel((32, 32)) == MID_GREY
