"""What is recorded side by side: taken only in its own shape, shown only for whom was retained, named by nobody."""

import json
import math
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from accounts.models import User
from identification import storage
from identification.models import Face, Gallery, Person, Purpose
from identification.recognition.alignment import Cut
from identification.recognition.types import Box, DetectedFace
from identification.services import intake
from identification.services.closeups import LARGEST, closeup_of
from review.comparison import LONGEST_MARKER_NOTE, LONGEST_NOTE, MOST_MARKERS, NotKept, checked, untouched
from review.components import Component
from review.models import Assignment, Draft, Review
from review.selectors.comparison import eyes_in_crop, retained_shown, side_by_side
from review.services import drafts, exposure
from review.shown import candidates_shown
from tests import factories
from tests.comparison_scene import Shot, read_as
from tests.review_pages import address

EYE = {"probe": True, "candidate": True, "similarity": "similar", "explanation": "pose", "note": "Lid fold"}
PAIR = {"reference": 1, "number": 1, "probe": [0.123456, 0.5], "candidate": [0, 1], "note": "Mole"}
VIEW = untouched() | {"zoom": 2.00004, "turn": -3, "grey": True}
WHOLE = {
    "components": {"eyes": EYE},
    "markers": [PAIR],
    "adjustments": {"probe": VIEW, "candidate": untouched(), "linked": False},
    "tools": ["zoom", "grey"],
    "shown": 2,
    "references": [2, 1],
    "seconds": 61,
}


@pytest.fixture
def place(review: Review, people: list[Person], first_reviewer: User) -> Assignment:
    """A place of somebody who retained two of three candidates and has opened the picture of the face."""
    place = factories.worked_through(first_reviewer, retained=people[:2], comparing=False)
    exposure.reveal(actor=first_reviewer, assignment=place, variant=exposure.FACE)
    return place


@pytest.fixture
def reader(place: Assignment, browser_of) -> Client:
    return browser_of(place.reviewer)


def positions(place: Assignment) -> list[int]:
    return [shown.position for shown in retained_shown(place)]


def section(place: Assignment, position: int) -> str:
    return next(f"compare:{shown.person_id}" for shown in candidates_shown(place) if shown.position == position)


# --- What is kept ------------------------------------------------------------------------------------------------


def test_components_are_fiswgs_from_top_to_bottom() -> None:
    assert len(Component) == 18
    assert [Component.values[0], Component.values[8], Component.values[-1]] == ["skin", "nose", "alterations"]


def test_whole_comparison_is_kept_with_its_numbers_rounded() -> None:
    kept = checked(WHOLE)
    assert kept["markers"][0]["probe"] == [0.1235, 0.5]
    assert kept["adjustments"]["probe"]["zoom"] == 2.0
    assert kept["references"] == [1, 2]
    assert kept["components"]["eyes"] == EYE
    assert checked(kept) == kept


def test_component_of_which_nothing_was_said_is_left_out() -> None:
    silent = {"probe": False, "candidate": False, "similarity": "", "explanation": "", "note": "  "}
    kept = checked({"components": {"nose": EYE, "skin": silent, "ears": {"note": "Lobe"}, "eyes": {"probe": True}}})
    assert list(kept["components"]) == ["eyes", "nose", "ears"]


