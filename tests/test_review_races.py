"""Two people at the same moment: what the rules promise holds between real connections.

Each race starts from a barrier, so that both sides are under way at once; the number of races is what makes an
overlap likely.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Role, User
from audit.models import Entry
from identification.models import Encoder, Job, Person, Probe
from identification.services import intake, probes
from identification.services.work import run_job
from review.errors import StaleAssignment
from review.models import Assessment, Assignment, Conclusion, Part, Review
from review.services import assessment as assessing
from review.services import queue
from tests import factories, threads
from tests.conftest import PASSWORD
from tests.threads import RUNNERS, Race, errors_in

pytestmark = pytest.mark.django_db(transaction=True)

race = threads.race


@pytest.fixture
def reviews_of(
    requester: User, encoder: Encoder, people: list[Person], random_vectors
) -> Callable[[int], list[Review]]:
    """Open many reviews, each of another face in one photograph."""

    def make(number: int) -> list[Review]:
        with transaction.atomic():
            return opened(number)

    def opened(number: int) -> list[Review]:
        case = factories.open_case(requester)
        photograph = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
        for face in factories.analysed(photograph, encoder, *(random_vectors() for _ in range(number))):
            if not Probe.objects.filter(face=face).exists():
                probes.choose_probe(actor=requester, face=face)
        for probe in photograph.probes.all():
            run_job(job_id=Job.objects.get(subject_id=probe.pk).pk)
        return list(Review.objects.filter(case=case).order_by("opened_at", "pk"))

    return make


def ready_to_sign(reviews: list[Review], *reviewers: User) -> Iterator[tuple[Review, list[Assignment]]]:
    """Give each person a place in one review after the other, with everything done but the signature."""
    done = {"analysed_at": timezone.now(), "compared_at": timezone.now(), "suitability": "suitable", "seed": 1}
    for review in reviews:
        Assignment.objects.filter(state="open").update(state="lapsed")  # nobody holds two at once
        until = timezone.now() + timedelta(hours=1)
        yield (
            review,
            [
                Assignment.objects.create(
                    review=review, reviewer=reviewer, requested_by_id=review.requested_by_id, part=Part.REVIEWER,
                    slot=slot, leased_until=until, **done,
                )
                for slot, reviewer in enumerate(reviewers, start=1)
            ],
        )  # fmt: skip


def signing(assignment: Assignment, *, unsuitable: bool = False) -> Callable[[], Assessment]:
    actor = assignment.reviewer
    return lambda: assessing.sign_assessment(
        actor=actor,
        assignment=Assignment.objects.get(pk=assignment.pk),
        rationale="None of these people.",
        level=None if unsuitable else -2,
        password=PASSWORD,
        unsuitable=unsuitable,
    )


def taking(actor: User) -> Callable[[], Assignment | None]:
    # A fresh object, so that nothing is shared between the threads.
    return lambda: queue.take_next(actor=User.objects.get(pk=actor.pk))


@pytest.mark.parametrize("number", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_two_last_signatures_at_once_conclude_exactly_once(
    race: Race, number: int, reviews_of, first_reviewer: User, second_reviewer: User
) -> None:
    for review, ready in ready_to_sign(reviews_of(number), first_reviewer, second_reviewer):
        assert errors_in(race(*map(signing, ready))) == []
        assert (review.assessments.count(), Conclusion.objects.filter(review=review).count()) == (2, 1)
        assert Entry.objects.filter(kind="review:conclusion:reached/1", subject_id=review.pk).count() == 1
        review.refresh_from_db()
        assert review.state == "concluded"


@pytest.mark.slow
def test_two_last_signatures_that_differ_call_the_adjudicator_exactly_once(
    race: Race, reviews_of, first_reviewer: User, second_reviewer: User
) -> None:
    for review, ready in ready_to_sign(reviews_of(20), first_reviewer, second_reviewer):
        assert errors_in(race(signing(ready[0]), signing(ready[1], unsuitable=True))) == []
        assert Entry.objects.filter(kind="review:review:discordant/1", subject_id=review.pk).count() == 1
        review.refresh_from_db()
        assert review.state == "discordant"


@pytest.mark.parametrize("number", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_same_person_signing_twice_at_once_has_signed_once(
    race: Race, number: int, reviews_of, first_reviewer: User
) -> None:
    for review, (ready,) in ready_to_sign(reviews_of(number), first_reviewer):
        lost = errors_in(race(signing(ready), signing(ready, unsuitable=True)))
        assert [type(error) for error in lost] == [StaleAssignment]
        assert review.assessments.count() == 1
        assert Entry.objects.filter(kind="review:assessment:signed/1", actor=first_reviewer).count() == (
            Assessment.objects.filter(reviewer=first_reviewer).count()
        )


@pytest.mark.slow
def test_signing_and_giving_back_at_once_is_one_of_the_two(race: Race, reviews_of, first_reviewer: User) -> None:
    for review, (ready,) in ready_to_sign(reviews_of(20), first_reviewer):
        giving_back = lambda place=ready: queue.decline(actor=first_reviewer, assignment=place, reason="distressing")  # noqa: E731
        lost = errors_in(race(signing(ready), giving_back))
        assert [type(error) for error in lost] == [StaleAssignment]
        ready.refresh_from_db()
        assert (ready.state == "signed") == review.assessments.exists()


@pytest.mark.slow
def test_two_reviewers_asking_at_once_never_share_a_slot(
    race: Race, reviews_of, first_reviewer: User, second_reviewer: User
) -> None:
    reviews_of(1)
    for _ in range(30):
        assert errors_in(race(taking(first_reviewer), taking(second_reviewer))) == []
        slots = list(Assignment.objects.values_list("review", "slot"))
        assert len(slots) == len(set(slots)) > 0
        Assignment.objects.all().delete()


@pytest.mark.slow
def test_one_review_is_given_to_both_who_ask_at_once(
    race: Race, reviews_of, first_reviewer: User, second_reviewer: User
) -> None:
    """Nobody is told that nothing waits only because somebody else asked at the same moment."""
    reviews_of(1)
    for _ in range(30):
        given = race(taking(first_reviewer), taking(second_reviewer))
        assert {place.slot for place in given} == {1, 2}
        Assignment.objects.all().delete()


@pytest.mark.slow
def test_many_reviewers_at_once_never_take_more_places_than_there_are(race: Race, reviews_of, person_with) -> None:
    crowd = [person_with(f"reviewer{number}", Role.REVIEWER) for number in range(RUNNERS)]
    review = reviews_of(1)[0]
    for _ in range(25):
        assert errors_in(race(*map(taking, crowd))) == []
        assert sorted(review.assignments.values_list("slot", flat=True)) == [1, 2]
        Assignment.objects.all().delete()


@pytest.mark.slow
def test_many_adjudicators_at_once_take_the_one_place(race: Race, reviews_of, person_with) -> None:
    crowd = [person_with(f"adjudicator{number}", Role.ADJUDICATOR) for number in range(RUNNERS)]
    review = reviews_of(1)[0]
    Review.objects.update(state="discordant")
    for _ in range(25):
        assert errors_in(race(*map(taking, crowd))) == []
        assert list(review.assignments.values_list("part", "slot")) == [(Part.ADJUDICATOR, 1)]
        Assignment.objects.all().delete()


def test_one_person_asking_twice_at_once_holds_one_review(race: Race, reviews_of, first_reviewer: User) -> None:
    reviews_of(3)
    for _ in range(30):
        given = race(*[taking(first_reviewer)] * 3)
        assert errors_in(given) == []
        assert len({place.pk for place in given}) == 1
        assert Assignment.objects.filter(reviewer=first_reviewer, state="open").count() == 1
        Assignment.objects.all().delete()


@pytest.mark.parametrize("number", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_plain_sql_beside_the_last_signature_makes_no_second_conclusion(
    race: Race, number: int, reviews_of, first_reviewer: User, second_reviewer: User
) -> None:
    def conclude_by_hand(review: Review) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO review_conclusion (review_id, finding, outcome, first_reviewer_id, second_reviewer_id,"
                " requested_by_id, adjudicated, evidence_sha256, concluded_at)"
                " VALUES (%s, 'none', 'no_candidate', %s, %s, %s, false, %s, now())",
                [review.pk, first_reviewer.pk, second_reviewer.pk, review.requested_by_id, review.evidence_sha256],
            )

    for review, (first, second) in ready_to_sign(reviews_of(number), first_reviewer, second_reviewer):
        signing(first)()
        by_hand, by_signing = race(lambda review=review: conclude_by_hand(review), signing(second))
        assert isinstance(by_hand, IntegrityError)
        assert isinstance(by_signing, Assessment)
        assert Conclusion.objects.filter(review=review).count() == 1
        assert review.assessments.count() == 2
