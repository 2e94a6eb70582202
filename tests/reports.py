"""Reviews that ended, with documents that hold comparisons as the comparison page records them, and PDFs to read."""

import io
import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
import rfc8785
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import User
from identification import storage
from identification.models import Face, Person
from review.models import Assessment, Review
from review.report import report_of
from review.report.structure import Report
from review.services import assessment as assessing
from review.services.assessment import sign_assessment
from review.signed_document import signed_document
from tests import factories
from tests.conftest import PASSWORD

NAME = "Володимир-Святослав Ґалаґанчукевський-Підкарпатський-Їжакевич"
VIEW = {
    "zoom": "2.5", "x": "0.5", "y": "0.5", "turn": "12", "brightness": "1.2", "contrast": "1", "gamma": "1",
    "grey": True, "mirror": False,
}  # fmt: skip
UNTOUCHED = {"zoom": "1", "turn": "0", "brightness": "1", "grey": False}


def compared(person: Person, **changes: Any) -> dict[str, Any]:
    """What a reviewer records of one comparison, as it stands in a signed document."""
    content = {
        "components": {
            "eyes": {
                "probe": True, "candidate": True, "similarity": "similar", "explanation": "", "note": "Same fold.",
            },
            "ears": {
                "probe": True, "candidate": False, "similarity": "cant_tell", "explanation": "pose", "note": "",
            },
            "nose": {"probe": False, "candidate": False, "similarity": "", "explanation": "", "note": ""},
        },
        "markers": [
            {"number": 1, "reference": 1, "probe": ["0.25", "0.5"], "candidate": ["0.3", "0.5"], "note": "A scar."},
            {"number": 2, "reference": 1, "probe": ["0.75", "0.5"], "candidate": ["0.7", "0.5"], "note": ""},
        ],
        "adjustments": {"probe": VIEW, "candidate": VIEW | UNTOUCHED},
        "tools": ["zoom", "flicker"],
    } | changes  # fmt: skip
    return {"position": 1, "person": str(person.pk), "compared": content}


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Whatever is put in here stands in every document that is signed from then on."""
    more: dict[str, Any] = {}

    def with_more(**given: Any) -> bytes:
        return rfc8785.dumps(json.loads(signed_document(**given)) | more)

    monkeypatch.setattr(assessing, "signed_document", with_more)
    return more


def signed(
    actor: User, person: Person | None = None, level: int | None = None, *, retained: Sequence[Person] = (),
    rationale: str = "Looked at each of them, top to bottom.", unsuitable: bool = False,
) -> Assessment:  # fmt: skip
    """Let somebody take the next review and sign; they retain whom they name and whoever else is told."""
    place = factories.worked_through(actor, retained=[*([person] if person else []), *retained])
    return sign_assessment(
        actor=actor, assignment=place, rationale=rationale, password=PASSWORD, unsuitable=unsuitable,
        person_id=person.pk if person else None, level=factories.usual_level(person, level, unsuitable=unsuitable),
    )  # fmt: skip


def told(review: Review, *, with_pictures: bool = True) -> Report:
    return report_of(Review.objects.get(pk=review.pk), with_pictures=with_pictures)


def concordant(review: Review, person: Person, first: User, second: User) -> None:
    signed(first, person, 3)
    signed(second, person, 2)


def page_of(client: Client, review: Review, query: str = "") -> str:
    answer = client.get(reverse("review:report", args=[review.pk]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def with_closeup(face: Face, colour: tuple[int, int, int] = (120, 120, 120)) -> None:
    """Keep a plain close-up of a face."""
    out = io.BytesIO()
    Image.new("RGB", (480, 480), colour).save(out, "JPEG")
    storage.write_derivative(storage.closeup_path(face.pk), out.getvalue())


def sheets_of(pdf: bytes) -> list[str]:
    """Read the text of each page back from an uncompressed PDF, by what each embedded font says its codes mean."""
    objects = dict(re.findall(rb"(\d+) 0 obj\n(.*?)endobj", pdf, re.DOTALL))
    fonts = {name: _characters(objects, number) for name, number in re.findall(rb"/(F\d+\+\d+) (\d+) 0 R", pdf)}
    contents = re.findall(rb"/Contents (\d+) 0 R", pdf)
    return [_read(objects[number], fonts) for number in contents]


def _characters(objects: dict[bytes, bytes], font: bytes) -> dict[int, str]:
    table = objects[re.search(rb"/ToUnicode (\d+) 0 R", objects[font])[1]]
    return {int(code, 16): chr(int(to, 16)) for code, to in re.findall(rb"<(\w\w)> <(\w{4})>\n", table)}


_SAID = re.compile(rb"/(F\d+\+\d+) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj|(T\*|ET)", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)


def _read(content: bytes, fonts: dict[bytes, dict[int, str]]) -> str:
    text, font = "", {}
    for name, said, ended in _SAID.findall(content):
        font = fonts[name] if name else font
        codes = _ESCAPED.sub(lambda found: bytes([int(found[1], 8)]) if len(found[1]) == 3 else found[1], said)
        text += "".join(font.get(code, "?") for code in codes) + (" " if ended else "")
    return " ".join(text.split())
