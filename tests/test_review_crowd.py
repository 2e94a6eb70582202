"""Many reviewers at the same moment, each on a connection of their own."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Role, User
from audit.models import Entry
from identification.models import Encoder, Job, Person, Probe
from identification.services import intake, probes
from identification.services.work import run_job
from review.errors import StaleAssignment
from review.models import Assignment, Review
from review.services import agreements, leases, queue
from tests import factories
from tests.review_steps import sign
from tests.threads import in_threads

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 50


@pytest.fixture
def crowd(person_with) -> list[int]:
    with transaction.atomic():
        return [person_with(f"reviewer{number}", Role.REVIEWER).pk for number in range(CROWD)]


@pytest.fixture
def reviews_of(requester: User, encoder: Encoder, people: list[Person], random_vectors) -> Callable[[int], list]:
    """Open many reviews, each of another face in one photograph."""

    @transaction.atomic
    def make(number: int) -> list[Review]:
        case = factories.open_case(requester)
        photograph = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
        for face in factories.analysed(photograph, encoder, *(random_vectors() for _ in range(number))):
            if not Probe.objects.filter(face=face).exists():
                probes.choose_probe(actor=requester, face=face)
        for probe in photograph.probes.all():
            run_job(job_id=Job.objects.get(subject_id=probe.pk).pk)
        return list(Review.objects.filter(case=case))

    return make


def taking(crowd: list[int]) -> Callable[[int], Assignment | None]:
    return lambda which: queue.take_next(actor=User.objects.get(pk=crowd[which]))


def held() -> list[Assignment]:
    return list(Assignment.objects.filter(state="open"))


@pytest.mark.slow
def test_fifty_reviewers_asking_at_once_each_get_a_different_review(reviews_of, crowd: list[int]) -> None:
    reviews_of(CROWD)
    for _ in range(3):
        given = in_threads(CROWD, taking(crowd))
        assert None not in given
        assert len({place.review_id for place in given}) == CROWD
        assert len({place.reviewer_id for place in held()}) == len(held()) == CROWD
        Assignment.objects.all().delete()


@pytest.mark.slow
def test_fifty_reviewers_share_the_places_of_twenty_five_reviews(reviews_of, crowd: list[int]) -> None:
    reviews_of(CROWD // 2)
    assert None not in in_threads(CROWD, taking(crowd))
    places = Counter((place.review_id, place.slot) for place in held())
    assert set(places.values()) == {1}
    assert len(places) == CROWD
    assert Entry.objects.filter(kind="review:assignment:taken/1").count() == CROWD


@pytest.mark.slow
def test_places_that_many_ask_for_at_once_are_all_given_and_none_twice(reviews_of, crowd: list[int]) -> None:
    """More people than places: nobody is told that nothing waits while a place is free."""
    reviews_of(5)
    given = in_threads(CROWD, taking(crowd))
    assert len([place for place in given if place]) == 10
    assert set(Counter((place.review_id, place.slot) for place in held()).values()) == {1}


def test_review_that_somebody_has_locked_for_a_moment_is_waited_for(reviews_of, first_reviewer: User) -> None:
    """Where it is all there is: nobody is told that nothing waits because of a lock of a moment."""
    (review,) = reviews_of(1)

    def work(which: int) -> Assignment | None:
        if which:
            with transaction.atomic():
                Review.objects.select_for_update(no_key=True).get(pk=review.pk)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(1)")
            return None
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.3)")
        return queue.take_next(actor=User.objects.get(pk=first_reviewer.pk))

    assert [place for place in in_threads(2, work) if place]


def test_taking_leaving_coming_back_and_sweeping_at_once_keep_every_place_single(reviews_of, crowd: list[int]) -> None:
    """Eight people do as they like while two sweep; PostgreSQL deadlocks nobody, and no place is ever held twice."""
    reviews_of(4)

    def live(which: int) -> None:
        rng, person = random.Random(which), crowd[which]
        for _ in range(12):
            actor = User.objects.get(pk=person)
            if which >= 8:
                Assignment.objects.filter(state="open", reviewer_id=rng.choice(crowd[:8])).update(
                    leased_until=timezone.now() - timedelta(seconds=1)
                )
                leases.lapse_assignments()
                continue
            place = queue.take_next(actor=actor)
            own = place or Assignment.objects.filter(reviewer=actor).order_by("?").first()
            if own is None:
                continue
            try:
                do = rng.choice([queue.come_back, leases.leave, leases.leave_for_later, leases.stay])
                do(actor=actor, assignment=own)
            except StaleAssignment:
                pass

    in_threads(10, live)
    places = Counter((place.review_id, place.slot) for place in held())
    assert set(places.values()) <= {1}
    assert max(Counter(place.reviewer_id for place in held()).values(), default=0) <= 1
    left = Entry.objects.filter(kind__in=("review:assignment:left/1", "review:assignment:lapsed/1")).count()
    came = Entry.objects.filter(kind__in=("review:assignment:taken/1", "review:draft:recovered/1")).count()
    assert came - left == len(held()), "every taking and every leaving is one entry"


def test_signing_and_ending_the_agreement_at_once_is_one_after_the_other(
    reviews_of, administrator: User, person_with, other_agency
) -> None:
    abroad = person_with("administrator_abroad", Role.ADMINISTRATOR, agency=other_agency)
    helper = person_with("helper", Role.REVIEWER, agency=other_agency)
    for review in reviews_of(6):
        Review.objects.exclude(pk=review.pk).update(state="inconclusive")
        Review.objects.filter(pk=review.pk).update(state="open")
        made = agreements.propose_agreement(
            actor=administrator, helper=other_agency, purposes=["deceased"], basis="Treaty"
        )
        agreements.accept_agreement(actor=abroad, agreement=made)
        place = factories.worked_through(helper)

        def race(which: int, made: object = made, place: Assignment = place) -> str:
            if which:
                agreements.end_agreement(actor=User.objects.get(pk=abroad.pk), agreement=made)
                return "ended"
            try:
                sign(User.objects.get(pk=helper.pk), place)
            except Exception as refusal:  # noqa: BLE001
                return type(refusal).__name__
            return "signed"

        came = in_threads(2, race)
        made.refresh_from_db()
        signed = review.assessments.first()
        assert set(came) == {"ended", "signed" if signed else "NotPermitted"}
        if signed is None:
            Assignment.objects.filter(pk=place.pk).update(state="lapsed")
