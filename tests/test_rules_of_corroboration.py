"""PostgreSQL refuses identifiers, verifications and identifications that the rules forbid, whoever writes."""

import hashlib
import uuid
from typing import Any

import pytest
from django.utils import timezone

from identification.models import PurposePolicy
from review.models import Identification
from tests import factories
from tests.attempts import Attempts
from tests.review_scene import Scene, insert

ATTEMPTS = Attempts()
forbidden_by = ATTEMPTS.forbidden_by
SHA256 = hashlib.sha256(b"a file").hexdigest()


def _concluded(scene: Scene) -> None:
    """Let the first two conclude on the first person."""
    for slot, reviewer in enumerate((scene.first, scene.second), start=1):
        scene.assess(reviewer, slot, scene.people[0])
    insert("review_conclusion", scene.conclusion(**scene.names(scene.people[0])))


def _identifier(scene: Scene, **changes: Any) -> tuple[str, dict[str, Any]]:
    """Return the row of a document that the requester recorded."""
    row = {
        "id": uuid.uuid4(), "conclusion_id": scene.review.pk, "kind": "dental", "source": "Dentist, 2025",
        "description": "Chart compared with chart.", "file_name": "chart.pdf", "file_sha256": SHA256, "byte_size": 6,
        "recorded_by_id": scene.requester.pk, "recorded_at": timezone.now(),
    }  # fmt: skip
    return "review_identifier", row | changes


def _verification(scene: Scene, identifier: uuid.UUID, **changes: Any) -> tuple[str, dict[str, Any]]:
    """Return the row by which somebody else confirms it."""
    row = {
        "identifier_id": identifier, "conclusion_id": scene.review.pk, "recorded_by_id": scene.requester.pk,
        "verified_by_id": scene.third.pk, "verdict": "confirmed", "note": "Looked at both.",
        "verified_at": timezone.now(),
    }  # fmt: skip
    return "review_verification", row | changes


def _recorded(scene: Scene) -> uuid.UUID:
    _concluded(scene)
    table, row = _identifier(scene)
    insert(table, row)
    return row["id"]


def _corroborated(scene: Scene, **verdict: Any) -> uuid.UUID:
    identifier = _recorded(scene)
    insert(*_verification(scene, identifier, **verdict))
    return identifier


def _identification(scene: Scene, identifier: uuid.UUID | None, **changes: Any) -> tuple[str, dict[str, Any]]:
    """Return the row of an identification that would be accepted from somebody who took no part."""
    document = '{"identification":"written by hand"}'
    row = {
        "conclusion_id": scene.review.pk, "case_id": scene.review.case_id, "purpose": "deceased",
        "person_id": scene.people[0].pk, "first_reviewer_id": scene.first.pk, "second_reviewer_id": scene.second.pk,
        "requested_by_id": scene.requester.pk, "asserted_by_id": scene.third.pk, "leading_identifier_id": identifier,
        "leading_verdict": "confirmed", "document": document,
        "document_sha256": hashlib.sha256(document.encode()).hexdigest(), "asserted_at": timezone.now(),
    }  # fmt: skip
    return "review_identification", row | changes


@forbidden_by("identifier_of_a_known_kind")
def identifier_of_a_kind_that_does_not_exist(scene: Scene):
    _concluded(scene)
    return _identifier(scene, kind="face")


@forbidden_by("identifier_states_its_source")
def identifier_without_a_source(scene: Scene):
    _concluded(scene)
    return _identifier(scene, source=" ")


@forbidden_by("identifier_states_its_source")
def identifier_that_does_not_say_what_was_compared(scene: Scene):
    _concluded(scene)
    return _identifier(scene, description="")


@forbidden_by("identifier_has_its_file")
def identifier_without_the_hash_of_a_file(scene: Scene):
    _concluded(scene)
    return _identifier(scene, file_sha256="")


@forbidden_by("verification_by_another_than_recorded_it")
def verification_by_who_recorded_it(scene: Scene):
    return _verification(scene, _recorded(scene), verified_by_id=scene.requester.pk)


@forbidden_by("verification_recorder_is_the_identifiers")
def verification_by_who_recorded_it_under_another_recorders_name(scene: Scene):
    row = {"verified_by_id": scene.requester.pk, "recorded_by_id": scene.outsider.pk}
    return _verification(scene, _recorded(scene), **row)


@forbidden_by("verification_comes_to_a_verdict")
def verification_that_comes_to_no_verdict(scene: Scene):
    return _verification(scene, _recorded(scene), verdict="perhaps")


