"""From a conclusion to an identification: recorded by one person, verified by another, asserted by a third."""

import hashlib
from typing import Any

import pytest
from django.core.files.base import ContentFile

from accounts.models import Role, User
from identification import storage
from identification.models import Purpose
from review import standing
from review.errors import IncompleteWork, NotPermitted, StaleConclusion
from review.models import Conclusion, Review
from review.services import corroboration
from tests import corroboration_scene, factories
from tests.corroboration_scene import (
    CONTENT,
    asserted,
    confirmed,
    payloads,
    recorded,
    refused,
    verified,
)

conclusion, recorder = corroboration_scene.conclusion, corroboration_scene.recorder
verifier, asserter = corroboration_scene.verifier, corroboration_scene.asserter
concluded_for = corroboration_scene.concluded_for


# --- Recording ---------------------------------------------------------------------------------------------------


def test_identifier_is_kept_byte_for_byte_with_who_recorded_it(conclusion: Conclusion, recorder: User) -> None:
    identifier = recorded(recorder, conclusion)
    assert identifier.file_sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert storage.read_original(identifier.file_sha256) == CONTENT
    assert (identifier.byte_size, identifier.file_name, identifier.recorded_by) == (len(CONTENT), "chart.txt", recorder)
    (payload,) = payloads("review:identifier:recorded/1")
    assert payload["identifier_kind"] == "dental"
    assert payload["file_sha256"] == identifier.file_sha256


@pytest.mark.parametrize("role", [Role.INTAKE, Role.LIAISON])
def test_intake_and_liaison_record(conclusion: Conclusion, person_with, role: Role) -> None:
    assert recorded(person_with("somebody", role), conclusion).kind == "dental"


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.INTAKE, Role.LIAISON}))
def test_no_other_role_records(conclusion: Conclusion, person_with, role: Role) -> None:
    somebody = person_with("somebody", role)
    refused(lambda: recorded(somebody, conclusion), NotPermitted, "intake or the liaison role")


def test_nobody_of_another_agency_records_verifies_asserts_or_reads(
    conclusion: Conclusion, outsider: User, recorder: User, verifier: User
) -> None:
    identifier = confirmed(recorder, verifier, conclusion)
    waiting = recorded(recorder, conclusion, "scar")
    refused(lambda: recorded(outsider, conclusion), NotPermitted, "agency")
    refused(lambda: verified(outsider, waiting), NotPermitted, "agency")
    refused(lambda: asserted(outsider, conclusion, identifier), NotPermitted, "agency")
    refused(lambda: corroboration.open_file(actor=outsider, identifier=identifier), NotPermitted, "work with")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "face"}, "of what kind"),
        ({"source": "  "}, "where it comes from"),
        ({"description": "\n"}, "what it shows"),
        ({"source": "s" * 301}, "at most 300"),
        ({"file": ContentFile(b"", name="empty.txt")}, "empty"),
    ],
)
def test_incomplete_identifier_is_refused_with_what_is_missing(
    conclusion: Conclusion, recorder: User, changes: dict[str, Any], words: str
) -> None:
    refused(lambda: recorded(recorder, conclusion, **changes), IncompleteWork, words)


def test_file_that_is_too_large_is_refused(conclusion: Conclusion, recorder: User, settings) -> None:
    settings.UPLOAD_MAX_BYTES = 100
    assert recorded(recorder, conclusion, file=ContentFile(b"x" * 100, name="fits")).byte_size == 100
    larger = ContentFile(b"x" * 101, name="larger")
    refused(lambda: recorded(recorder, conclusion, file=larger), IncompleteWork, "larger than")


def test_file_name_is_told_without_path_and_characters_that_cannot_be_seen(
    conclusion: Conclusion, recorder: User
) -> None:
    file = ContentFile(CONTENT)
    file.name = "C:\\secret\\ch\u202eart.txt\x00"
    assert recorded(recorder, conclusion, file=file).file_name == "chart.txt"


def test_incident_takes_no_identifier(
    concluded_for, recorder: User, administrator: User, encoder, random_vectors
) -> None:
    gallery = factories.open_gallery(administrator, "Incident", "incident", Purpose.INCIDENT)
    factories.enrol(administrator, gallery, encoder, "Somebody recorded", random_vectors())
    lead = concluded_for(Purpose.INCIDENT)
    refused(lambda: recorded(recorder, lead), StaleConclusion, "stays a lead")
    assert standing.standing_of(lead.review) == "investigative lead"


