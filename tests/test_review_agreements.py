"""Reviews go to another agency by an agreement that both sides made, for its purposes, and with nothing else of it."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from audit.models import Entry
from identification.models import Purpose
from review.errors import AgreementRefused, NotPermitted, ReviewError
from review.models import Agreement, Assignment, Review
from review.selectors.agreements import agreements as agreements_of
from review.selectors.shortage import reviews_lacking_people
from review.selectors.waiting import queue_of
from review.services import agreements, leases, queue
from tests import factories
from tests.review_pages import address
from tests.review_steps import sign

DECEASED = [Purpose.DECEASED.value]
PAGE = "review:agreements"


@pytest.fixture
def abroad(person_with: Callable[..., User], other_agency) -> User:
    """An administrator of the agency that helps."""
    return person_with("administrator_abroad", Role.ADMINISTRATOR, agency=other_agency)


@pytest.fixture
def helper(person_with: Callable[..., User], other_agency) -> User:
    return person_with("helper", Role.REVIEWER, agency=other_agency)


@pytest.fixture
def proposed(administrator: User, other_agency) -> Agreement:
    return agreements.propose_agreement(
        actor=administrator, helper=other_agency, purposes=DECEASED, basis="Treaty of 2024"
    )


@pytest.fixture
def agreement(proposed: Agreement, abroad: User) -> Agreement:
    agreements.accept_agreement(actor=abroad, agreement=proposed)
    return proposed


def refused(call: Callable[[], object], words: str, error: type[ReviewError] = AgreementRefused) -> None:
    before = (Entry.objects.count(), list(Agreement.objects.values()))
    with pytest.raises(error, match=words):
        call()
    assert (Entry.objects.count(), list(Agreement.objects.values())) == before


# --- Making and ending -------------------------------------------------------------------------------------------


def test_every_step_of_an_agreement_is_one_entry(agreement: Agreement, administrator: User, abroad: User) -> None:
    agreements.end_agreement(actor=administrator, agreement=agreement)
    kinds = Entry.objects.filter(kind__startswith="review:agreement:").order_by("id")
    assert list(kinds.values_list("kind", "actor", "subject_id")) == [
        ("review:agreement:proposed/1", administrator.pk, str(agreement.pk)),
        ("review:agreement:accepted/1", abroad.pk, str(agreement.pk)),
        ("review:agreement:ended/1", administrator.pk, str(agreement.pk)),
    ]


@pytest.mark.parametrize("name", ["requester", "auditor", "first_reviewer"])
def test_administrators_alone_propose(request: pytest.FixtureRequest, name: str, other_agency) -> None:
    actor = request.getfixturevalue(name)
    refused(
        lambda: agreements.propose_agreement(actor=actor, helper=other_agency, purposes=DECEASED, basis="Treaty"),
        "administrator role",
        NotPermitted,
    )


def test_proposal_that_can_not_be_is_refused_in_a_sentence(administrator: User, proposed: Agreement) -> None:
    def propose(**said: object) -> Callable[[], object]:
        facts = {"actor": administrator, "helper": proposed.helper, "purposes": DECEASED, "basis": "Treaty"}
        return lambda: agreements.propose_agreement(**(facts | said))

    refused(propose(helper=administrator.agency), "no agreement")
    refused(propose(purposes=[]), "one purpose")
    refused(propose(purposes=["revenge"]), "one purpose")
    refused(propose(basis="  "), "treaty, law or document")
    refused(propose(), "already")


def test_agency_that_helps_accepts_and_nobody_else(proposed: Agreement, administrator: User, abroad: User) -> None:
    refused(lambda: agreements.accept_agreement(actor=administrator, agreement=proposed), "is to help", NotPermitted)
    agreements.accept_agreement(actor=abroad, agreement=proposed)
    refused(lambda: agreements.accept_agreement(actor=abroad, agreement=proposed), "in the meantime")


@pytest.mark.parametrize("side", ["administrator", "abroad"])
def test_either_side_ends_an_agreement_once(request: pytest.FixtureRequest, agreement: Agreement, side: str) -> None:
    actor = request.getfixturevalue(side)
    agreements.end_agreement(actor=actor, agreement=agreement)
    refused(lambda: agreements.end_agreement(actor=actor, agreement=agreement), "has ended")
    refused(lambda: agreements.accept_agreement(actor=request.getfixturevalue("abroad"), agreement=agreement), "ended")


def test_third_agency_neither_sees_nor_ends_an_agreement(agreement: Agreement, person_with, browser_of) -> None:
    from accounts.models import Agency

    third = person_with("third", Role.ADMINISTRATOR, agency=Agency.objects.create(name="Third", code="third"))
    refused(lambda: agreements.end_agreement(actor=third, agreement=agreement), "either agency", NotPermitted)
    assert not agreements_of(third).exists()
    assert browser_of(third).post(reverse("review:end-agreement", args=[agreement.pk])).status_code == 404
    assert "Treaty of 2024" not in browser_of(third).get(reverse(PAGE)).content.decode()


# --- What an agreement opens -------------------------------------------------------------------------------------


def test_nothing_is_given_before_an_agreement_is_accepted(review: Review, proposed: Agreement, helper: User) -> None:
    assert queue.take_next(actor=helper) is None
    assert queue_of(helper).waiting == 0


def test_agreement_in_force_gives_the_helper_reviews(review: Review, agreement: Agreement, helper: User) -> None:
    assert queue_of(helper).waiting == 1
    place = factories.worked_through(helper)
    assert place.review == review
    assert sign(helper, place).reviewer == helper
    taken = Entry.objects.get(kind="review:assignment:taken/1")
    assert (taken.actor, taken.agency) == (helper, review.case.agency)


def test_agreement_for_other_purposes_gives_nothing(
    review: Review, administrator: User, abroad: User, helper: User
) -> None:
    other = agreements.propose_agreement(
        actor=administrator, helper=abroad.agency, purposes=["missing", "captured"], basis="Treaty"
    )
    agreements.accept_agreement(actor=abroad, agreement=other)
    assert queue.take_next(actor=helper) is None


def test_agreement_works_one_way(
    agreement: Agreement, outsider: User, first_reviewer: User, encoder, random_vectors
) -> None:
    gallery = factories.open_gallery(outsider, "Theirs", "humanitarian", Purpose.DECEASED)
    factories.enrol(outsider, gallery, encoder, "Known there", random_vectors())
    theirs = factories.searched(outsider, factories.open_case(outsider), encoder, random_vectors()).review
    assert theirs.case.agency == agreement.helper
    assert queue.take_next(actor=first_reviewer) is None


def test_helper_sees_their_work_and_nothing_else_of_the_agency(
    review: Review, agreement: Agreement, helper: User, browser_of
) -> None:
    place, browser = factories.worked_through(helper), browser_of(helper)
    for step in ("probe", "candidates", "conclude"):
        assert browser.get(address(step, place)).status_code == 200, step
    case, probe = review.case, review.probe
    closed = [
        case.get_absolute_url(),
        review.get_absolute_url(),
        reverse("identification:photograph-image", args=[probe.photograph_id]),
        reverse("identification:face-image", args=[probe.face_id]),
        *(each.get_absolute_url() for each in case.agency.galleries.all()),
    ]
    assert {browser.get(page).status_code for page in closed} <= {403, 404}
    assert case.number not in browser.get(reverse("identification:cases")).content.decode()


def test_who_holds_no_place_sees_nothing_by_an_agreement(
    review: Review, agreement: Agreement, helper: User, first_reviewer: User, browser_of
) -> None:
    place = factories.taken(first_reviewer)
    assert browser_of(helper).get(address("probe", place)).status_code == 404


# --- What its end closes -----------------------------------------------------------------------------------------


def test_nothing_is_given_once_an_agreement_has_ended(
    review: Review, agreement: Agreement, helper: User, administrator: User
) -> None:
    agreements.end_agreement(actor=administrator, agreement=agreement)
    assert queue.take_next(actor=helper) is None
    assert queue_of(helper).waiting == 0


def test_nothing_is_signed_after_an_agreement_has_ended(
    review: Review, agreement: Agreement, helper: User, abroad: User
) -> None:
    place = factories.worked_through(helper)
    agreements.end_agreement(actor=abroad, agreement=agreement)
    with pytest.raises(NotPermitted):
        sign(helper, place)
    assert not review.assessments.exists()


def test_held_place_runs_out_with_its_lease_when_the_agreement_has_ended(
    review: Review, agreement: Agreement, helper: User, administrator: User, browser_of
) -> None:
    place, browser = factories.taken(helper), browser_of(helper)
    agreements.end_agreement(actor=administrator, agreement=agreement)
    for call in (lambda: browser.post(address("stay", place)), lambda: browser.get(address("probe", place))):
        assert call().status_code in {200, 204}
        assert Assignment.objects.get().leased_until == place.leased_until
    Assignment.objects.update(leased_until=place.taken_at)
    assert leases.lapse_assignments() == 1
    page = browser.get(address("probe", place), follow=True).content.decode()
    assert "You may no longer take part in this review" in page


# --- The page ----------------------------------------------------------------------------------------------------


def test_page_is_open_to_administrators_alone(browser_of, administrator: User, first_reviewer: User) -> None:
    assert browser_of(administrator).get(reverse(PAGE)).status_code == 200
    assert browser_of(first_reviewer).get(reverse(PAGE)).status_code == 403
    assert reverse(PAGE) in browser_of(administrator).get(reverse("identification:cases")).content.decode()


def test_agreement_is_made_and_ended_on_the_page(
    review: Review, browser_of, administrator: User, abroad: User, helper: User
) -> None:
    holder, there = browser_of(administrator), browser_of(abroad)
    said = {"helper": abroad.agency_id, "purposes": DECEASED, "basis": "Treaty of 2024"}
    assert "Choose the agency" in holder.post(reverse(PAGE), said | {"helper": ""}).content.decode()
    assert "Waits for Another bureau" in holder.post(reverse(PAGE), said, follow=True).content.decode()
    made = Agreement.objects.get()
    assert "Waits for you" in there.get(reverse(PAGE)).content.decode()
    page = there.post(reverse("review:accept-agreement", args=[made.pk]), follow=True).content.decode()
    assert "In force" in page
    assert "You review for Bureau" in page
    factories.taken(helper)
    page = holder.post(reverse("review:end-agreement", args=[made.pk]), follow=True).content.decode()
    assert "Ended" in page
    again: Client = holder
    assert (
        "has ended already" in again.post(reverse("review:end-agreement", args=[made.pk]), follow=True).content.decode()
    )


# --- Too few people ----------------------------------------------------------------------------------------------


def test_administrator_is_told_of_a_review_that_lacks_people(
    review: Review, administrator: User, first_reviewer: User, second_reviewer: User, browser_of
) -> None:
    assert reviews_lacking_people(administrator) == []
    queue.decline(actor=first_reviewer, assignment=factories.taken(first_reviewer), reason="acquainted")
    (lacking,) = reviews_lacking_people(administrator)
    assert (lacking.review, lacking.places, lacking.people) == (review, 2, 1)
    page = browser_of(administrator).get(reverse(PAGE)).content.decode()
    assert "Two reviewers needed, one eligible" in page
    assert first_reviewer.full_name not in page


def test_agreement_ends_the_lack_of_people(
    review: Review, agreement: Agreement, administrator: User, first_reviewer: User, second_reviewer: User, helper: User
) -> None:
    queue.decline(actor=first_reviewer, assignment=factories.taken(first_reviewer), reason="acquainted")
    assert reviews_lacking_people(administrator) == []


def test_administrator_who_may_review_it_is_told_nothing_of_who_is_left(review: Review, person_with) -> None:
    both = person_with("both", Role.ADMINISTRATOR, Role.REVIEWER)
    assert reviews_lacking_people(both) == []
    place = factories.taken(both)
    assert reviews_lacking_people(both) == []
    leases.leave_for_later(actor=both, assignment=place)
    assert reviews_lacking_people(both) == []
    sign(both, factories.worked_through(both))
    (lacking,) = reviews_lacking_people(both)
    assert (lacking.places, lacking.people) == (1, 0)
