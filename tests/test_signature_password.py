"""Passwords can't be tried out at an unlocked screen: after five wrong ones none is checked for some time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from identification.models import Person
from review.errors import SignatureRefused
from review.models import Assessment, Assignment, Review
from review.services import signing
from tests import factories
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


def test_signature_is_taken_again_when_it_has_passed(
    place: Assignment, first_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = timezone.now() + signing.WITHIN + timedelta(seconds=1)
    monkeypatch.setattr(signing.timezone, "now", lambda: later)
    assert signing.refused_lately(first_reviewer) == 0
    signing.require_password(
        actor=first_reviewer, subject=place, review=place.review, password="a-long-enough-passphrase"
    )


def test_wrong_passwords_of_one_person_stop_nobody_else(
    place: Assignment, people: list[Person], second_reviewer: User
) -> None:
    assert factories.signed(second_reviewer, people[0])
