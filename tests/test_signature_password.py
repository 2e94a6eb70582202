"""Passwords can't be tried out at an unlocked screen: after five wrong ones none is checked for some time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from audit.models import Entry
from identification.models import Person
from review.errors import SignatureRefused
from review.models import Assessment, Assignment, Review
from review.services import signing
from tests import factories
from tests.audit_fixtures import written
from tests.conftest import PASSWORD
from tests.review_steps import entries, sign


@pytest.fixture
def place(review: Review, people: list[Person], first_reviewer: User) -> Assignment:
    place = factories.worked_through(first_reviewer, retained=people[:1])
    for _ in range(signing.MOST_REFUSED):
        with pytest.raises(SignatureRefused, match="not your password"):
            sign(first_reviewer, place, password="not the password")
    return place


def test_sixth_try_is_refused_without_being_checked(
    place: Assignment, first_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "check_password", lambda *_: pytest.fail("the password was checked"))
    with pytest.raises(SignatureRefused, match="quarter of an hour"):
        sign(first_reviewer, place)
    assert not Assessment.objects.exists()
    assert entries("review:signature:refused") == signing.MOST_REFUSED, "a try that isn't checked doesn't count"


def test_every_try_that_is_refused_is_on_record_as_what_it_was(place: Assignment, first_reviewer: User) -> None:
    for number, password in enumerate(("not the password", PASSWORD, "not the password"), start=1):
        with pytest.raises(SignatureRefused, match="quarter of an hour"):
            sign(first_reviewer, place, password=password)
        assert entries("review:signature:locked-out") == number, "one entry a try, whatever the password"
    last = Entry.objects.latest("id")
    assert (last.actor, last.agency) == (first_reviewer, place.review.case.agency)
    assert (last.subject_id, last.payload) == (str(place.pk), {"review": str(place.review_id)})
    assert not any("not the password" in written(entry) for entry in Entry.objects.all())


def test_tries_in_the_meantime_make_it_no_longer(
    place: Assignment, first_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = timezone.now()
    for minutes in (5, 14):
        monkeypatch.setattr(signing.timezone, "now", lambda at=begun + timedelta(minutes=minutes): at)
        with pytest.raises(SignatureRefused, match="quarter of an hour"):
            sign(first_reviewer, place)
    monkeypatch.setattr(signing.timezone, "now", lambda: begun + signing.WITHIN + timedelta(seconds=1))
    signing.require_password(actor=first_reviewer, subject=place, review=place.review, password=PASSWORD)


def test_signature_is_taken_again_when_it_has_passed(
    place: Assignment, first_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = timezone.now() + signing.WITHIN + timedelta(seconds=1)
    monkeypatch.setattr(signing.timezone, "now", lambda: later)
    assert signing.refused_lately(first_reviewer) == 0
    signing.require_password(actor=first_reviewer, subject=place, review=place.review, password=PASSWORD)


def test_wrong_passwords_of_one_person_stop_nobody_else(
    place: Assignment, people: list[Person], second_reviewer: User
) -> None:
    assert factories.signed(second_reviewer, people[0])
