"""What the assessments of a review amount to, under the usual policy and under stricter ones."""

import pytest

from accounts.models import User
from identification.models import Person, PurposePolicy
from review.models import Conclusion, Review
from tests import factories
from tests.review_steps import entries

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
