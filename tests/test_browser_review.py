"""Three people's way through reviews in a real browser, to every end that a review can come to."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from demo.cast import Cast
from identification.models import Encoder, Gallery, Person, Purpose
from review.models import Assignment, Review
from review.services import leases
from review.shown import candidates_shown
from tests import comparison_scene, factories
from tests.barriers import no_barrier
from tests.comparison_scene import Shot
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RATIONALE = "Brows, the bridge of the nose and the chin agree; nothing differs that could not be explained."


@pytest.fixture(scope="module")
def shots() -> list[Shot]:
    cast = Cast(seed=5)
    return [comparison_scene.shot(cast, index, 0) for index in range(4)]


@pytest.fixture
def known(
    shots: list[Shot], administrator: User, gallery: Gallery, encoder: Encoder, random_vectors: Callable
) -> list[Person]:
    """Three people whom every search proposes."""
    return [comparison_scene.enrolled(administrator, gallery, encoder, [one], [random_vectors()]) for one in shots[:3]]


@pytest.fixture
def ask(
    known: list[Person], shots: list[Shot], requester: User, encoder: Encoder, random_vectors: Callable
) -> Callable[..., Review]:
    def open_review(purpose: Purpose = Purpose.MISSING) -> Review:
        case = factories.open_case(requester, purpose)
        vector: np.ndarray = random_vectors()
        return comparison_scene.review_of(requester, case, encoder, shots[3], vector)

    return open_review


# --- What a person does --------------------------------------------------------------------------------------------


def take(page: Page) -> Assignment:
    page.goto("/review/")
    page.get_by_role("button", name="Next case").click()
    page.wait_for_url("**/probe/")
    (place,) = re.findall(r"work/([0-9a-f-]{36})/", page.url)
    return Assignment.objects.select_related("review").get(pk=place)


def analyse(page: Page, label: str = "Suitable for comparison") -> None:
    page.get_by_label(label, exact=True).check()
    page.locator("button.primary").click()
    page.wait_for_url(re.compile("/(candidates|conclude|differing)/"))


def position_of(place: Assignment, person: Person) -> int:
    return next(shown.position for shown in candidates_shown(place) if shown.person_id == person.pk)


def retain(page: Page, place: Assignment, person: Person) -> None:
    """Retain one, exclude the rest, and look at both side by side."""
    page.locator(f"input[name=decision-{position_of(place, person)}][value=retain]").check()
    page.locator("#go-on").click()
    page.get_by_role("button", name="Exclude the rest").click()
    page.wait_for_url("**/compare/**")
    page.get_by_role("button", name="Conclude").click()
    page.wait_for_url("**/conclude/")


def exclude_all(page: Page) -> None:
    page.get_by_role("button", name="None of these").click()
    page.wait_for_url("**/conclude/")


def sign(page: Page) -> None:
    page.locator("textarea[name=rationale]").fill(RATIONALE)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign", exact=True).click()
    page.wait_for_url("**/signed/")


def conclude(page: Page, place: Assignment, person: Person | None) -> None:
    finding = position_of(place, person) if person else "nobody"
    page.locator(f"input[name=finding][value='{finding}']").check()
    page.locator("input[name=level][value='2']" if person else "input[name=level_of_nobody][value='-2']").check()
    sign(page)


def assess(page: Page, person: Person | None) -> Assignment:
    """A whole assessment, from the queue to the signature; adjudicators read first what others found."""
    place = take(page)
    analyse(page)
    if "/differing/" in page.url:
        expect(page.get_by_text("You aren't told who they are")).to_be_visible()
        page.get_by_role("link", name="See the candidates").click()
    if person:
        retain(page, place, person)
    else:
        exclude_all(page)
    conclude(page, place, person)
    return place


def read_conclusion(page: Page, review: Review) -> None:
    page.goto(f"/review/{review.pk}/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


# --- Every end -------------------------------------------------------------------------------------------------------


def test_two_who_name_the_same_person_conclude(
    ask, page_of, known, first_reviewer: User, second_reviewer: User, requester: User
) -> None:
    review = ask()
    place = assess(page_of(first_reviewer), known[1])
    assert not hasattr(Review.objects.get(pk=review.pk), "conclusion"), "one signature concludes nothing"
    page = page_of(second_reviewer)
    assess(page, known[1])
    read_conclusion(page, review)
    expect(page.get_by_text("Potential location", exact=False).first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Report as PDF").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")
    review.refresh_from_db()
    assert (review.conclusion.person, place.review_id) == (known[1], review.pk)


def test_two_who_find_nobody_conclude_on_no_candidate(
    ask, page_of, first_reviewer: User, second_reviewer: User
) -> None:
    review = ask()
    assess(page_of(first_reviewer), None)
    page = page_of(second_reviewer)
    assess(page, None)
    read_conclusion(page, review)
    expect(page.get_by_text("No candidate", exact=False).first).to_be_visible()
    review.refresh_from_db()
    assert (review.conclusion.outcome, review.conclusion.fused_rating) == ("no_candidate", -2)


def test_two_who_find_the_photograph_unsuitable_conclude_without_seeing_a_candidate(
    ask, page_of, first_reviewer: User, second_reviewer: User
) -> None:
    review = ask()
    for reviewer in (first_reviewer, second_reviewer):
        page = page_of(reviewer)
        take(page)
        asked_for = []
        page.on("request", lambda request, found=asked_for: found.append(request.url))
        analyse(page, "Unsuitable for comparison")
        assert page.url.endswith("/conclude/")
        sign(page)
        assert not [url for url in asked_for[:-30] if "/candidates/" in url]
    review.refresh_from_db()
    assert review.conclusion.outcome == "unsuitable"


def test_who_differs_is_followed_by_an_adjudicator_and_dissent_is_told(
    ask, page_of, known, first_reviewer: User, second_reviewer: User, adjudicator: User
) -> None:
    review = ask()
    assess(page_of(first_reviewer), known[0])
    assess(page_of(second_reviewer), None)
    review.refresh_from_db()
    assert review.state == "discordant"
    page = page_of(adjudicator)
    place = take(page)
    analyse(page)
    page.wait_for_url("**/differing/")
    for name in (first_reviewer.full_name, second_reviewer.full_name):
        assert name not in page.content()
    expect(page.get_by_text("None of the candidates").first).to_be_visible()
    expect(page.get_by_text(RATIONALE).first).to_be_visible()
    no_barrier(page)
    page.get_by_role("link", name="See the candidates").click()
    retain(page, place, known[0])
    conclude(page, place, known[0])
    read_conclusion(page, review)
    expect(page.get_by_text("Dissents").first).to_be_visible()
    review.refresh_from_db()
    assert review.conclusion.adjudicated
    assert review.conclusion.person == known[0]


def test_review_given_back_is_not_given_again_and_goes_to_others(
    ask, page_of, known, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    review = ask()
    page = page_of(first_reviewer)
    take(page)
    page.get_by_role("link", name="Give this review back").click()
    page.get_by_label("I would rather not look at this photograph").check()
    page.get_by_role("button", name="Give it back").click()
    expect(page.get_by_text("You gave the review back")).to_be_visible()
    expect(page.get_by_role("button", name="Next case")).to_have_count(0)
    for reviewer in (second_reviewer, third_reviewer):
        assess(page_of(reviewer), known[0])
    review.refresh_from_db()
    assert review.state == "concluded"


def test_place_left_for_too_long_goes_to_others_and_nothing_is_signed(
    ask, page_of, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    ask()
    page = page_of(first_reviewer)
    place = take(page)
    analyse(page)
    exclude_all(page)
    page.locator("textarea[name=rationale]").fill(RATIONALE)
    expect(page.locator("[data-draft-status]").first).to_contain_text("Saved", timeout=15_000)
    Assignment.objects.filter(pk=place.pk).update(leased_until=timezone.now() - timedelta(minutes=1))
    assert leases.lapse_assignments() == 1
    for reviewer in (second_reviewer, third_reviewer):
        factories.taken(reviewer)
    page.locator("input[name=finding][value=nobody]").check()
    page.locator("input[name=level_of_nobody][value='-1']").check()
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign", exact=True).click()
    page.wait_for_url("**/review/")
    expect(page.get_by_text("went to somebody else", exact=False).first).to_be_visible()
    place.refresh_from_db()
    assert place.state == "lapsed"
    assert place.drafts.get(section="conclude").content["rationale"] == RATIONALE


def test_what_was_written_is_there_after_a_closed_browser(ask, page_of, first_reviewer: User) -> None:
    ask()
    page = page_of(first_reviewer)
    take(page)
    analyse(page)
    exclude_all(page)
    page.locator("textarea[name=rationale]").fill("Half a thought about the")
    expect(page.locator("[data-draft-status]").first).to_contain_text("Saved", timeout=15_000)
    page.context.close()
    again = page_of(first_reviewer)
    again.goto("/review/")
    again.get_by_role("link", name="Continue").click()
    again.wait_for_url("**/conclude/")
    expect(again.locator("textarea[name=rationale]")).to_have_value("Half a thought about the")


def test_pictures_of_the_deceased_open_when_asked_for_and_only_so_many_a_day(
    ask, page_of, known, first_reviewer: User, settings
) -> None:
    settings.EXPOSURE_CAP_PER_DAY = 1
    for purpose in (Purpose.DECEASED, Purpose.DECEASED, Purpose.MISSING):
        ask(purpose)
    page = page_of(first_reviewer)
    assess(page, known[0])  # the living come first
    asked_for: list[str] = []
    page.on("request", lambda request: asked_for.append(request.url))
    place = take(page)
    assert not [url for url in asked_for if "/image/" in url], "no picture before it is asked for"
    page.get_by_role("button", name="Show the face").click()
    expect(page.locator("img.probe-face")).to_be_visible()
    analyse(page)
    exclude_all(page)
    conclude(page, place, None)
    page.goto("/review/")
    expect(page.get_by_text("No more pictures of the deceased today")).to_be_visible()
    expect(page.get_by_role("button", name="Next case")).to_have_count(0)
    ask(Purpose.MISSING)
    page.goto("/review/")
    expect(page.get_by_role("button", name="Next case")).to_be_visible()


def test_whole_review_is_done_and_signed_without_javascript(
    ask, page_of, known, first_reviewer: User, second_reviewer: User
) -> None:
    review = ask(Purpose.DECEASED)
    for reviewer in (first_reviewer, second_reviewer):
        page = page_of(reviewer, javascript=False)
        page.goto("/review/")
        page.get_by_role("button", name="Next case").click()
        page.get_by_role("button", name="Show the face").click()
        place = Assignment.objects.select_related("review").get(reviewer=reviewer)
        analyse(page)
        retain(page, place, known[2])
        conclude(page, place, known[2])
    review.refresh_from_db()
    assert review.conclusion.person == known[2]


def test_pages_of_the_work_have_no_serious_barrier(
    ask, page_of, known, first_reviewer: User, second_reviewer: User
) -> None:
    review = ask(Purpose.DECEASED)
    factories.signed(first_reviewer, known[0])
    page = page_of(second_reviewer)
    page.goto("/review/")
    no_barrier(page)
    place = take(page)
    no_barrier(page)
    page.get_by_role("button", name="Show the face").click()
    expect(page.locator("img.probe-face")).to_be_visible()
    no_barrier(page)
    analyse(page)
    no_barrier(page)
    retain(page, place, known[0])
    no_barrier(page)
    conclude(page, place, known[0])
    no_barrier(page)
    for address in (f"/review/{review.pk}/", f"/review/{review.pk}/report/", f"/review/{review.pk}/history/"):
        page.goto(address)
        no_barrier(page)
