"""PostgreSQL refuses agreements, supplementary notes and reopenings that the rules forbid, whoever writes."""

import hashlib
import uuid
from typing import Any

import pytest
from django.utils import timezone

from review.models import Agreement, Assessment, SupplementaryNote
from tests.attempts import Attempts
from tests.review_scene import Scene, both_find_nobody, insert

ATTEMPTS = Attempts()
forbidden_by = ATTEMPTS.forbidden_by


def _agreement(scene: Scene, **changes: Any) -> tuple[str, dict[str, Any]]:
    """Return the row of an agreement that both agencies made."""
    row = {
        "id": uuid.uuid4(), "holder_id": scene.requester.agency_id, "helper_id": scene.outsider.agency_id,
        "purposes": ["deceased"], "basis": "Treaty of 2026", "proposed_by_id": scene.requester.pk,
        "proposed_at": timezone.now(), "accepted_by_id": scene.outsider.pk, "accepted_at": timezone.now(),
        "ended_by_id": None, "ended_at": None,
    }  # fmt: skip
    return "review_agreement", row | changes


@forbidden_by("agreement_between_two_agencies")
def agreement_of_an_agency_with_itself(scene: Scene):
    return _agreement(scene, helper_id=scene.requester.agency_id)


@forbidden_by("agreement_accepted_by_another_than_proposed_it")
def agreement_accepted_by_who_proposed_it(scene: Scene):
    return _agreement(scene, accepted_by_id=scene.requester.pk)


@forbidden_by("agreement_accepted_by_another_than_proposed_it")
def agreement_accepted_by_nobody(scene: Scene):
    return _agreement(scene, accepted_by_id=None)


@forbidden_by("agreement_end_is_dated")
def agreement_ended_without_a_date(scene: Scene):
    return _agreement(scene, ended_by_id=scene.requester.pk)


@forbidden_by("agreement_for_known_purposes")
def agreement_for_no_purpose(scene: Scene):
    return _agreement(scene, purposes=[])


@forbidden_by("agreement_for_known_purposes")
def agreement_for_a_purpose_that_does_not_exist(scene: Scene):
    return _agreement(scene, purposes=["curiosity"])


@forbidden_by("agreement_states_its_basis")
def agreement_without_a_basis(scene: Scene):
    return _agreement(scene, basis=" ")


@forbidden_by("agreement_one_at_a_time")
def second_agreement_between_the_same_agencies(scene: Scene):
    insert(*_agreement(scene))
    return _agreement(scene)


def _note(scene: Scene, **changes: Any) -> tuple[str, dict[str, Any]]:
    """Return the row of a note by which the first reviewer adds to what they signed."""
    both_find_nobody(scene)
    document = '{"note":"written by hand"}'
    row = {
        "id": uuid.uuid4(), "assessment_id": Assessment.objects.get(reviewer=scene.first).pk,
        "author_id": scene.first.pk, "text": "Seen again.", "document": document,
        "document_sha256": hashlib.sha256(document.encode()).hexdigest(), "signed_at": timezone.now(),
    }  # fmt: skip
    return "review_supplementarynote", row | changes


@forbidden_by("note_is_by_who_signed_the_assessment")
def note_by_somebody_else_than_signed(scene: Scene):
    return _note(scene, author_id=scene.second.pk)


@forbidden_by("note_says_something")
def note_without_a_word(scene: Scene):
    return _note(scene, text=" ")


@forbidden_by("note_hash_is_of_its_document")
def note_whose_hash_is_not_its_documents(scene: Scene):
    return _note(scene, document_sha256=hashlib.sha256(b"another").hexdigest())


def _reopening(scene: Scene, **changes: Any) -> tuple[str, dict[str, Any]]:
    row = {
        "id": uuid.uuid4(), "review_id": scene.review.pk, "cause": "new_evidence", "reason": "A record has come.",
        "opened_by_id": scene.requester.pk, "opened_at": timezone.now(),
    }  # fmt: skip
    return "review_reopening", row | changes


@forbidden_by("reopening_gives_a_reason")
def reopening_without_a_reason(scene: Scene):
    return _reopening(scene, reason=" ")


@forbidden_by("reopening_for_a_known_cause")
def reopening_for_a_cause_that_does_not_exist(scene: Scene):
    return _reopening(scene, cause="doubt")


@forbidden_by("review_reopening_review_id_key")
def second_reopening_of_a_review(scene: Scene):
    insert(*_reopening(scene))
    return _reopening(scene)


@pytest.mark.parametrize("name", ATTEMPTS)
def test_database_refuses_by_these_constraints_and_by_nothing_else(scene: Scene, name: str) -> None:
    ATTEMPTS.make(name, scene)


def test_what_keeps_to_the_rules_is_accepted(scene: Scene) -> None:
    """Or the refusals above would say nothing; an ended agreement makes way for another."""
    insert(*_agreement(scene, ended_by_id=scene.requester.pk, ended_at=timezone.now()))
    insert(*_agreement(scene))
    insert(*_note(scene))
    insert(*_reopening(scene))
    assert (Agreement.objects.count(), SupplementaryNote.objects.count()) == (2, 1)