def test_what_nobody_touched_is_left_out() -> None:
    assert checked({}) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"score": 0.9},
        {"components": {"aura": {}}},
        {"components": {"eyes": {"beauty": 5}}},
        {"components": {"eyes": {"similarity": "identical"}}},
        {"components": {"eyes": {"similarity": ["similar"]}}},
        {"components": {"eyes": {"probe": "yes"}}},
        {"components": {"eyes": {"note": "x" * (LONGEST_NOTE + 1)}}},
        {"components": {"eyes": {"note": "\ud800"}}},
        {"components": []},
        {"markers": {}},
        {"markers": [PAIR] * 2},
        {"markers": [PAIR | {"number": number} for number in range(1, MOST_MARKERS + 2)]},
        {"markers": [PAIR | {"probe": [0.5]}]},
        {"markers": [PAIR | {"probe": [0.5, 1.01]}]},
        {"markers": [PAIR | {"probe": [0.5, math.nan]}]},
        {"markers": [PAIR | {"number": 1.5}]},
        {"markers": [PAIR | {"number": True}]},
        {"markers": [PAIR | {"reference": 4}]},
        {"markers": [PAIR | {"note": "x" * (LONGEST_MARKER_NOTE + 1)}]},
        {"adjustments": {"third": {}}},
        {"adjustments": {"probe": {"zoom": 1e9}}},
        {"adjustments": {"probe": {"turn": math.inf}}},
        {"adjustments": {"probe": {"blur": 3}}},
        {"adjustments": {"linked": 1}},
        {"tools": ["grid"]},
        {"shown": 0},
        {"references": [4]},
        {"seconds": -1},
        {"seconds": "9"},
    ],
)
def test_what_is_no_comparison_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(NotKept, match="What was saved before is kept"):
        checked(change, references=3)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*WHOLE, *EYE, *PAIR, *VIEW, "eyes"]), inner),
    max_leaves=12,
)


@given(json_values)
def test_whatever_comes_is_either_kept_or_refused(content: Any) -> None:
    try:
        kept = checked(content, references=3)
    except NotKept:
        return
    assert checked(kept, references=3) == kept


def test_everything_said_at_full_length_in_cyrillic_fits_a_draft(place: Assignment) -> None:
    content = checked(
        WHOLE
        | {
            "components": {code: EYE | {"note": "ї" * LONGEST_NOTE} for code in Component.values},
            "markers": [PAIR | {"number": n, "note": "ї" * LONGEST_MARKER_NOTE} for n in range(1, MOST_MARKERS + 1)],
        }
    )
    drafts.save_draft(actor=place.reviewer, assignment=place, section="compare:x", content=content)


# --- Who is compared ---------------------------------------------------------------------------------------------


def test_only_retained_candidates_open(place: Assignment, reader: Client) -> None:
    answers = {position: reader.get(address("compare", place, position)).status_code for position in range(6)}
    assert answers == {position: 200 if position in positions(place) else 404 for position in range(6)}


def test_nobody_elses_comparison_opens(place: Assignment, second_reviewer: User, browser_of) -> None:
    assert browser_of(second_reviewer).get(address("compare", place, positions(place)[0])).status_code == 404


def test_nothing_opens_before_the_candidates_were_gone_through(
    review: Review, first_reviewer: User, browser_of
) -> None:
    place = factories.taken(first_reviewer)
    client = browser_of(first_reviewer)
    assert client.get(address("compare", place, 1)).status_code == 404
    assert client.get(address("compare-first", place)).url == address("probe", place)


def test_the_way_in_is_the_first_retained(place: Assignment, reader: Client) -> None:
    assert reader.get(address("compare-first", place)).url == address("compare", place, positions(place)[0])


def test_the_deceased_are_compared_only_after_their_picture_was_opened(
    review: Review, people: list[Person], first_reviewer: User, browser_of
) -> None:
    place = factories.worked_through(first_reviewer, retained=people[:1], comparing=False)
    assert review.case.purpose == Purpose.DECEASED
    page = address("compare", place, positions(place)[0])
    assert browser_of(first_reviewer).get(page).url == address("probe", place)
    exposure.reveal(actor=first_reviewer, assignment=place, variant=exposure.FACE)
    assert browser_of(first_reviewer).get(page).status_code == 200


def test_nothing_sent_names_anybody_or_tells_an_id_that_is_met_elsewhere(
    place: Assignment, reader: Client, people: list[Person]
) -> None:
    text = reader.get(address("compare", place, positions(place)[0])).content.decode()
    telling = [str(face.pk) for face in Face.objects.all()]
    for person in people:
        telling += [str(person.pk), person.name, *(str(reference.pk) for reference in person.references.all())]
    assert [word for word in telling if word in text] == []
    assert f"/candidates/{positions(place)[1]}/1/close/image/" in text


