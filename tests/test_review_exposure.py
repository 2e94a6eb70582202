"""Pictures of the deceased: so many a day for one person, and other work when they are through."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from identification.models import Encoder, Gallery, Person, Purpose
from review.models import Assignment, Exposure, Review
from review.selectors.waiting import queue_of
from review.services import exposure, leases, queue
from review.services.exposure import FACE, PHOTOGRAPH, ExposureCapped
from tests import factories
from tests.threads import in_threads


@pytest.fixture
def opened(requester: User, encoder: Encoder, people: list[Person], gallery: Gallery, random_vectors) -> Callable:
    def make(purpose: Purpose = Purpose.DECEASED) -> Review:
        return factories.searched(requester, factories.open_case(requester, purpose), encoder, random_vectors()).review

    return make


@pytest.fixture
def cap(settings) -> int:
    settings.EXPOSURE_CAP_PER_DAY = 2
    return 2


def looked_at(actor: User, number: int) -> Assignment:
    """Let somebody take the next review and look at one or both of its pictures."""
    place = factories.taken(actor)
    for variant in (FACE, PHOTOGRAPH)[:number]:
        exposure.reveal(actor=actor, assignment=place, variant=variant)
    return place


def test_reaching_the_limit_is_on_record_once(opened: Callable, cap: int, first_reviewer: User) -> None:
    opened()
    place = looked_at(first_reviewer, 2)
    for variant in (FACE, PHOTOGRAPH):
        assert exposure.reveal(actor=first_reviewer, assignment=place, variant=variant) is None
    entry = Entry.objects.get(kind="review:exposure:capped/1")
    assert (entry.actor, entry.subject_id) == (first_reviewer, str(first_reviewer.pk))
    assert entry.payload == {"cap": 2}


def test_who_reached_the_limit_is_given_no_more_of_the_deceased_today(
    opened: Callable, cap: int, first_reviewer: User
) -> None:
    opened()
    queue.decline(actor=first_reviewer, assignment=looked_at(first_reviewer, 2), reason="distressing")
    opened()
    missing = opened(Purpose.MISSING)
    told = queue_of(first_reviewer)
    assert (told.waiting, told.held_back, told.cap) == (1, 1, 2)
    place = factories.taken(first_reviewer)
    assert place.review == missing
    queue.decline(actor=first_reviewer, assignment=place, reason="other_work")
    assert queue.take_next(actor=first_reviewer) is None


def test_limit_is_of_one_day_and_one_person(
    opened: Callable, cap: int, first_reviewer: User, second_reviewer: User
) -> None:
    opened()
    queue.decline(actor=first_reviewer, assignment=looked_at(first_reviewer, 2), reason="distressing")
    newer = opened()
    assert factories.taken(second_reviewer) is not None
    for one in Exposure.objects.all():
        Exposure.objects.filter(pk=one.pk).update(day=one.day - timedelta(days=1))
    assert queue_of(first_reviewer).cap is None
    assert factories.taken(first_reviewer).review == newer


def test_review_whose_face_was_shown_already_stays_open_at_the_limit(
    opened: Callable, cap: int, first_reviewer: User
) -> None:
    opened()
    place = looked_at(first_reviewer, 2)
    leases.leave_for_later(actor=first_reviewer, assignment=place)
    opened()
    assert (queue_of(first_reviewer).waiting, queue_of(first_reviewer).held_back) == (1, 1)
    assert factories.taken(first_reviewer) == place


def test_queue_page_says_plainly_that_the_limit_is_reached(
    opened: Callable, cap: int, first_reviewer: User, browser_of
) -> None:
    opened()
    queue.decline(actor=first_reviewer, assignment=looked_at(first_reviewer, 2), reason="distressing")
    opened()
    browser = browser_of(first_reviewer)
    page = " ".join(browser.get(reverse("review:queue")).content.decode().split())
    assert "You have looked at 2 today, which is the most in one day" in page
    assert "One review of deceased people waits" in page
    assert "No other review waits for you now" in page
    assert reverse("identification:cases") in page
    assert "Next case</button>" not in page
    opened(Purpose.MISSING)
    page = " ".join(browser.get(reverse("review:queue")).content.decode().split())
    assert "One other review waits for you" in page
    assert "Next case</button>" in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("looked", [0, 1])
def test_two_windows_at_once_never_pass_the_limit(
    opened: Callable, settings, first_reviewer: User, looked: int
) -> None:
    settings.EXPOSURE_CAP_PER_DAY = looked + 1
    for _ in range(6):
        Exposure.objects.all().delete()
        Assignment.objects.update(state="lapsed")
        opened()
        place = factories.taken(first_reviewer)
        if looked:
            other = opened().probe.face
            Exposure.objects.create(viewer=first_reviewer, face=other, variant=FACE, day=exposure._today(), number=1)
        entries = Entry.objects.filter(kind="review:exposure:capped/1").count()

        def look(which: int, place_id: object = place.pk) -> object:
            window = Assignment.objects.get(pk=place_id)
            try:
                return exposure.reveal(actor=window.reviewer, assignment=window, variant=(FACE, PHOTOGRAPH)[which])
            except ExposureCapped as refusal:
                return refusal

        came = in_threads(2, look)
        assert sorted(type(one).__name__ for one in came) == ["Exposure", "ExposureCapped"]
        assert Exposure.objects.filter(viewer=first_reviewer).count() == looked + 1
        assert Entry.objects.filter(kind="review:exposure:capped/1").count() == entries + 1


@pytest.mark.django_db(transaction=True)
def test_same_picture_asked_for_in_two_windows_counts_once(opened: Callable, settings, first_reviewer: User) -> None:
    settings.EXPOSURE_CAP_PER_DAY = 1
    opened()
    place = factories.taken(first_reviewer)

    def look(_: int) -> object:
        window = Assignment.objects.get(pk=place.pk)
        return exposure.reveal(actor=window.reviewer, assignment=window, variant=FACE)

    assert sorted(type(one).__name__ for one in in_threads(2, look)) == ["Exposure", "NoneType"]
    assert Exposure.objects.count() == 1
