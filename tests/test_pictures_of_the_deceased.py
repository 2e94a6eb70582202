"""Pictures of the deceased reach whoever reviews only when they ask, and count wherever they are shown."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import HeldRole, User
from identification.models import Person
from review.models import Exposure, Review
from review.selectors import reviews
from tests import factories


@pytest.fixture
def ended(review: Review, people: list[Person], first_reviewer: User, second_reviewer: User) -> Review:
    factories.signed(first_reviewer, people[0])
    factories.signed(second_reviewer, people[0])
    return review


def pictures_of(review: Review) -> list[str]:
    photograph, face = review.probe.photograph_id, review.probe.face_id
    return [
        reverse("identification:photograph-image", args=[photograph]),
        reverse("identification:face-image", args=[face]),
    ]


def test_page_of_a_case_shows_them_to_intake_and_not_to_reviewers(
    review: Review, requester: User, first_reviewer: User, browser_of
) -> None:
    page = review.case.get_absolute_url()
    for address in pictures_of(review):
        shown = browser_of(requester).get(address)
        assert shown.status_code == 200
        assert b"".join(shown.streaming_content)
        assert browser_of(first_reviewer).get(address).status_code == 404
    assert pictures_of(review)[0] in browser_of(requester).get(page).content.decode()
    said = browser_of(first_reviewer).get(page).content.decode()
    assert "<img" not in said
    assert "open in a review, when you ask for them" in said


def test_report_counts_them_for_who_reviews_and_keeps_the_days_limit(
    ended: Review, third_reviewer: User, client: Client, settings
) -> None:
    settings.EXPOSURE_CAP_PER_DAY = 1
    client.force_login(third_reviewer)
    address = reverse("review:report", args=[ended.pk])
    assert "<img" not in client.get(address).content.decode()
    assert not Exposure.objects.filter(viewer=third_reviewer).exists()
    assert "<img" in client.get(address, {"pictures": "1"}).content.decode()
    assert Exposure.objects.filter(viewer=third_reviewer).count() == 1
    settings.EXPOSURE_CAP_PER_DAY = 0
    assert "<img" in client.get(address, {"pictures": "1"}).content.decode(), "what was shown may be shown again"
    Exposure.objects.all().delete()
    assert "<img" not in client.get(address, {"pictures": "1"}).content.decode()
    assert client.get(reverse("review:report-picture", args=[ended.pk, 1])).status_code == 404


def test_who_holds_no_role_any_more_reads_nothing(ended: Review, requester: User, client: Client) -> None:
    HeldRole.objects.filter(user=requester).delete()
    requester = User.objects.get(pk=requester.pk)
    assert not reviews(requester).exists()
    client.force_login(requester)
    for name in ("conclusion", "report", "report-pdf", "history"):
        assert client.get(reverse(f"review:{name}", args=[ended.pk])).status_code == 404, name