def test_another_reference_is_shown_without_javascript(
    review: Review, administrator: User, first_reviewer: User, gallery: Gallery, encoder, case, requester,
    random_vectors, browser_of,
) -> None:  # fmt: skip
    many = factories.enrol(administrator, gallery, encoder, "Many", *(random_vectors() for _ in range(3)))
    another = factories.searched(requester, case, encoder, random_vectors()).review
    Review.objects.filter(pk=review.pk).update(state="withdrawn")
    place = factories.worked_through(first_reviewer, retained=[many], comparing=False)
    assert place.review == another
    exposure.reveal(actor=first_reviewer, assignment=place, variant=exposure.FACE)
    page = address("compare", place, positions(place)[0])
    text = browser_of(first_reviewer).get(f"{page}?reference=3").content.decode()
    assert "reference 3 of 3" in text
    assert f'src="{reverse("review:candidate-image", args=[place.pk, positions(place)[0], 3, "close"])}"' in text


# --- Keeping it --------------------------------------------------------------------------------------------------


def test_posted_checklist_is_kept_and_goes_on_to_the_next_and_then_to_conclude(
    place: Assignment, reader: Client
) -> None:
    first, second = positions(place)
    form = {"eyes-probe": "on", "eyes-candidate": "on", "eyes-rating": "different", "eyes-explanation": "age"}
    answer = reader.post(address("compare", place, first), form)
    assert answer.url == address("compare", place, second)
    assert reader.post(address("compare", place, second), {}).url == address("conclude", place)
    kept = drafts.draft_of(place, section(place, first))["components"]
    assert kept == {"eyes": EYE | {"similarity": "different", "explanation": "age", "note": ""}}
    again = reader.get(address("compare", place, first)).content.decode()
    assert '<option value="age" selected>' in again


def test_posted_checklist_leaves_points_and_adjustments_as_they_were_kept(place: Assignment, reader: Client) -> None:
    position = positions(place)[0]
    kept = {"markers": [PAIR], "seconds": 5}
    drafts.save_draft(actor=place.reviewer, assignment=place, section=section(place, position), content=kept)
    reader.post(address("compare", place, position), {"nose-note": "Broad"})
    after = drafts.draft_of(place, section(place, position))
    assert after["markers"][0]["note"] == "Mole"
    assert after["components"]["nose"]["note"] == "Broad"


def test_script_posts_the_whole_comparison(place: Assignment, reader: Client) -> None:
    position = positions(place)[-1]
    whole = WHOLE | {"shown": 1, "references": [1]}
    answer = reader.post(address("compare", place, position), {"comparison": json.dumps(whole)})
    assert answer.url == address("conclude", place)
    assert drafts.draft_of(place, section(place, position)) == checked(whole)


@pytest.mark.parametrize("whole", ["{", "[]", '{"score": 1}', '{"seconds": -1}'])
def test_what_is_no_comparison_is_refused_on_the_page(place: Assignment, reader: Client, whole: str) -> None:
    answer = reader.post(address("compare", place, positions(place)[0]), {"comparison": whole})
    assert answer.status_code == 422
    assert "be kept:" in answer.content.decode()
    assert not Draft.objects.exists()


def test_draft_of_a_comparison_is_checked(place: Assignment, reader: Client) -> None:
    page = address("draft", place, f"compare-{positions(place)[0]}")
    kept = {"components": {"eyes": EYE}, "seconds": 3}
    assert reader.post(page, json.dumps(kept), content_type="application/json").status_code == 204
    refused = reader.post(page, json.dumps({"score": 1}), content_type="application/json")
    assert (refused.status_code, "not known here" in refused.json()["sentence"]) == (400, True)
    assert Draft.objects.get().content == kept


