"""A real browser says that somebody works on a page, and that they have left it."""

import time
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from review.models import Assignment, Review
from review.services import exposure, leases
from tests import factories
from tests.review_pages import address

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def left_of(place: Assignment) -> float:
    return (Assignment.objects.get(pk=place.pk).leased_until - timezone.now()).total_seconds()


def soon(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not true() and time.monotonic() < until:
        time.sleep(0.1)
    return true()


def test_place_is_kept_from_step_to_step_and_briefly_after_the_page_was_closed(
    page_of, review: Review, first_reviewer: User
) -> None:
    place = factories.taken(first_reviewer)
    exposure.reveal(actor=first_reviewer, assignment=place, variant=exposure.FACE)
    page = page_of(first_reviewer)
    page.goto(address("probe", place))
    page.get_by_label("Suitable for comparison", exact=True).check()
    with page.expect_request("**/stay/"):
        page.get_by_role("button", name="Record and see the candidates").click()
    page.wait_for_url("**/candidates/")
    page.wait_for_timeout(1000)
    assert left_of(place) > 1700, "moving between steps loses nothing"
    page.goto("/cases/")
    assert soon(lambda: left_of(place) <= 60)
    page.goto(address("candidates", place))
    assert soon(lambda: left_of(place) > 1700)
    page.wait_for_load_state("networkidle")  # a page that says it is there and leaves at once may be heard in any order
    page.close(run_before_unload=True)
    assert soon(lambda: left_of(place) <= 60)


def test_page_left_open_says_when_the_place_went_to_somebody_else(
    page_of, review: Review, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    place = factories.taken(first_reviewer)
    exposure.reveal(actor=first_reviewer, assignment=place, variant=exposure.FACE)
    page = page_of(first_reviewer)
    page.goto(address("probe", place))
    page.wait_for_load_state("networkidle")
    Assignment.objects.update(leased_until=place.taken_at)
    leases.lapse_assignments()
    for reviewer in (second_reviewer, third_reviewer):
        factories.taken(reviewer)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("alert")).to_contain_text("went to somebody else")


@pytest.mark.parametrize("javascript", [True, False])
def test_review_is_left_for_later_and_gone_on_with(
    page_of, review: Review, first_reviewer: User, javascript: bool
) -> None:
    place = factories.taken(first_reviewer)
    exposure.reveal(actor=first_reviewer, assignment=place, variant=exposure.FACE)
    page = page_of(first_reviewer, javascript=javascript)
    page.goto(address("probe", place))
    page.get_by_label("Suitable for comparison", exact=True).check()
    page.get_by_role("button", name="Record and see the candidates").click()
    page.get_by_role("button", name="Leave for later").click()
    expect(page.get_by_text("What you wrote is kept").first).to_be_visible()
    assert Assignment.objects.get().state == "lapsed"
    page.get_by_role("link", name="Go on").click()
    page.wait_for_url("**/candidates/")
    assert Assignment.objects.get().state == "open"
