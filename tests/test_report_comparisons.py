"""How a report shows what was compared: the signed document's checklist and markers, and the pictures."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from identification import storage
from identification.models import Encoder, Person
from review.models import Review
from review.report.structure import Mark
from review.shown import candidates_shown
from tests import factories, reports
from tests.reports import NAME, compared, concordant, page_of, told, with_closeup

documents = reports.documents


def test_checklist_markers_and_views_come_from_the_signed_document(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, documents: dict[str, Any]
) -> None:
    documents["comparisons"] = [compared(people[0])]
    concordant(review, people[0], first_reviewer, second_reviewer)
    comparison = told(review).findings[0].comparisons[0]
    assert comparison.person == "Ostap Vyhovsky"
    assert [(row.label, row.seen, row.similarity, row.explanation) for row in comparison.components] == [
        ("Eyes", "In both", "Similar", ""),
        ("Ears", "In the photograph only", "Can't tell", "Pose"),
    ]
    assert [(marker.label, marker.text) for marker in comparison.markers] == [("1", "A scar."), ("2", "No note.")]
    assert [(fact.label, fact.text) for fact in comparison.views] == [
        ("View of photograph", "enlarged 2.5 times, turned 12 degrees, brightness 1.2, in grey"),
        ("View of reference", "as it is"),
        ("Tools used", "zoom, flicker"),
    ]
    probe, reference = comparison.pictures
    assert probe.marks == (Mark("1", 0.25, 0.5), Mark("2", 0.75, 0.5))
    assert reference.marks == (Mark("1", 0.3, 0.5), Mark("2", 0.7, 0.5))
    assert reference.face_id == people[0].references.get().face_id


def test_markers_are_drawn_on_the_reference_that_the_reviewer_saw_under_that_number(
    requester: User, administrator: User, gallery: Any, case: Any, encoder: Encoder, random_vectors: Any,
    first_reviewer: User, second_reviewer: User, documents: dict[str, Any],
) -> None:  # fmt: skip
    person = factories.enrol(administrator, gallery, encoder, NAME, *(random_vectors() for _ in range(4)))
    review = factories.searched(requester, case, encoder, random_vectors()).review
    marker = {"number": 1, "probe": ["0.5", "0.5"], "candidate": ["0.5", "0.5"], "note": "Here."}
    documents["comparisons"] = [compared(person, markers=[marker | {"reference": 3}])]
    concordant(review, person, first_reviewer, second_reviewer)
    for finding, place in zip(told(review).findings, review.assignments.order_by("reviewer_id"), strict=True):
        seen = next(one for one in candidates_shown(place)[0].references if one.number == 3)
        assert finding.comparisons[0].pictures[1].face_id == seen.face_id


@pytest.mark.parametrize(
    "comparisons",
    [
        "nothing", [None], [{"person": "nobody"}], [{"person": str(uuid4()), "compared": {}}],
        [{"compared": {"markers": 3}}],
    ],
)  # fmt: skip
def test_document_of_another_shape_is_no_obstacle(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, documents: dict[str, Any],
    comparisons: Any, requester: User, client: Client,
) -> None:  # fmt: skip
    documents["comparisons"] = comparisons
    documents["analysis"] = None
    concordant(review, people[0], first_reviewer, second_reviewer)
    client.force_login(requester)
    assert "Ostap Vyhovsky" in page_of(client, review)


@pytest.mark.parametrize(
    "content",
    [
        {"components": {"beyond": {"probe": True, "similarity": "odd_word"}}},
        {"components": [], "markers": {}, "adjustments": 4, "tools": "all"},
        {"markers": [{"number": 1, "reference": "x", "probe": ["a", "b"], "candidate": [0.5]}]},
        {"markers": [{"number": 1, "reference": 99, "probe": ["nan", "2"], "candidate": None}]},
    ],
)
def test_comparison_of_another_shape_is_no_obstacle(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, documents: dict[str, Any],
    content: dict[str, Any], requester: User, client: Client,
) -> None:  # fmt: skip
    documents["comparisons"] = [{"person": str(people[0].pk), "compared": content}]
    concordant(review, people[0], first_reviewer, second_reviewer)
    client.force_login(requester)
    assert "Compared with Ostap Vyhovsky" in page_of(client, review)


# --- Pictures ----------------------------------------------------------------------------------------------------


def test_deceased_are_shown_only_when_asked_for(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, requester: User, client: Client
) -> None:
    concordant(review, people[0], first_reviewer, second_reviewer)
    client.force_login(requester)
    for name in ("review:report", "review:conclusion"):
        address = reverse(name, args=[review.pk])
        without, shown = client.get(address).content.decode(), client.get(address + "?pictures=1").content.decode()
        assert "<img" not in without
        assert "left out" in without
        assert "?pictures=1" in without
        assert "<img" in shown
        assert "It was asked for with pictures" in shown


def test_picture_is_sent_with_its_markers_and_the_look_is_on_record(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, documents: dict[str, Any],
    requester: User, client: Client,
) -> None:  # fmt: skip
    documents["comparisons"] = [compared(people[0])]
    concordant(review, people[0], first_reviewer, second_reviewer)
    with_closeup(review.probe.face)
    client.force_login(requester)
    of_probe = [picture for picture in told(review).pictures if picture.face_id == review.probe.face_id]
    plain, marked = of_probe[0], next(picture for picture in of_probe if picture.marks)
    answers = [client.get(reverse("review:report-picture", args=[review.pk, each.number])) for each in (plain, marked)]
    assert [answer["Content-Type"] for answer in answers] == ["image/jpeg"] * 2
    assert answers[0].content != answers[1].content
    looks = Entry.objects.filter(kind="identification:photograph:viewed/1", subject_id=review.probe.face_id)
    assert {look.payload["variant"] for look in looks} == {"report"}


@pytest.mark.parametrize("spoil", ["missing", "damaged"])
def test_picture_that_cant_be_shown_is_no_obstacle(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, requester: User, client: Client,
    spoil: str,
) -> None:  # fmt: skip
    concordant(review, people[0], first_reviewer, second_reviewer)
    path = storage.closeup_path(review.probe.face_id)
    if spoil == "damaged":
        storage.write_derivative(path, b"no picture")
    else:
        path.unlink(missing_ok=True)
        storage.derivative_path(review.probe.photograph_id).unlink(missing_ok=True)
    client.force_login(requester)
    assert "<img" in page_of(client, review, "?pictures=1")
    assert client.get(reverse("review:report-picture", args=[review.pk, 1])).status_code == 404
    assert client.get(reverse("review:report-picture", args=[review.pk, 999])).status_code == 404
