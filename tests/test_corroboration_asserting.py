"""A third person asserts who somebody is, on what others recorded and verified."""

import hashlib
import json

import pytest
import rfc8785

from accounts.models import HeldRole, Role, User
from identification.models import Person, Purpose
from review import standing
from review.errors import IncompleteWork, NotPermitted, SignatureRefused, StaleConclusion
from review.models import Conclusion, Identification, Review, ReviewState
from review.services import corroboration
from tests import corroboration_scene, factories
from tests.corroboration_scene import (
    asserted,
    confirmed,
    payloads,
    policy_of,
    recorded,
    refused,
    reopened,
    verified,
)
from tests.review_scene import Scene

conclusion, recorder = corroboration_scene.conclusion, corroboration_scene.recorder
verifier, asserter = corroboration_scene.verifier, corroboration_scene.asserter
concluded_for = corroboration_scene.concluded_for


# --- Asserting ---------------------------------------------------------------------------------------------------


def test_confirmed_dental_record_makes_an_identification(
    conclusion: Conclusion, recorder: User, verifier: User, asserter: User
) -> None:
    assert standing.standing_of(conclusion.review) == "potential identification"
    identification = asserted(asserter, conclusion, confirmed(recorder, verifier, conclusion))
    assert identification.person == conclusion.person
    fresh = Review.objects.get(pk=conclusion.pk)
    assert standing.standing_of(fresh) == "identification"
    assert standing.what_it_is_not(fresh).startswith("It says who the person in this photograph was")


def test_signed_document_holds_everything_in_canonical_form(
    conclusion: Conclusion, recorder: User, verifier: User, asserter: User, people: list[Person]
) -> None:
    dental = confirmed(recorder, verifier, conclusion)
    against, waiting = recorded(recorder, conclusion, "tattoo"), recorded(recorder, conclusion, "effects")
    verified(verifier, against, "not_confirmed")
    identification = asserted(asserter, conclusion, dental)
    document = json.loads(identification.document)
    assert identification.document.encode() == rfc8785.dumps(document)
    assert identification.document_sha256 == hashlib.sha256(identification.document.encode()).hexdigest()
    assert document["signature"]["signer"] == asserter.pk
    assert "I assert that it suffices" in document["signature"]["meaning"]
    assert document["person"] == str(people[0].pk)
    assert document["people"] == {
        "requested_by": conclusion.requested_by_id,
        "first_reviewer": conclusion.first_reviewer_id,
        "second_reviewer": conclusion.second_reviewer_id,
    }
    assert document["conclusion"]["evidence_sha256"] == conclusion.evidence_sha256
    assert document["conclusion"]["finding"] == conclusion.finding
    assert len(document["conclusion"]["assessments_sha256"]) == 2
    by_id = {each["id"]: each for each in document["identifiers"]}
    assert by_id[str(dental.pk)]["primary"]
    assert by_id[str(dental.pk)]["file"]["sha256"] == dental.file_sha256
    assert by_id[str(dental.pk)]["recorded_by"] == recorder.pk
    assert by_id[str(dental.pk)]["verification"]["verified_by"] == verifier.pk
    assert by_id[str(against.pk)]["verification"]["verdict"] == "not_confirmed"
    assert by_id[str(waiting.pk)]["verification"] is None
    assert document["leading_identifier"] == str(dental.pk)
    assert document["rests_on"] == [str(dental.pk)]
    assert document["policy"]["sufficient_kinds"] == ["dental", "dna", "fingerprints"]
    assert payloads("review:identity:asserted/1")[0]["document_sha256"] == identification.document_sha256


def test_unverified_identifier_does_not_count(conclusion: Conclusion, recorder: User, asserter: User) -> None:
    identifier = recorded(recorder, conclusion)
    refused(lambda: asserted(asserter, conclusion, identifier), IncompleteWork, "Still missing: one verified primary")


