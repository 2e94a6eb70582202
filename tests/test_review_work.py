"""What reviewers do, what it comes to, and what is refused on the way: the services, one step after another."""

import hashlib
import json
import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import rfc8785
from django.utils import timezone

from accounts.models import HeldRole, Role, User
from audit.models import Entry
from identification.models import Case, Encoder, Person, PurposePolicy
from review import selectors
from review.errors import IncompleteWork, NotPermitted, ReviewError, SignatureRefused, StaleAssignment
from review.models import Assessment, Assignment, Conclusion, Part, Review
from review.services import assessment as assessing
from review.services import queue
from review.signed_document import meaning_of_signature
from tests import factories
from tests.conftest import PASSWORD


def sign(actor: User, assignment: Assignment, **said: Any) -> Assessment:
    return assessing.sign_assessment(
        **{"actor": actor, "assignment": assignment, "rationale": "Compared.", "password": PASSWORD} | said
    )


def entries(kind: str) -> int:
    return Entry.objects.filter(kind__startswith=kind).count()


def stays_unwritten(call: Callable[[], Any], error: type[Exception], words: str = "") -> None:
    """Expect a refusal that leaves nothing behind, no entry either."""
    before = (Entry.objects.count(), list(Assignment.objects.order_by("pk").values()), Assessment.objects.count())
    with pytest.raises(error, match=words or None):
        call()
    after = (Entry.objects.count(), list(Assignment.objects.order_by("pk").values()), Assessment.objects.count())
    assert after == before


@pytest.fixture
def third_reviewer(person_with: Callable[..., User]) -> User:
    return person_with("third_reviewer", Role.REVIEWER)


# --- What assessments amount to ----------------------------------------------------------------------------------


def test_two_who_retain_the_same_person_are_concordant(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User
) -> None:
    factories.signed(first_reviewer, people[1], 3)
    assert not Conclusion.objects.exists()
    factories.signed(second_reviewer, people[1], 1)
    conclusion = Conclusion.objects.get(review=review)
    assert (conclusion.outcome, conclusion.person, conclusion.adjudicated) == ("concordant", people[1], False)
    assert {conclusion.first_reviewer, conclusion.second_reviewer} == {first_reviewer, second_reviewer}
    assert conclusion.requested_by == review.requested_by


def test_two_who_retain_nobody_find_no_candidate(review: Review, first_reviewer: User, second_reviewer: User) -> None:
    factories.signed(first_reviewer)
    factories.signed(second_reviewer)
    conclusion = Conclusion.objects.get(review=review)
    assert (conclusion.outcome, conclusion.person) == ("no_candidate", None)


def test_two_who_find_the_photograph_unsuitable_say_so(
    review: Review, first_reviewer: User, second_reviewer: User
) -> None:
    factories.signed(first_reviewer, unsuitable=True)
    factories.signed(second_reviewer, unsuitable=True)
    assert Conclusion.objects.get(review=review).outcome == "unsuitable"


@pytest.mark.parametrize("level", [0, -1, -2, -3])
def test_person_without_support_counts_as_nobody(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, level: int
) -> None:
    assert factories.signed(first_reviewer, people[0], level).finding == "none"
    factories.signed(second_reviewer)
    conclusion = Conclusion.objects.get(review=review)
    assert (conclusion.outcome, conclusion.person) == ("no_candidate", None)


@pytest.mark.parametrize(
    ("second_person", "level", "unsuitable"),
    [(None, None, False), (None, None, True), (1, 2, False), (0, 0, False), (0, -3, False)],
    ids=["nobody", "unsuitable", "another person", "same person, neither", "same person, against"],
)
def test_everything_else_is_discordant(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User,
    second_person: int | None, level: int | None, unsuitable: bool,
) -> None:  # fmt: skip
    factories.signed(first_reviewer, people[0], 2)
    factories.signed(
        second_reviewer, people[second_person] if second_person is not None else None, level, unsuitable=unsuitable
    )
    review.refresh_from_db()
    assert review.state == "discordant"
    assert not Conclusion.objects.exists()


