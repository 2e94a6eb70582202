"""The original stays as it came and is never served; what is shown instead says nothing but the picture."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import User
from audit.models import Entry
from identification import storage
from identification.models import Case, Face, Job, Photograph
from identification.services import intake
from identification.services.work import run_job
from tests.conftest import StandInModels
from tests.made_pictures import exif_with, saved, scene
from tests.uploads import upload

GPS = 0x8825


def test_original_is_kept_byte_for_byte_under_its_sha256(hand_in: Callable[..., Any], case: Case, settings) -> None:
    data = saved(scene(), exif=exif_with(6), comment=b"from the field")
    hand_in(upload("a.jpg", data))
    photograph = case.photographs.get()
    assert photograph.sha256 == hashlib.sha256(data).hexdigest()
    assert photograph.byte_size == len(data)
    original = storage.original_path(photograph.sha256)
    assert original.read_bytes() == data
    assert original.name == photograph.sha256
    assert original.stat().st_mode & 0o077 == 0, "nobody else on the machine reads it"
    received = Entry.objects.get(kind="identification:photograph:received/1")
    assert received.payload["sha256"] == photograph.sha256


def photograph_with_place_and_turn() -> bytes:
    """A photograph stored lying on its side, whose EXIF says so, names a place and holds coordinates."""
    exif = exif_with(6)
    exif.get_ifd(GPS).update({1: "N", 2: (50.0, 27.0, 0.0), 3: "E", 4: (30.0, 31.0, 0.0)})
    return saved(scene().rotate(90, expand=True), exif=exif, comment=b"secret comment")


def test_what_is_shown_is_upright_and_says_nothing_but_the_picture(
    hand_in: Callable[..., Any], client: Client, case: Case, models: StandInModels, random_vectors
) -> None:
    data = photograph_with_place_and_turn()
    assert b"secret" in data
    with Image.open(io.BytesIO(data)) as sent:
        assert sent.getexif().get_ifd(GPS)
    models.vectors = [random_vectors()]
    hand_in(upload("a.jpg", data))
    photograph = case.photographs.get()
    run_job(job_id=Job.objects.get(subject_id=photograph.pk).pk)
    face = Face.objects.get(photograph=photograph)
    addresses = [
        reverse("identification:photograph-image", args=[photograph.pk]),
        reverse("identification:face-image", args=[face.pk]),
    ]
    for address in addresses:
        shown = b"".join(client.get(address).streaming_content)
        assert shown != data
        assert b"Exif" not in shown
        assert b"secret" not in shown
        with Image.open(io.BytesIO(shown)) as picture:
            assert picture.format == "JPEG"
            assert not picture.getexif()
            assert "comment" not in picture.info
            if address == addresses[0]:
                assert picture.size == (120, 80)
                assert picture.convert("RGB").getpixel((10, 10))[0] > 180
    assert (photograph.width, photograph.height) == (120, 80)
    assert models.seen[0].size == (120, 80), "recognition sees it upright too"
    assert storage.original_path(photograph.sha256).read_bytes() == data


def test_original_is_never_served(client: Client, photograph: Photograph, requester: User) -> None:
    client.force_login(requester)
    # Not analysed yet: there is no derivative, and the original doesn't stand in for it.
    assert client.get(reverse("identification:photograph-image", args=[photograph.pk])).status_code == 404
    path = storage.original_path(photograph.sha256)
    guesses = (f"/media/originals/{path.parent.name}/{path.name}", f"/static/../{path}", f"/originals/{path.name}")
    for address in guesses:
        assert client.get(address).status_code == 404
    assert not path.is_relative_to(Path(__file__).parent.parent / "static")


def test_derivative_is_no_larger_than_the_setting(case: Case, requester: User, models: StandInModels, settings) -> None:
    settings.DERIVATIVE_LONGEST_SIDE = 50
    photograph = intake.receive_photograph(actor=requester, file=ContentFile(saved(scene()), "a.jpg"), case=case)
    run_job(job_id=Job.objects.get().pk)
    with Image.open(storage.derivative_path(photograph.pk)) as shown:
        assert max(shown.size) == 50