def test_identifier_that_was_not_confirmed_does_not_count(
    conclusion: Conclusion, recorder: User, verifier: User, asserter: User
) -> None:
    identifier = recorded(recorder, conclusion)
    verified(verifier, identifier, "not_confirmed")
    refused(lambda: asserted(asserter, conclusion, identifier), IncompleteWork, "Still missing")


def test_secondary_identifiers_of_two_kinds_suffice_together(
    conclusion: Conclusion, recorder: User, verifier: User, asserter: User
) -> None:
    tattoo = confirmed(recorder, verifier, conclusion, "tattoo")
    confirmed(recorder, verifier, conclusion, "tattoo")
    refused(lambda: asserted(asserter, conclusion, tattoo), IncompleteWork, "of another kind")
    effects = confirmed(recorder, verifier, conclusion, "effects")
    document = json.loads(asserted(asserter, conclusion, effects).document)
    assert len(document["rests_on"]) == 3


def test_tightened_policy_decides(conclusion: Conclusion, recorder: User, verifier: User, asserter: User) -> None:
    policy_of(Purpose.DECEASED, sufficient_kinds=["dna"], sufficient_together=0)
    dental = confirmed(recorder, verifier, conclusion)
    refused(lambda: asserted(asserter, conclusion, dental), IncompleteWork, r"primary identifier \(DNA\)\.")
    asserted(asserter, conclusion, confirmed(recorder, verifier, conclusion, "dna"))


def test_leading_identifier_is_a_confirmed_one_of_this_conclusion(
    conclusion: Conclusion, recorder: User, verifier: User, asserter: User, concluded_for
) -> None:
    confirmed(recorder, verifier, conclusion)
    elsewhere = confirmed(recorder, verifier, concluded_for(Purpose.DECEASED))
    unverified = recorded(recorder, conclusion, "dna")
    for other in (None, elsewhere, unverified):
        refused(lambda other=other: asserted(asserter, conclusion, other), IncompleteWork, "weighs most")


def test_wrong_password_signs_nothing_and_is_on_record(
    conclusion: Conclusion, recorder: User, verifier: User, asserter: User
) -> None:
    identifier = confirmed(recorder, verifier, conclusion)
    with pytest.raises(SignatureRefused):
        asserted(asserter, conclusion, identifier, password="not it")
    assert not Identification.objects.exists()
    assert len(payloads("review:signature:refused/1")) == 1


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ASSERTER}))
def test_only_the_role_of_its_own_asserts(
    conclusion: Conclusion, recorder: User, verifier: User, person_with, role: Role
) -> None:
    identifier, somebody = confirmed(recorder, verifier, conclusion), person_with("somebody", role)
    refused(lambda: asserted(somebody, conclusion, identifier), NotPermitted, "Asserts identity")


def also_asserts(user: User) -> User:
    HeldRole.objects.create(user=user, role=Role.ASSERTER)
    return User.objects.get(pk=user.pk)


def test_requester_and_reviewers_never_assert(
    conclusion: Conclusion, recorder: User, verifier: User, requester: User, first_reviewer: User, second_reviewer: User
) -> None:
    identifier = confirmed(recorder, verifier, conclusion)
    for person, words in ((requester, "asked"), (first_reviewer, "judged"), (second_reviewer, "judged")):
        refused(lambda p=person: asserted(also_asserts(p), conclusion, identifier), NotPermitted, words)


def test_who_dissented_or_adjudicated_does_not_assert(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, adjudicator: User,
    recorder: User, verifier: User,
) -> None:  # fmt: skip
    factories.signed(first_reviewer, people[0], 2)
    factories.signed(second_reviewer)
    factories.signed(adjudicator, people[0], 2)
    conclusion = Conclusion.objects.get(review=review)
    assert conclusion.adjudicated
    identifier = confirmed(recorder, verifier, conclusion)
    for person in (second_reviewer, adjudicator):
        refused(lambda p=person: asserted(also_asserts(p), conclusion, identifier), NotPermitted, "judged")


