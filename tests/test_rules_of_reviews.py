"""PostgreSQL refuses reviews, places and drafts that the rules forbid, and reviewers below two, whoever writes."""

import hashlib
import uuid
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from identification.models import PurposePolicy
from review.models import Assignment, Draft, Review
from tests import factories
from tests.attempts import Attempts
from tests.review_scene import Scene, both_find_nobody, execute, insert

ATTEMPTS = Attempts()
forbidden_by = ATTEMPTS.forbidden_by


def _assignment(scene: Scene, reviewer: User, **changes: Any) -> tuple[str, dict[str, Any]]:
    """Return the row of a place without writing it."""
    with transaction.atomic():
        found = Assignment.objects.filter(pk=scene.assign(scene.outsider, 9)).values().get()
        transaction.set_rollback(True)
    return "review_assignment", found | {"id": uuid.uuid4(), "slot": 1, "reviewer_id": reviewer.pk} | changes


@forbidden_by("assignment_never_to_the_requester")
def place_for_the_requester(scene: Scene):
    return _assignment(scene, scene.requester)


@forbidden_by("assignment_requester_is_the_reviews")
def place_for_the_requester_under_another_requesters_name(scene: Scene):
    return _assignment(scene, scene.requester, requested_by_id=scene.outsider.pk)


@forbidden_by("assignment_one_per_person", "assignment_one_open_per_person")
def two_places_for_one_person(scene: Scene):
    scene.assign(scene.first, 1)
    return _assignment(scene, scene.first, slot=2)


@forbidden_by("assignment_one_per_person", "assignment_one_open_per_person")
def adjudication_by_one_of_the_reviewers(scene: Scene):
    both_find_nobody(scene)
    return _assignment(scene, scene.second, part="adjudicator")


@forbidden_by("assignment_one_per_person")
def place_for_a_person_who_declined(scene: Scene):
    scene.assign(scene.first, 1, state="declined")
    return _assignment(scene, scene.first)


@forbidden_by("assignment_slot_held_by_one")
def two_people_in_one_slot(scene: Scene):
    scene.assign(scene.first, 1)
    return _assignment(scene, scene.second)


@forbidden_by("assignment_slot_held_by_one")
def slot_of_somebody_who_has_signed(scene: Scene):
    scene.assign(scene.first, 1, state="signed")
    return _assignment(scene, scene.second)


@forbidden_by("assignment_to_a_known_part")
def place_in_a_part_that_does_not_exist(scene: Scene):
    return _assignment(scene, scene.first, part="both")


@forbidden_by("assignment_analysis_is_dated")
def analysis_without_a_date(scene: Scene):
    return _assignment(scene, scene.first, suitability="suitable")


def _review(scene: Scene, **changes: Any) -> tuple[str, dict[str, Any]]:
    """Return the row of one more review of the same probe, over a second search."""
    Review.objects.filter(pk=scene.review.pk).update(state="inconclusive")
    search = scene.review.search
    search.pk = uuid.uuid4()
    search._state.adding = True
    search.save()
    row = Review.objects.filter(pk=scene.review.pk).values().get()
    return "review_review", row | {"id": uuid.uuid4(), "search_id": search.pk, "state": "open"} | changes


@forbidden_by("review_requester_is_the_probes")
def review_with_a_misstated_requester(scene: Scene):
    return _review(scene, requested_by_id=scene.first.pk)


@forbidden_by("review_by_two_or_more")
def review_by_one(scene: Scene):
    return _review(scene, reviewers_required=1)


@forbidden_by("review_one_unfinished_per_probe")
def two_unfinished_reviews_of_one_probe(scene: Scene):
    table, row = _review(scene)
    Review.objects.filter(pk=scene.review.pk).update(state="discordant")
    return table, row


@forbidden_by("review_in_a_known_state")
def review_in_a_state_that_does_not_exist(scene: Scene):
    return _review(scene, state="confirmed")