def test_conclusion_that_names_nobody_takes_no_identifier(
    review: Review, first_reviewer: User, second_reviewer: User, recorder: User
) -> None:
    factories.signed(first_reviewer)
    factories.signed(second_reviewer)
    nobody = Conclusion.objects.get(review=review)
    refused(lambda: recorded(recorder, nobody), StaleConclusion, "Nobody is named")


# --- Verifying ---------------------------------------------------------------------------------------------------


def test_another_person_verifies(conclusion: Conclusion, recorder: User, verifier: User) -> None:
    verification = verified(verifier, recorded(recorder, conclusion), "not_confirmed")
    assert (verification.recorded_by, verification.verified_by) == (recorder, verifier)
    assert payloads("review:identifier:verified/1")[0]["verdict"] == "not_confirmed"


def test_nobody_verifies_what_they_recorded(conclusion: Conclusion, recorder: User) -> None:
    identifier = recorded(recorder, conclusion)
    refused(lambda: verified(recorder, identifier), NotPermitted, "somebody else verifies")


@pytest.mark.parametrize("role", [Role.INTAKE, Role.LIAISON, Role.ADJUDICATOR, Role.REVIEWER])
def test_those_who_work_with_cases_or_compare_verify(
    conclusion: Conclusion, recorder: User, person_with, role: Role
) -> None:
    assert verified(person_with("somebody", role), recorded(recorder, conclusion)).verdict == "confirmed"


@pytest.mark.parametrize("role", [Role.ASSERTER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_no_other_role_verifies(conclusion: Conclusion, recorder: User, person_with, role: Role) -> None:
    identifier, somebody = recorded(recorder, conclusion), person_with("somebody", role)
    refused(lambda: verified(somebody, identifier), NotPermitted, "needs a role")


def test_who_judged_the_face_does_not_verify(conclusion: Conclusion, recorder: User, first_reviewer: User) -> None:
    """They are convinced already; an identifier that has nothing to do with the face is looked at by fresh eyes."""
    identifier = recorded(recorder, conclusion)
    refused(lambda: verified(first_reviewer, identifier), NotPermitted, "You judged the face")


def test_identifier_is_verified_once(conclusion: Conclusion, recorder: User, verifier: User, person_with) -> None:
    identifier = confirmed(recorder, verifier, conclusion)
    other = person_with("other", Role.LIAISON)
    refused(lambda: verified(other, identifier, "not_confirmed"), StaleConclusion, "already")


@pytest.mark.parametrize(("verdict", "note"), [("perhaps", "Seen."), ("confirmed", " ")])
def test_verification_says_what_was_found_and_seen(
    conclusion: Conclusion, recorder: User, verifier: User, verdict: str, note: str
) -> None:
    identifier = recorded(recorder, conclusion)

    def verify() -> None:
        corroboration.verify_identifier(actor=verifier, identifier=identifier, verdict=verdict, note=note)

    refused(verify, IncompleteWork, "what you saw")


# --- Reading the file --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_file_is_read_by_those_who_work_with_the_case_and_each_view_is_on_record(
    conclusion: Conclusion, recorder: User, person_with, role: Role
) -> None:
    identifier, somebody = recorded(recorder, conclusion), person_with("somebody", role)
    assert corroboration.open_file(actor=somebody, identifier=identifier) == CONTENT
    assert payloads("review:identifier:viewed/1")[0]["file_sha256"] == identifier.file_sha256


def test_administrator_does_not_read_the_file(conclusion: Conclusion, recorder: User, administrator: User) -> None:
    identifier = recorded(recorder, conclusion)
    refused(lambda: corroboration.open_file(actor=administrator, identifier=identifier), NotPermitted, "work with")


def test_changed_file_is_never_handed_out(conclusion: Conclusion, recorder: User, verifier: User) -> None:
    identifier = recorded(recorder, conclusion)
    storage.original_path(identifier.file_sha256).write_bytes(b"something else")
    refused(
        lambda: corroboration.open_file(actor=verifier, identifier=identifier), storage.OriginalChanged, "not the one"
    )