@pytest.mark.parametrize("sides_with", ["first", "second"])
def test_adjudicator_decides_for_either_side_and_dissent_stays(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, adjudicator: User,
    sides_with: str,
) -> None:  # fmt: skip
    factories.signed(first_reviewer, people[0])
    factories.signed(second_reviewer)
    factories.signed(adjudicator, people[0] if sides_with == "first" else None)
    conclusion = Conclusion.objects.get(review=review)
    agreeing, dissenting = (
        (first_reviewer, second_reviewer) if sides_with == "first" else (second_reviewer, first_reviewer)
    )
    assert {conclusion.first_reviewer, conclusion.second_reviewer} == {agreeing, adjudicator}
    assert conclusion.adjudicated
    assert conclusion.person == (people[0] if sides_with == "first" else None)
    dissent = review.assessments.get(reviewer=dissenting)
    assert dissent.finding != conclusion.finding
    assert review.assessments.count() == 3


def test_three_different_findings_are_inconclusive(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, adjudicator: User
) -> None:
    for reviewer, person in zip((first_reviewer, second_reviewer, adjudicator), people, strict=True):
        factories.signed(reviewer, person)
    review.refresh_from_db()
    assert review.state == "inconclusive"
    assert not Conclusion.objects.exists()
    assert entries("review:review:inconclusive") == 1


# --- Stricter policies -------------------------------------------------------------------------------------------


@pytest.fixture
def three_required(db: None) -> None:
    PurposePolicy.objects.filter(purpose="deceased").update(reviewers=3)


