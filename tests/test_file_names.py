"""The name of a file is kept as it was sent, is shown as text, and never names a file on disk."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from accounts.models import User
from identification.models import Case, RefusedFile
from identification.services import intake
from tests.uploads import a_photograph, upload


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("C:\\Users\\Me\\Desktop\\body.jpg", "body.jpg"),
        ("фото № 7.jpg", "фото № 7.jpg"),
        ("line\nbreak\x00and\x1bescape.jpg", "linebreakandescape.jpg"),
        ("<b>bold</b>&.jpg", "b>&.jpg"),
        ("gpj.\u202eexe.jpg", "gpj.exe.jpg"),
        ("/", "unnamed"),
        ("", "unnamed"),
    ],
)
def test_name_is_kept_as_sent_without_path_or_control_characters(
    case: Case, requester: User, sent: str, kept: str
) -> None:
    received = intake.receive_photograph(actor=requester, file=ContentFile(a_photograph(), sent), case=case)
    assert received.file_name == kept
    refused = intake.receive_photograph(actor=requester, file=ContentFile(b"", sent), case=case)
    assert isinstance(refused, RefusedFile)
    assert refused.file_name == kept


def test_name_of_300_characters_is_shortened_and_keeps_its_ending(hand_in: Callable[..., Any], case: Case) -> None:
    (answer,) = hand_in(upload("д" * 296 + ".jpg", a_photograph()))
    assert answer["state"] == "received"
    name = case.photographs.get().file_name
    assert len(name) <= 255
    assert name.endswith("д.jpg")
    long_refused = intake.receive_photograph(actor=case.opened_by, file=ContentFile(b"", "я" * 296 + ".jpg"), case=case)
    assert len(long_refused.file_name) == 255


@pytest.mark.parametrize("name", ["фото № 7.jpg", "../../up.jpg", "a\x1bb.jpg", "quote\"'.jpg"])
def test_odd_names_come_through_the_web_and_never_name_a_file_on_disk(
    hand_in: Callable[..., Any], client: Client, case: Case, settings, name: str
) -> None:
    (answer,) = hand_in(upload(name, a_photograph()))
    assert answer["state"] == "received"
    stored = [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
    assert [path.name for path in stored] == [case.photographs.get().sha256]
    assert client.get(case.get_absolute_url()).status_code == 200


def test_name_with_markup_is_shown_as_text(hand_in: Callable[..., Any], client: Client, case: Case) -> None:
    hand_in(upload("<script>alert(1)<\\script>.jpg", a_photograph()), upload("<img src=x onerror=y>.jpg", b""))
    page = client.get(case.get_absolute_url()).content.decode()
    assert "<img src=x" not in page
    assert "alert(1)<" not in page
