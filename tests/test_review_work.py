"""What reviewers do, one step after another, and what is refused on the way."""

from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from identification.models import Encoder, Person
from review.errors import IncompleteWork, NotPermitted, ReviewError, SignatureRefused, StaleAssignment
from review.models import Assessment, Assignment, Review
from review.services import assessment as assessing
from tests import factories
from tests.audit_fixtures import written
from tests.review_steps import sign, stays_unwritten


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
    assert "not-the-password" not in written(refusal)
    place.refresh_from_db()
    assert (place.state, place.retained) == ("open", [people[0].pk])
    sign(first_reviewer, place, person_id=people[0].pk, level=2)


def test_nobody_signs_twice(review: Review, first_reviewer: User) -> None:
    place = factories.worked_through(first_reviewer)
    sign(first_reviewer, place)
    stays_unwritten(lambda: sign(first_reviewer, place, unsuitable=True), StaleAssignment, "signed this review already")


def test_every_refusal_is_a_sentence() -> None:
    for error in (NotPermitted, StaleAssignment, IncompleteWork, SignatureRefused):
        assert issubclass(error, ReviewError)