@pytest.mark.usefixtures("three_required")
def test_policy_of_three_needs_three(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    factories.signed(first_reviewer, people[0])
    factories.signed(second_reviewer, people[0])
    assert not Conclusion.objects.exists()
    factories.signed(third_reviewer, people[0])
    assert Conclusion.objects.get(review=review).person == people[0]


@pytest.mark.usefixtures("three_required")
def test_policy_of_three_is_discordant_when_one_differs(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    factories.signed(first_reviewer, people[0])
    factories.signed(second_reviewer, people[0])
    factories.signed(third_reviewer)
    review.refresh_from_db()
    assert review.state == "discordant"


@pytest.mark.usefixtures("three_required")
@pytest.mark.parametrize(
    ("third", "adjudicated", "state"),
    [(None, 0, "concluded"), (None, None, "inconclusive"), (1, 2, "inconclusive"), (1, 0, "concluded")],
    ids=["three to one", "two to two", "two, one and one", "three to one person"],
)
def test_of_four_more_than_half_decide(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, third_reviewer: User,
    adjudicator: User, third: int | None, adjudicated: int | None, state: str,
) -> None:  # fmt: skip
    factories.signed(first_reviewer, people[0])
    factories.signed(second_reviewer, people[0])
    factories.signed(third_reviewer, people[third] if third is not None else None)
    factories.signed(adjudicator, people[adjudicated] if adjudicated is not None else None)
    review.refresh_from_db()
    assert review.state == state
    assert Conclusion.objects.exists() == (state == "concluded")


@pytest.mark.usefixtures("three_required")
def test_tightened_policy_leaves_open_reviews_as_they_were(review: Review) -> None:
    PurposePolicy.objects.filter(purpose="deceased").update(reviewers=2)
    review.refresh_from_db()
    assert review.reviewers_required == 3


# --- Who is given what -------------------------------------------------------------------------------------------


def test_requester_is_never_given_their_own(review: Review, requester: User) -> None:
    assert requester.has_role(Role.REVIEWER)
    assert queue.take_next(actor=requester) is None
    assert selectors.queue_of(requester).waiting == 0


def test_who_opened_the_case_is_never_given_it(
    case: Case, encoder: Encoder, people: list[Person], person_with, requester: User, random_vectors
) -> None:
    uploader = person_with("uploader", Role.INTAKE)
    review = factories.searched(uploader, case, encoder, random_vectors()).review
    assert (review.requested_by, review.case.opened_by) == (uploader, requester)
    assert queue.take_next(actor=requester) is None


def test_requester_never_adjudicates(
    review: Review, people: list[Person], requester: User, first_reviewer: User, second_reviewer: User
) -> None:
    factories.signed(first_reviewer, people[0])
    factories.signed(second_reviewer)
    assert requester.has_role(Role.ADJUDICATOR)
    assert queue.take_next(actor=requester) is None


def test_adjudicator_who_reviewed_never_adjudicates(
    review: Review, people: list[Person], person_with, first_reviewer: User, adjudicator: User
) -> None:
    both = person_with("both", Role.REVIEWER, Role.ADJUDICATOR)
    factories.signed(both, people[0])
    factories.signed(first_reviewer)
    assert queue.take_next(actor=both) is None
    assert factories.taken(adjudicator).part == Part.ADJUDICATOR


def test_adjudicator_who_left_a_review_never_adjudicates_it(
    review: Review, people: list[Person], person_with, first_reviewer: User, second_reviewer: User
) -> None:
    both = person_with("both", Role.REVIEWER, Role.ADJUDICATOR)
    leave(factories.taken(both))
    factories.signed(first_reviewer, people[0])
    factories.signed(second_reviewer)
    assert queue.take_next(actor=both) is None


def test_other_agency_is_never_given_it(review: Review, outsider: User) -> None:
    assert outsider.has_role(Role.REVIEWER)
    assert queue.take_next(actor=outsider) is None
    assert selectors.queue_of(outsider).waiting == 0


@pytest.mark.parametrize("role", [Role.INTAKE, Role.AUDITOR, Role.ADMINISTRATOR, Role.LIAISON, Role.ADJUDICATOR])
def test_other_roles_are_given_no_review(review: Review, person_with, role: Role) -> None:
    assert queue.take_next(actor=person_with("somebody", role)) is None


def test_reviewer_is_given_no_adjudication(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    factories.signed(first_reviewer, people[0])
    factories.signed(second_reviewer)
    assert queue.take_next(actor=third_reviewer) is None


def test_third_reviewer_finds_no_place(
    review: Review, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    slots = {factories.taken(reviewer).slot for reviewer in (first_reviewer, second_reviewer)}
    assert slots == {1, 2}
    assert queue.take_next(actor=third_reviewer) is None


def test_oldest_review_comes_first_and_one_at_a_time(
    review: Review, case: Case, encoder: Encoder, requester: User, first_reviewer: User, random_vectors
) -> None:
    newer = factories.searched(requester, case, encoder, random_vectors()).review
    held = factories.taken(first_reviewer)
    assert held.review == review
    assert queue.take_next(actor=first_reviewer) == held
    sign(first_reviewer, factories.worked_through(first_reviewer))
    assert factories.taken(first_reviewer).review == newer


def test_nobody_works_in_somebody_elses_place(review: Review, first_reviewer: User, second_reviewer: User) -> None:
    place = factories.taken(first_reviewer)
    for call in (
        lambda: assessing.record_analysis(
            actor=second_reviewer, assignment=place, suitability="suitable", limitations=[]
        ),
        lambda: assessing.record_comparison(actor=second_reviewer, assignment=place, retained=[]),
        lambda: sign(second_reviewer, place),
        lambda: queue.decline(actor=second_reviewer, assignment=place, reason="distressing"),
    ):
        stays_unwritten(call, NotPermitted, "somebody else's")


def test_who_lost_the_role_signs_nothing(review: Review, first_reviewer: User) -> None:
    place = factories.worked_through(first_reviewer)
    HeldRole.objects.filter(user=first_reviewer).delete()
    stays_unwritten(lambda: sign(User.objects.get(pk=first_reviewer.pk), place), NotPermitted)


# --- Giving back and leaving -------------------------------------------------------------------------------------


def leave(assignment: Assignment) -> None:
    """Let the lease of a place run out."""
    Assignment.objects.filter(pk=assignment.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    assert queue.lapse_assignments() == 1


def test_declined_review_is_never_offered_again_and_its_place_is_free(
    review: Review, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    queue.decline(actor=first_reviewer, assignment=factories.taken(first_reviewer), reason="distressing")
    assert queue.take_next(actor=first_reviewer) is None
    assert selectors.queue_of(first_reviewer).waiting == 0
    assert {factories.taken(second_reviewer).slot, factories.taken(third_reviewer).slot} == {1, 2}


def test_declined_review_is_not_offered_again_because_somebody_else_left(
    review: Review, first_reviewer: User, second_reviewer: User
) -> None:
    queue.decline(actor=first_reviewer, assignment=factories.taken(first_reviewer), reason="acquainted")
    leave(factories.taken(second_reviewer))
    assert queue.take_next(actor=first_reviewer) is None


def test_signed_review_is_not_offered_again_because_somebody_else_left(
    review: Review, first_reviewer: User, second_reviewer: User
) -> None:
    factories.signed(first_reviewer)
    leave(factories.taken(second_reviewer))
    assert queue.take_next(actor=first_reviewer) is None


def test_place_of_who_left_is_free_for_others(
    review: Review, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    left = factories.taken(first_reviewer)
    factories.taken(second_reviewer)
    leave(left)
    assert factories.taken(third_reviewer).slot == left.slot
    assert queue.take_next(actor=first_reviewer) is None


def test_who_left_gets_their_place_back_with_the_draft(
    review: Review, people: list[Person], first_reviewer: User
) -> None:
    left = factories.worked_through(first_reviewer, suitability="limited", retained=people[:1])
    leave(left)
    again = factories.taken(first_reviewer)
    assert (again.pk, again.seed, again.state) == (left.pk, left.seed, "open")
    assert (again.suitability, again.retained) == ("limited", [people[0].pk])
    assert again.leased_until > timezone.now()
    sign(first_reviewer, again, person_id=people[0].pk, level=1)
    assert review.assessments.count() == 1


def test_asking_for_the_next_frees_what_others_left(
    review: Review, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    for reviewer in (first_reviewer, second_reviewer):
        factories.taken(reviewer)
    Assignment.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert queue.take_next(actor=third_reviewer) is not None


def test_nothing_is_recorded_in_a_place_that_was_left(review: Review, first_reviewer: User) -> None:
    place = factories.worked_through(first_reviewer)
    leave(place)
    for call in (
        lambda: assessing.record_comparison(actor=first_reviewer, assignment=place, retained=[]),
        lambda: sign(first_reviewer, place),
        lambda: queue.decline(actor=first_reviewer, assignment=place, reason="other_work"),
    ):
        stays_unwritten(call, StaleAssignment)


def test_working_extends_the_lease(review: Review, first_reviewer: User) -> None:
    place = factories.taken(first_reviewer)
    nearly_over = timezone.now() + timedelta(seconds=5)
    Assignment.objects.filter(pk=place.pk).update(leased_until=nearly_over)
    assessing.record_analysis(actor=first_reviewer, assignment=place, suitability="suitable", limitations=[])
    place.refresh_from_db()
    assert place.leased_until > nearly_over + timedelta(minutes=1)


# --- One step after the other ------------------------------------------------------------------------------------


def test_nothing_is_signed_before_the_analysis(review: Review, first_reviewer: User) -> None:
    place = factories.taken(first_reviewer)
    stays_unwritten(lambda: sign(first_reviewer, place), IncompleteWork, "good for")
    stays_unwritten(lambda: sign(first_reviewer, place, unsuitable=True), IncompleteWork, "good for")


def test_nothing_is_compared_before_the_analysis(review: Review, first_reviewer: User) -> None:
    place = factories.taken(first_reviewer)
    stays_unwritten(
        lambda: assessing.record_comparison(actor=first_reviewer, assignment=place, retained=[]), IncompleteWork
    )


def test_nothing_but_unsuitable_is_signed_before_the_comparison(review: Review, first_reviewer: User) -> None:
    place = factories.taken(first_reviewer)
    assessing.record_analysis(actor=first_reviewer, assignment=place, suitability="suitable", limitations=[])
    stays_unwritten(lambda: sign(first_reviewer, place), IncompleteWork, "candidates")
    assert sign(first_reviewer, place, unsuitable=True).finding == "unsuitable"


@pytest.mark.parametrize("step", ["analysed", "compared"])
def test_analysis_stays_once_candidates_may_be_seen(review: Review, first_reviewer: User, step: str) -> None:
    """Also where the page was opened before: the row is asked, not what a window remembers."""
    remembered = factories.taken(first_reviewer)
    place = Assignment.objects.get(pk=remembered.pk)
    assessing.record_analysis(actor=first_reviewer, assignment=place, suitability="limited", limitations=["pose"])
    if step == "compared":
        place.refresh_from_db()
        assessing.record_comparison(actor=first_reviewer, assignment=place, retained=[])
    stays_unwritten(
        lambda: assessing.record_analysis(
            actor=first_reviewer, assignment=remembered, suitability="suitable", limitations=[]
        ),
        IncompleteWork,
        "stays as it was",
    )


def test_unsuitable_can_be_thought_over_as_no_candidate_was_seen(review: Review, first_reviewer: User) -> None:
    place = factories.taken(first_reviewer)
    assessing.record_analysis(actor=first_reviewer, assignment=place, suitability="unsuitable", limitations=["light"])
    place.refresh_from_db()
    assessing.record_analysis(actor=first_reviewer, assignment=place, suitability="limited", limitations=["light"])
    place.refresh_from_db()
    assert place.suitability == "limited"


def test_excluded_person_can_not_be_concluded_on(review: Review, people: list[Person], first_reviewer: User) -> None:
    place = factories.worked_through(first_reviewer, retained=people[:1])
    stays_unwritten(lambda: sign(first_reviewer, place, person_id=people[1].pk, level=3), IncompleteWork, "excluded")


def test_stranger_to_the_list_can_not_be_retained(
    review: Review, administrator: User, gallery, encoder: Encoder, first_reviewer: User, random_vectors
) -> None:
    stranger = factories.enrol(administrator, gallery, encoder, "Enrolled later", random_vectors())
    place = factories.taken(first_reviewer)
    assessing.record_analysis(actor=first_reviewer, assignment=place, suitability="suitable", limitations=[])
    place.refresh_from_db()
    stays_unwritten(
        lambda: assessing.record_comparison(actor=first_reviewer, assignment=place, retained=[stranger.pk]),
        IncompleteWork,
        "candidate list",
    )


@pytest.mark.parametrize(
    "said",
    [
        {"rationale": "   "},
        {"level": 2},
        {"person": True},
        {"person": True, "level": 4},
        {"person": True, "level": 2, "unsuitable": True},
        {"level": 2, "unsuitable": True},
    ],
    ids=["no rationale", "level of nobody", "no level", "beyond the scale", "unsuitable person", "unsuitable level"],
)
def test_unfinished_finding_is_refused_with_a_sentence(
    review: Review, people: list[Person], first_reviewer: User, said: dict[str, Any]
) -> None:
    place = factories.worked_through(first_reviewer, retained=people)
    said = {key: value for key, value in said.items() if key != "person"} | (
        {"person_id": people[0].pk} if "person" in said else {}
    )
    stays_unwritten(lambda: sign(first_reviewer, place, **said), IncompleteWork)


def test_nobody_is_not_signed_for_a_photograph_recorded_as_unsuitable(review: Review, first_reviewer: User) -> None:
    """What is signed is what was chosen: "none of these" is no other word for "unsuitable"."""
    place = factories.taken(first_reviewer)
    assessing.record_analysis(actor=first_reviewer, assignment=place, suitability="unsuitable", limitations=[])
    stays_unwritten(lambda: sign(first_reviewer, place), IncompleteWork, "unsuitable")


def test_wrong_password_signs_nothing_and_is_on_record(
    review: Review, people: list[Person], first_reviewer: User
) -> None:
    place = factories.worked_through(first_reviewer, retained=people[:1])
    with pytest.raises(SignatureRefused, match="Nothing was signed"):
        sign(first_reviewer, place, password="not-the-password", person_id=people[0].pk, level=2)
    assert not Assessment.objects.exists()
    refusal = Entry.objects.get(kind="review:signature:refused/1")
    assert (refusal.actor, refusal.subject_id) == (first_reviewer, str(place.pk))
    assert "not-the-password" not in refusal.canonical
    place.refresh_from_db()
    assert (place.state, place.retained) == ("open", [people[0].pk])
    sign(first_reviewer, place, person_id=people[0].pk, level=2)


def test_nobody_signs_twice(review: Review, first_reviewer: User) -> None:
    place = factories.worked_through(first_reviewer)
    sign(first_reviewer, place)
    stays_unwritten(lambda: sign(first_reviewer, place, unsuitable=True), StaleAssignment, "signed this review already")


# --- What was signed ---------------------------------------------------------------------------------------------


@pytest.fixture
def signed(review: Review, people: list[Person], first_reviewer: User) -> Assessment:
    place = factories.worked_through(first_reviewer, suitability="limited", retained=people[:2])
    return sign(first_reviewer, place, person_id=people[0].pk, level=2, rationale="  Чоло, брови й підборіддя.  ")


def test_document_is_canonical_and_its_hash_is_kept(signed: Assessment) -> None:
    signed.refresh_from_db()
    assert signed.document_sha256 == hashlib.sha256(signed.document.encode()).hexdigest()
    assert rfc8785.dumps(json.loads(signed.document)) == signed.document.encode()


def test_document_holds_what_was_seen_and_said(signed: Assessment, review: Review, people: list[Person]) -> None:
    document = json.loads(signed.document)
    assert document["signature"] | {"signed_at": ""} == {
        "signer": signed.reviewer_id, "part": "reviewer",
        "meaning": meaning_of_signature(signed.assignment), "signed_at": "",
    }  # fmt: skip
    assert (document["review"], document["case"]["number"]) == (str(review.pk), review.case.number)
    assert document["probe"]["photograph_sha256"] == review.probe.photograph.sha256
    assert document["candidate_list"]["search"] == str(review.search_id)
    assert set(document["candidate_list"]["retained"]) == {str(person.pk) for person in people[:2]}
    assert document["analysis"]["suitability"] == "limited"
    assert document["finding"] == {
        "suitability": "limited", "person": str(people[0].pk), "level": 2,
        "words": "Supports that they are the same person", "rationale": "Чоло, брови й підборіддя.",
    }  # fmt: skip
    assert document["assessments_read"] == []


def test_signature_says_only_what_is_true(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, adjudicator: User
) -> None:
    def signed_words(assessment: Assessment) -> str:
        return json.loads(assessment.document)["signature"]["meaning"]

    place = factories.taken(first_reviewer)
    assessing.record_analysis(actor=first_reviewer, assignment=place, suitability="unsuitable", limitations=[])
    assert "every candidate" not in signed_words(sign(first_reviewer, place, unsuitable=True))
    words = signed_words(factories.signed(second_reviewer, people[0]))
    assert "every candidate" in words
    assert "without knowing what anybody else found" in words
    assert "without knowing" not in signed_words(factories.signed(adjudicator))


def test_document_shows_the_order_and_its_seed_gives_it_again(signed: Assessment, people: list[Person]) -> None:
    listed = json.loads(signed.document)["candidate_list"]
    again = sorted(str(person.pk) for person in people)
    random.Random(int(listed["seed"])).shuffle(again)
    assert [shown["person"] for shown in listed["shown"]] == again
    references = {str(person.pk): person.references.get().photograph.sha256 for person in people}
    assert {shown["person"]: shown["reference_sha256"] for shown in listed["shown"]} == references


def test_document_holds_no_score_rank_or_name(signed: Assessment, people: list[Person]) -> None:
    for word in ("score", "rank", *(person.name for person in people), signed.reviewer.username):
        assert word not in signed.document


def test_document_keeps_the_analysis_as_it_was_recorded(review: Review, first_reviewer: User) -> None:
    """Whoever finds at the end that the photograph was not good enough did not record that at the beginning."""
    document = json.loads(sign(first_reviewer, factories.worked_through(first_reviewer), unsuitable=True).document)
    assert document["analysis"]["suitability"] == "suitable"
    assert document["finding"]["suitability"] == "unsuitable"


def test_adjudicators_document_names_what_was_read(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, adjudicator: User
) -> None:
    read = [factories.signed(first_reviewer, people[0]), factories.signed(second_reviewer)]
    document = json.loads(factories.signed(adjudicator).document)
    assert set(document["assessments_read"]) == {assessment.document_sha256 for assessment in read}


# --- The record --------------------------------------------------------------------------------------------------


def test_each_step_leaves_exactly_one_entry(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    def kinds_of(step: Callable[[], Any]) -> list[str]:
        before = set(Entry.objects.values_list("pk", flat=True))
        step()
        return sorted(Entry.objects.exclude(pk__in=before).values_list("kind", flat=True))

    assert entries("review:review:opened") == 1
    queue.decline(actor=third_reviewer, assignment=factories.taken(third_reviewer), reason="distressing")
    assert entries("review:assignment:declined") == 1
    for reviewer, concluding in ((first_reviewer, []), (second_reviewer, ["review:conclusion:reached/1"])):
        assert kinds_of(lambda: queue.take_next(actor=reviewer)) == ["review:assignment:taken/1"]  # noqa: B023
        assert kinds_of(lambda: queue.take_next(actor=reviewer)) == []  # noqa: B023 - held already
        place = Assignment.objects.get(reviewer=reviewer)
        analysis = partial(
            assessing.record_analysis, actor=reviewer, assignment=place, suitability="suitable", limitations=[]
        )
        assert kinds_of(analysis) == ["review:analysis:recorded/1"]
        place.refresh_from_db()
        assert kinds_of(
            lambda: assessing.record_comparison(actor=reviewer, assignment=place, retained=[])  # noqa: B023
        ) == ["review:comparison:recorded/1"]
        place.refresh_from_db()
        assert kinds_of(lambda: sign(reviewer, place)) == ["review:assessment:signed/1", *concluding]  # noqa: B023


def test_entries_name_nobody_and_hold_no_rationale(signed: Assessment, people: list[Person]) -> None:
    log = " ".join(Entry.objects.filter(kind__startswith="review:").values_list("canonical", flat=True))
    for word in (*(person.name for person in people), signed.rationale, "score"):
        assert word not in log
    assert signed.document_sha256 in log


def test_signature_and_its_entry_stand_or_fall_together(
    review: Review, first_reviewer: User, second_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last signature fails whole when the conclusion can't be recorded."""
    factories.signed(first_reviewer)
    place = factories.worked_through(second_reviewer)

    def fails(**_: Any) -> None:
        raise RuntimeError("the log is full")

    monkeypatch.setattr("review.services.conclusion.record", fails)
    stays_unwritten(lambda: sign(second_reviewer, place), RuntimeError)
    review.refresh_from_db()
    assert (review.state, Conclusion.objects.count()) == ("open", 0)


# --- Opening -----------------------------------------------------------------------------------------------------


def test_empty_list_opens_no_review(case: Case, requester: User, encoder: Encoder, gallery, random_vectors) -> None:
    search = factories.searched(requester, case, encoder, random_vectors())
    assert not search.candidates.exists()
    assert not Review.objects.exists()


def test_second_search_opens_no_second_review_while_one_is_unfinished(review: Review) -> None:
    before = Entry.objects.count()
    assert queue.open_review(search=review.search) is None
    assert (Review.objects.count(), Entry.objects.count()) == (1, before)


def test_every_refusal_is_a_sentence() -> None:
    for error in (NotPermitted, StaleAssignment, IncompleteWork, SignatureRefused):
        assert issubclass(error, ReviewError)