def test_recorder_and_verifier_of_what_it_rests_on_do_not_assert(
    conclusion: Conclusion, recorder: User, verifier: User
) -> None:
    identifier = confirmed(recorder, verifier, conclusion)
    for person in (recorder, verifier):
        refused(
            lambda p=person: asserted(also_asserts(p), conclusion, identifier), NotPermitted, "recorded or verified"
        )


def test_who_had_to_do_with_another_identifier_may_assert_where_the_leading_one_suffices_alone(
    conclusion: Conclusion, recorder: User, verifier: User, person_with
) -> None:
    other = person_with("other", Role.INTAKE, Role.ASSERTER)
    confirmed(other, verifier, conclusion, "tattoo")
    asserted(other, conclusion, confirmed(recorder, verifier, conclusion))


def test_where_several_carry_it_together_nobody_asserts_who_had_to_do_with_one_of_them(
    conclusion: Conclusion, recorder: User, verifier: User, person_with
) -> None:
    other = person_with("other", Role.INTAKE, Role.ASSERTER)
    confirmed(other, verifier, conclusion, "tattoo")
    scar = confirmed(recorder, verifier, conclusion, "scar")
    refused(lambda: asserted(other, conclusion, scar), NotPermitted, "recorded or verified")


def test_identity_is_asserted_once_and_nothing_is_added_afterwards(
    conclusion: Conclusion, recorder: User, verifier: User, asserter: User, person_with
) -> None:
    identifier, waiting = confirmed(recorder, verifier, conclusion), recorded(recorder, conclusion, "scar")
    asserted(asserter, conclusion, identifier)
    again = person_with("again", Role.ASSERTER)
    refused(lambda: asserted(again, conclusion, identifier), StaleConclusion, "asserted already")
    refused(lambda: recorded(recorder, conclusion, "dna"), StaleConclusion, "asserted already")
    refused(lambda: verified(verifier, waiting), StaleConclusion, "asserted already")


# --- By purpose --------------------------------------------------------------------------------------------------


def test_captured_needs_a_document_or_statement_and_is_told_as_presence(
    concluded_for, recorder: User, verifier: User, asserter: User
) -> None:
    captured = concluded_for(Purpose.CAPTURED)
    assert standing.standing_of(captured.review) == "presence established"
    refused(lambda: asserted(asserter, captured, None), IncompleteWork, "document or statement")
    asserted(asserter, captured, confirmed(recorder, verifier, captured, "document"))
    fresh = Review.objects.get(pk=captured.pk)
    assert standing.standing_of(fresh) == "presence established, corroborated"
    assert "official bureau" in standing.next_step(fresh)


def test_missing_may_be_asserted_on_the_face_alone_and_says_so(concluded_for, asserter: User) -> None:
    missing = concluded_for(Purpose.MISSING)
    identification = asserted(asserter, missing, None)
    document = json.loads(identification.document)
    assert (document["leading_identifier"], document["rests_on"]) == (None, [])
    assert "no identifier other than the face" in document["signature"]["meaning"]
    assert standing.standing_of(Review.objects.get(pk=missing.pk)) == "location asserted, not corroborated"


def test_missing_with_an_identifier_is_a_location_established(
    concluded_for, recorder: User, verifier: User, asserter: User
) -> None:
    missing = concluded_for(Purpose.MISSING)
    asserted(asserter, missing, confirmed(recorder, verifier, missing, "location"))
    assert standing.standing_of(Review.objects.get(pk=missing.pk)) == "location established"


def test_missing_needs_an_identifier_once_the_policy_asks_for_one(concluded_for, asserter: User) -> None:
    policy_of(Purpose.MISSING, corroboration_required=True)
    missing = concluded_for(Purpose.MISSING)
    refused(lambda: asserted(asserter, missing, None), IncompleteWork, "Still missing")