def test_place_given_back_keeps_nothing_more(place: Assignment, reader: Client) -> None:
    Assignment.objects.filter(pk=place.pk).update(state=Assignment.State.DECLINED)
    answer = reader.post(address("compare", place, positions(place)[0]), {"eyes-probe": "on"})
    assert answer.url == reverse("review:queue")
    assert not Draft.objects.exists()


def test_page_of_twenty_retained_with_five_references_each_is_under_150_kilobytes(
    administrator: User, requester: User, first_reviewer: User, gallery: Gallery, encoder, case, random_vectors,
    browser_of,
) -> None:  # fmt: skip
    vectors = [[random_vectors() for _ in range(5)] for _ in range(20)]
    many = factories.enrol_many(administrator, gallery, encoder, vectors)
    factories.searched(requester, case, encoder, random_vectors())
    place = factories.worked_through(first_reviewer, retained=many, comparing=False)
    exposure.reveal(actor=first_reviewer, assignment=place, variant=exposure.FACE)
    worked = checked(
        WHOLE
        | {
            "components": {code: EYE | {"note": ""} for code in Component.values},
            "markers": [PAIR | {"number": number} for number in range(1, 6)],
        }
    )
    assert len(positions(place)) == 20
    for person in many[:10]:
        name = drafts.compare_section(person.pk)
        drafts.save_draft(actor=first_reviewer, assignment=place, section=name, content=worked)
    page = browser_of(first_reviewer).get(address("compare", place, positions(place)[0]))
    assert page.content.decode().count("/close/image/") > 100
    assert len(page.content) < 150_000


# --- Where the eyes are, and the pictures ------------------------------------------------------------------------


def test_eyes_are_told_in_fractions_of_the_crop(place: Assignment) -> None:
    """The test's face has its eyes at (20, 25) and (40, 25) in a box of 40 about (30, 30): a crop of 64 from -2."""
    left, right = side_by_side(place)["probe"]["eyes"]
    assert left == pytest.approx([(20 + 2) / 64, (25 + 2) / 64], abs=1e-4)
    assert right == pytest.approx([(40 + 2) / 64, (25 + 2) / 64], abs=1e-4)


@pytest.mark.parametrize("roll", [0.0, 17.0, -90.0, 180.0])
def test_eyes_in_a_crop_are_where_the_cut_took_them_from(place: Assignment, roll: float) -> None:
    face = place.review.probe.face
    face.roll = roll
    cut = Cut.around(face.as_detected(), margin=0.6)
    for fraction, eye in zip(eyes_in_crop(face), face.as_detected().landmarks[:2], strict=True):
        there = cut.to_photograph((fraction[0] * 1000, fraction[1] * 1000), 1000)
        assert there == pytest.approx(eye, abs=0.02)


def test_worker_keeps_the_face_large_from_the_full_photograph(
    case, requester: User, encoder, random_vectors, settings
) -> None:
    settings.DERIVATIVE_LONGEST_SIDE = 400
    rng = np.random.default_rng(3)
    image = Image.fromarray(rng.integers(0, 255, (1600, 1600, 3), dtype=np.uint8))
    found = DetectedFace(
        Box(300, 300, 1000, 1000), ((600, 700), (1000, 700), (800, 900), (650, 1100), (950, 1100)), 0.0, 0, 0.9
    )
    photograph = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    face = read_as(photograph, encoder, Shot(image, found), random_vectors())  # type: ignore[arg-type]
    with Image.open(storage.closeup_path(face.pk)) as large, Image.open(storage.derivative_path(photograph.pk)) as seen:
        assert large.size == (LARGEST, LARGEST)
        assert max(seen.size) == 400
    storage.closeup_path(face.pk).unlink()
    face.photograph.refresh_from_db()
    with Image.open(closeup_of(face)) as of_one_read_before:
        assert of_one_read_before.size == (400, 400)