@forbidden_by("review_search_is_for_its_probe")
def review_of_a_search_for_somebody_else(scene: Scene):
    table, row = _review(scene)
    other = scene.search_for_another()
    Review.objects.filter(search=other).delete()
    return table, row | {"search_id": other.pk}


@forbidden_by("review_probe_is_in_its_case")
def review_in_another_case_than_its_probe(scene: Scene):
    return _review(scene, case_id=factories.open_case(scene.requester).pk)


def _probe(scene: Scene, **changes: Any) -> tuple[str, dict[str, Any]]:
    """Return the row of a probe of another face in the same photograph."""
    face = scene.review.probe.face
    face.pk, face.ordinal, face._state.adding = uuid.uuid4(), 2, True
    face.save()
    row = type(scene.review.probe).objects.filter(pk=scene.review.probe_id).values().get()
    return "identification_probe", row | {"id": uuid.uuid4(), "face_id": face.pk} | changes


@forbidden_by("probe_requester_is_the_uploader")
def probe_with_a_misstated_requester(scene: Scene):
    return _probe(scene, requested_by_id=scene.first.pk)


@forbidden_by("policy_never_below_two_reviewers")
def policy_of_one_reviewer(scene: Scene):
    row = PurposePolicy.objects.filter(purpose="deceased").values().get()
    execute("DELETE FROM identification_purposepolicy WHERE purpose = 'deceased'")
    return "identification_purposepolicy", row | {"reviewers": 1}


@forbidden_by("review_hash_is_of_its_evidence")
def review_whose_hash_is_not_its_evidences(scene: Scene):
    return _review(scene, evidence_sha256=hashlib.sha256(b"another").hexdigest())


@forbidden_by("review_only_a_withdrawn_one_says_why")
def open_review_that_says_why_it_was_withdrawn(scene: Scene):
    return _review(scene, withdrawn_because="otherwise")


@forbidden_by("review_only_a_withdrawn_one_says_why")
def review_withdrawn_for_a_cause_that_nobody_defined(scene: Scene):
    return _review(scene, state="withdrawn", withdrawn_because="weather")


@forbidden_by("draft_one_per_section")
def two_drafts_of_one_section(scene: Scene):
    place = scene.assign(scene.first)
    row = {
        "assignment_id": place, "section": "analysis", "content": "{}", "begun_at": timezone.now(),
        "saved_at": timezone.now(),
    }  # fmt: skip
    insert("review_draft", row)
    return "review_draft", row


def _exposure(scene: Scene, **changes: Any) -> tuple[str, dict[str, Any]]:
    """Return the row of the first picture that somebody had shown to them today."""
    row = {
        "viewer_id": scene.first.pk, "day": timezone.localdate(), "number": 1, "face_id": scene.review.probe.face_id,
        "variant": "face", "shown_at": timezone.now(),
    }  # fmt: skip
    return "review_exposure", row | changes


@forbidden_by("exposure_numbered_once_a_day")
def two_pictures_under_one_number(scene: Scene):
    insert(*_exposure(scene))
    return _exposure(scene, variant="photograph")


@forbidden_by("exposure_counted_once_a_day")
def picture_counted_twice_on_one_day(scene: Scene):
    insert(*_exposure(scene))
    return _exposure(scene, number=2)


@forbidden_by("exposure_counts_from_one")
def picture_that_is_not_counted(scene: Scene):
    return _exposure(scene, number=0)


@pytest.mark.parametrize("name", ATTEMPTS)
def test_database_refuses_by_these_constraints_and_by_nothing_else(scene: Scene, name: str) -> None:
    ATTEMPTS.make(name, scene)


def test_drafts_go_with_their_place_and_nothing_else_does(scene: Scene) -> None:
    place = Assignment.objects.get(pk=scene.assign(scene.first))
    Draft.objects.create(assignment=place, section="analysis", saved_at=timezone.now())
    place.delete()
    assert not Draft.objects.exists()
