"""PostgreSQL refuses a correction that says what it can't mean, and one that is said anew."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from identification.models import Case, Encoder, Face, FaceCorrection, Photograph
from identification.services import correction as correcting
from tests.correction_scene import BOX, photograph_with, standing
from tests.review_scene import execute, insert, refused

pytestmark = pytest.mark.django_db
TABLE = "identification_facecorrection"
LANDMARKS = [float(number) for number in range(10)]


@pytest.fixture
def face(requester: User, case: Case, encoder: Encoder, random_vectors) -> Face:
    return standing(photograph_with(requester, case, encoder, random_vectors()))[0]


@pytest.fixture
def other(requester: User, case: Case, encoder: Encoder, random_vectors) -> Face:
    return standing(photograph_with(requester, case, encoder, random_vectors()))[0]


def row(photograph: Photograph, actor: User, **said: Any) -> dict[str, Any]:
    """A row that would be accepted: a box drawn anew."""
    return {
        "id": uuid4(), "photograph_id": photograph.pk, "kind": "added", "finding_id": None, "face_id": None,
        '"left"': 1.0, "top": 1.0, "width": 20.0, "height": 20.0, "landmarks": None, "state": "waiting",
        "corrected_by_id": actor.pk, "corrected_at": timezone.now(),
    } | said  # fmt: skip


def test_rows_that_say_what_they_should_are_accepted(face: Face, requester: User) -> None:
    """Or nothing below would show that it is the one thing said wrongly that is refused."""
    nowhere = {'"left"': None, "top": None, "width": None, "height": None}
    insert(TABLE, row(face.photograph, requester))
    insert(TABLE, row(face.photograph, requester, landmarks=LANDMARKS, state="dismissed"))
    insert(TABLE, row(face.photograph, requester, kind="removed", finding_id=face.pk, state="done", **nowhere))
    assert FaceCorrection.objects.count() == 3


NOWHERE = {'"left"': None, "top": None, "width": None, "height": None}


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        ("correction_names_the_finding_it_replaces", {"kind": "moved"}),
        ("correction_names_the_finding_it_replaces", {"kind": "removed", "state": "done", **NOWHERE}),
        ("correction_names_the_finding_it_replaces", {"finding_id": "its own"}),
        ("correction_draws_a_box_unless_it_removes", {"width": None}),
        ("correction_draws_a_box_unless_it_removes", {"height": 0.0}),
        ("correction_draws_a_box_unless_it_removes", {'"left"': None}),
        ("correction_draws_a_box_unless_it_removes", {"kind": "removed", "finding_id": "its own", "state": "done"}),
        ("correction_has_a_face_once_it_is_done", {"state": "done"}),
        ("correction_has_a_face_once_it_is_done", {"face_id": "its own"}),
        (
            "correction_has_a_face_once_it_is_done",
            {"kind": "removed", "finding_id": "its own", "face_id": "its own", "state": "done", **NOWHERE},
        ),
        ("correction_has_five_landmarks_or_none", {"landmarks": LANDMARKS[:8]}),
        ("correction_in_a_known_state", {"state": "lost"}),
        ("correction_finding_is_in_its_photograph", {"kind": "moved", "finding_id": "another's"}),
        ("correction_face_is_in_its_photograph", {"face_id": "another's", "state": "done"}),
    ],
)
def test_what_a_correction_cannot_mean_is_refused(
    face: Face, other: Face, requester: User, constraint: str, said: dict[str, Any]
) -> None:
    ids = {"its own": face.pk, "another's": other.pk}
    known = {name: ids.get(value, value) if isinstance(value, str) else value for name, value in said.items()}
    with refused(constraint), transaction.atomic():
        insert(TABLE, row(face.photograph, requester, **known))


def test_finding_is_replaced_once(face: Face, requester: User) -> None:
    insert(TABLE, row(face.photograph, requester, kind="moved", finding_id=face.pk))
    with refused("identification_facecorrection_finding_id_key"):
        insert(TABLE, row(face.photograph, requester, kind="moved", finding_id=face.pk))


@pytest.mark.parametrize(
    "change",
    ["photograph_id = %(other)s", "kind = 'added', finding_id = NULL", "corrected_by_id = %(actor)s", '"left" = 2',
     "top = 2", "width = 2", "height = 2"],
)  # fmt: skip
def test_what_was_corrected_is_never_restated(
    face: Face, other: Face, requester: User, first_reviewer: User, change: str
) -> None:
    correction = correcting.move_face(actor=requester, face=face, box=BOX)
    known = {"other": other.photograph_id, "actor": first_reviewer.pk, "pk": correction.pk}
    with refused("identification_facecorrection_never_restates"):
        execute(f"UPDATE {TABLE} SET {change} WHERE id = %(pk)s", known)
    execute(f"UPDATE {TABLE} SET state = 'dismissed' WHERE id = %(pk)s", known)


def test_kind_is_never_restated(face: Face, requester: User) -> None:
    correction = correcting.move_face(actor=requester, face=face, box=BOX)
    with refused("identification_facecorrection_never_restates"):
        execute(f"UPDATE {TABLE} SET kind = 'removed' WHERE id = %s", [correction.pk])
