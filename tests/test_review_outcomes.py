"""What the assessments of a review amount to, under the usual policy and under stricter ones."""

from decimal import Decimal

import pytest

from accounts.models import User
from audit.models import Entry
from identification.models import Person, PurposePolicy
from review.models import Conclusion, Review
from tests import factories
from tests.review_steps import entries, sign

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


@pytest.mark.parametrize("level", [-1, -2, -3])
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


# --- Undecided, and the fused rating -----------------------------------------------------------------------------


def test_two_who_are_undecided_about_the_same_person_differ(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User
) -> None:
    """Level 0 supports neither, so it is no finding of a person, nor one of nobody."""
    for reviewer in (first_reviewer, second_reviewer):
        assert factories.signed(reviewer, people[0], 0).finding == "undecided"
    review.refresh_from_db()
    assert review.state == "discordant"


@pytest.mark.parametrize(("level", "state"), [(0, "inconclusive"), (2, "inconclusive")], ids=["three", "two of three"])
def test_undecided_never_decides_however_many_they_are(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, adjudicator: User, level: int,
    state: str,
) -> None:  # fmt: skip
    for reviewer in (first_reviewer, second_reviewer):
        factories.signed(reviewer, people[0], 0)
    factories.signed(adjudicator, people[0], level)
    review.refresh_from_db()
    assert (review.state, Conclusion.objects.exists()) == (state, False)


def test_fused_rating_is_the_mean_of_the_levels_given_to_the_person(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User
) -> None:
    factories.signed(first_reviewer, people[0], 3)
    factories.signed(second_reviewer, people[0], 2)
    assert Conclusion.objects.get(review=review).fused_rating == Decimal("2.50")


def test_dissent_about_the_person_counts_in_the_fused_rating_and_about_others_does_not(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, adjudicator: User
) -> None:
    factories.signed(first_reviewer, people[0], 2)
    dissent = factories.signed(second_reviewer, people[0], -3)
    factories.signed(adjudicator, people[0], 3)
    conclusion = Conclusion.objects.get(review=review)
    assert conclusion.fused_rating == Decimal("0.67")
    payload = Entry.objects.get(kind="review:conclusion:reached/1").payload
    assert payload["dissent"] == [{"assessment": str(dissent.pk), "document_sha256": dissent.document_sha256}]


def test_fused_rating_of_nobody_is_of_those_who_found_nobody(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User
) -> None:
    for reviewer, level in ((first_reviewer, -3), (second_reviewer, -2)):
        place = factories.worked_through(reviewer)
        sign(reviewer, place, level=level)
    assert Conclusion.objects.get(review=review).fused_rating == Decimal("-2.50")


def test_unsuitable_has_no_fused_rating(review: Review, first_reviewer: User, second_reviewer: User) -> None:
    for reviewer in (first_reviewer, second_reviewer):
        factories.signed(reviewer, unsuitable=True)
    assert Conclusion.objects.get(review=review).fused_rating is None