# --- Reopened, superseded, and blind -----------------------------------------------------------------------------


def test_reopened_conclusion_takes_no_identifier_verdict_or_assertion(
    conclusion: Conclusion, recorder: User, verifier: User, asserter: User, administrator: User
) -> None:
    identifier, waiting = confirmed(recorder, verifier, conclusion), recorded(recorder, conclusion, "scar")
    reopened(conclusion, administrator)
    fresh = Conclusion.objects.get(pk=conclusion.pk)
    refused(lambda: asserted(asserter, fresh, identifier), StaleConclusion, "reviewed again")
    refused(lambda: verified(verifier, waiting), StaleConclusion, "reviewed again")
    refused(lambda: recorded(recorder, fresh), StaleConclusion, "reviewed again")


def later_review(conclusion: Conclusion, scene: Scene, state: str) -> Review:
    search = scene.search_for_another()
    later = Review.objects.get(search=search)
    Review.objects.filter(pk=later.pk).delete()
    return Review.objects.create(
        case=later.case, probe=later.probe, search=search, requested_by=later.requested_by, reviewers_required=2,
        state=state, refers_to=conclusion.review, evidence=later.evidence, evidence_sha256=later.evidence_sha256,
    )  # fmt: skip


def test_superseded_conclusion_is_not_asserted(
    conclusion: Conclusion, scene: Scene, recorder: User, verifier: User, asserter: User
) -> None:
    identifier = confirmed(recorder, verifier, conclusion)
    later_review(conclusion, scene, ReviewState.INCONCLUSIVE)
    refused(lambda: asserted(asserter, conclusion, identifier), StaleConclusion, "reviewed again")


def test_identification_on_a_reopened_conclusion_says_that_it_is_being_reviewed_again(
    conclusion: Conclusion, scene: Scene, recorder: User, verifier: User, asserter: User, administrator: User
) -> None:
    asserted(asserter, conclusion, confirmed(recorder, verifier, conclusion))
    reopened(conclusion, administrator)
    later = later_review(conclusion, scene, ReviewState.OPEN)
    told = Review.objects.get(pk=conclusion.pk)
    assert standing.standing_of(told) == "identification, being reviewed again"
    assert "Nobody is told anything" in standing.next_step(told)
    Review.objects.filter(pk=later.pk).update(state=ReviewState.INCONCLUSIVE)
    assert standing.standing_of(Review.objects.get(pk=conclusion.pk)) == "identification, reviewed again since"


def test_who_may_still_judge_a_face_of_the_case_neither_reads_nor_writes(
    conclusion: Conclusion, scene: Scene, recorder: User, verifier: User, person_with
) -> None:
    scene.search_for_another()  # opens a review in the same case
    waiting = recorded(recorder, conclusion)
    reviewer = person_with("reviewing", Role.REVIEWER, Role.INTAKE, Role.ASSERTER)
    refused(lambda: recorded(reviewer, conclusion, "dna"), NotPermitted, "still have to judge")
    refused(lambda: verified(reviewer, waiting), NotPermitted, "still have to judge")
    verified(verifier, waiting)
    refused(lambda: asserted(reviewer, conclusion, waiting), NotPermitted, "still have to judge")
    refused(lambda: corroboration.open_file(actor=reviewer, identifier=waiting), NotPermitted, "still have to judge")


def test_passwords_are_tried_five_times_and_no_more(
    conclusion: Conclusion, recorder: User, verifier: User, asserter: User
) -> None:
    identifier = confirmed(recorder, verifier, conclusion)
    for _ in range(5):
        with pytest.raises(SignatureRefused, match="not your password"):
            asserted(asserter, conclusion, identifier, password="a guess")
    with pytest.raises(SignatureRefused, match="wrong five times"):
        asserted(asserter, conclusion, identifier)
    assert not Identification.objects.exists()