@forbidden_by("verification_says_what_was_seen")
def verification_without_a_note(scene: Scene):
    return _verification(scene, _recorded(scene), note=" ")


@forbidden_by("review_verification_pkey", "verification_with_verdict")
def second_verification_of_an_identifier(scene: Scene):
    identifier = _corroborated(scene)
    return _verification(scene, identifier, verified_by_id=scene.outsider.pk)


@forbidden_by("identification_by_another_than_asked_or_reviewed")
def identification_by_a_reviewer(scene: Scene):
    return _identification(scene, _corroborated(scene), asserted_by_id=scene.second.pk)


@forbidden_by("identification_by_another_than_asked_or_reviewed")
def identification_by_the_requester(scene: Scene):
    return _identification(scene, _corroborated(scene), asserted_by_id=scene.requester.pk)


@forbidden_by("identification_is_of_what_was_concluded")
def identification_by_a_reviewer_under_another_reviewers_name(scene: Scene):
    row = {"first_reviewer_id": scene.outsider.pk, "asserted_by_id": scene.first.pk}
    return _identification(scene, _corroborated(scene), **row)


@forbidden_by("identification_is_of_what_was_concluded")
def identification_of_another_person_than_was_concluded(scene: Scene):
    return _identification(scene, _corroborated(scene), person_id=scene.people[1].pk)


@forbidden_by("identification_is_in_the_reviews_case")
def identification_in_another_case(scene: Scene):
    return _identification(scene, _corroborated(scene), case_id=factories.open_case(scene.requester).pk)


@forbidden_by("identification_keeps_the_cases_purpose")
def identification_under_a_purpose_that_asks_for_less(scene: Scene):
    _concluded(scene)
    return _identification(scene, None, purpose="missing", leading_verdict=None)


@forbidden_by("identification_never_of_an_incident", "identification_keeps_the_cases_purpose")
def identification_of_an_incident(scene: Scene):
    return _identification(scene, _corroborated(scene), purpose="incident")


@forbidden_by("identification_rests_on_a_confirmed_identifier")
def identification_by_the_face_alone(scene: Scene):
    _concluded(scene)
    return _identification(scene, None, leading_verdict=None)


@forbidden_by("identification_rests_on_a_confirmed_identifier")
def identification_on_an_identifier_that_was_not_confirmed(scene: Scene):
    identifier = _corroborated(scene, verdict="not_confirmed")
    return _identification(scene, identifier, leading_verdict="not_confirmed")


@forbidden_by("identification_leading_identifier_was_confirmed")
def identification_on_an_identifier_that_nobody_verified(scene: Scene):
    return _identification(scene, _recorded(scene))


@forbidden_by("identification_leading_identifier_was_confirmed")
def identification_on_an_identifier_said_to_be_confirmed_that_was_not(scene: Scene):
    return _identification(scene, _corroborated(scene, verdict="not_confirmed"))


@forbidden_by("identification_hash_is_of_its_document")
def identification_whose_hash_is_not_its_documents(scene: Scene):
    return _identification(scene, _corroborated(scene), document_sha256=SHA256)


@forbidden_by("review_identification_pkey")
def second_identification_of_a_conclusion(scene: Scene):
    identifier = _corroborated(scene)
    insert(*_identification(scene, identifier))
    return _identification(scene, identifier, asserted_by_id=scene.outsider.pk)


def _policy(**changes: Any) -> tuple[str, dict[str, Any]]:
    row = PurposePolicy.objects.filter(purpose="deceased").values().get()
    PurposePolicy.objects.filter(purpose="deceased").delete()
    return "identification_purposepolicy", row | changes


@forbidden_by("policy_deceased_and_captured_need_corroboration")
def policy_by_which_the_deceased_need_no_corroboration(scene: Scene):
    return _policy(corroboration_required=False)


@forbidden_by("policy_together_means_two_or_more")
def policy_by_which_one_identifier_is_several(scene: Scene):
    return _policy(sufficient_together=1)


@forbidden_by("policy_knows_its_identifiers")
def policy_that_lets_a_face_suffice(scene: Scene):
    return _policy(sufficient_kinds=["face"])


@pytest.mark.parametrize("name", ATTEMPTS)
def test_database_refuses_by_these_constraints_and_by_nothing_else(scene: Scene, name: str) -> None:
    ATTEMPTS.make(name, scene)


def test_what_was_corroborated_and_asserted_by_somebody_else_is_accepted(scene: Scene) -> None:
    """Or the refusals above would say nothing."""
    insert(*_identification(scene, _corroborated(scene)))
    assert Identification.objects.get().person == scene.people[0]
