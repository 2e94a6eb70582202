"""New evidence, or a reference withdrawn, opens an ended review anew; the old one stays and the case stands by it."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from identification.models import Person, Reference
from identification.services import correction as correcting
from identification.services.probes import search_again as ask_to_search_again
from identification.services.withdrawal import withdraw_reference
from review import selectors
from review.errors import NotPermitted
from review.models import Conclusion, Reopening, Review
from review.services import queue
from review.services.reopening import NotReopened, reopen_review
from review.standing import standing_of_case
from tests import factories
from tests.review_steps import entries, reference_of, search_again

NEW = "A dental record has come."


@pytest.fixture
def concluded(review: Review, people: list[Person], first_reviewer: User, second_reviewer: User) -> Review:
    for reviewer in (first_reviewer, second_reviewer):
        factories.signed(reviewer, people[0])
    return Review.objects.get(pk=review.pk)


def standing(review: Review) -> str:
    return standing_of_case(Review.objects.filter(case=review.case_id))


def test_reopened_review_begins_again_and_the_case_stands_by_the_old_one_until_it_ends(
    concluded: Review, people: list[Person], requester: User, third_reviewer: User, person_with
) -> None:
    reopening = reopen_review(actor=requester, review=concluded, reason=NEW)
    assert (reopening.cause, reopening.reason, reopening.opened_by) == ("new_evidence", NEW, requester)
    assert entries("review:review:reopened") == 1
    assert standing(concluded) == "potential identification, being reviewed again"
    again = search_again(concluded)
    assert again is not None
    assert again.refers_to == concluded
    assert standing(concluded) == "potential identification, being reviewed again"
    factories.signed(third_reviewer)
    factories.signed(person_with("fourth_reviewer", Role.REVIEWER))
    assert standing(concluded) == "no candidate"
    assert Conclusion.objects.get(review=concluded).person == people[0], "the old one stays as it was"


def test_review_is_reopened_once_and_only_when_it_has_ended(
    review: Review, people: list[Person], requester: User, first_reviewer: User, second_reviewer: User
) -> None:
    with pytest.raises(NotReopened, match="has ended"):
        reopen_review(actor=requester, review=review, reason=NEW)
    for reviewer in (first_reviewer, second_reviewer):
        factories.signed(reviewer)
    with pytest.raises(NotReopened, match="what is new"):
        reopen_review(actor=requester, review=review, reason=" ")
    reopen_review(actor=requester, review=review, reason=NEW)
    with pytest.raises(NotReopened, match="already"):
        reopen_review(actor=requester, review=review, reason=NEW)
    assert Reopening.objects.count() == 1


def test_review_of_a_face_corrected_since_is_not_reopened(concluded: Review, requester: User) -> None:
    correcting.remove_face(actor=requester, face=concluded.probe.face)
    with pytest.raises(NotReopened, match="corrected since"):
        reopen_review(actor=requester, review=concluded, reason=NEW)


def test_only_intake_of_the_agency_reopens(concluded: Review, first_reviewer: User, outsider: User) -> None:
    for actor in (first_reviewer, outsider):
        with pytest.raises(NotPermitted):
            reopen_review(actor=actor, review=concluded, reason=NEW)


def test_who_signed_before_is_not_asked_again(
    concluded: Review, requester: User, first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    reopen_review(actor=requester, review=concluded, reason=NEW)
    again = search_again(concluded)
    assert queue.take_next(actor=first_reviewer) is None
    assert queue.take_next(actor=second_reviewer) is None
    assert factories.taken(third_reviewer).review == again


def test_whoever_may_judge_anew_does_not_see_the_earlier_outcome(
    concluded: Review, people: list[Person], requester: User, first_reviewer: User, third_reviewer: User,
    adjudicator: User, client: Client,
) -> None:  # fmt: skip
    reopen_review(actor=requester, review=concluded, reason=NEW)
    for again in (None, search_again(concluded)):
        for viewer in (third_reviewer, adjudicator):
            assert concluded not in selectors.ended_reviews(viewer)
            assert concluded not in selectors.reviews(viewer)
            client.force_login(viewer)
            assert client.get(reverse("review:conclusion", args=[concluded.pk])).status_code == 404
            assert client.get(reverse("review:history", args=[concluded.pk])).status_code == 404
            page = client.get(concluded.case.get_absolute_url()).content.decode()
            assert "otential identification" not in page
            assert "eopened" not in page
            if again:
                page = client.get(reverse("review:history", args=[again.pk])).content.decode()
                assert "otential identification" not in page
                assert people[0].name not in page
        assert concluded in selectors.ended_reviews(requester)
        assert concluded in selectors.ended_reviews(first_reviewer), "who signed is not asked again"


def test_who_has_read_the_history_does_not_judge_the_face_anew(
    concluded: Review, requester: User, third_reviewer: User, client: Client
) -> None:
    client.force_login(third_reviewer)
    assert "Potential identification." in client.get(reverse("review:history", args=[concluded.pk])).content.decode()
    assert entries("review:history:viewed") == 1
    reopen_review(actor=requester, review=concluded, reason=NEW)
    search_again(concluded)
    assert queue.take_next(actor=third_reviewer) is None


def test_withdrawn_reference_reopens_the_conclusion_that_rests_on_it(
    concluded: Review, people: list[Person], administrator: User, requester: User, client: Client
) -> None:
    withdraw_reference(actor=administrator, reference=reference_of(people[0]), reason="Shows a brother.")
    reopening = Reopening.objects.get(review=concluded)
    assert (reopening.cause, reopening.reason) == ("reference_withdrawn", "Shows a brother.")
    again = search_again(concluded)
    assert again is not None
    assert again.refers_to == concluded
    client.force_login(requester)
    page = client.get(reverse("review:history", args=[again.pk])).content.decode()
    assert "Reopened, a reference it rests on was withdrawn." in page
    assert "Waiting for reviewers." in page
    page = client.get(concluded.case.get_absolute_url()).content.decode()
    assert "Potential identification, being reviewed again" in page


def test_conclusion_about_somebody_else_is_not_reopened(
    concluded: Review, people: list[Person], administrator: User
) -> None:
    withdraw_reference(actor=administrator, reference=reference_of(people[1]), reason="Shows a brother.")
    assert not Reopening.objects.exists()


def test_nobody_proposed_any_more_is_said_on_the_case_and_in_the_history(
    concluded: Review, people: list[Person], administrator: User, requester: User, client: Client
) -> None:
    for person in people:
        withdraw_reference(actor=administrator, reference=reference_of(person), reason="Shows a brother.")
    assert search_again(concluded) is None
    assert standing(concluded) == "potential identification, reopened, nobody was proposed any more"
    client.force_login(requester)
    said = "Reopened, a reference it rests on was withdrawn; nobody was proposed any more."
    for address in (
        concluded.case.get_absolute_url(),
        reverse("review:history", args=[concluded.pk]),
        reverse("review:conclusion", args=[concluded.pk]),
    ):
        assert said in client.get(address).content.decode()
    ask_to_search_again(actor=requester, probe=concluded.probe)
    assert standing(concluded) == "potential identification, being reviewed again"


def test_conclusion_page_reopens_with_a_reason(concluded: Review, requester: User, client: Client) -> None:
    client.force_login(requester)
    page = client.get(reverse("review:conclusion", args=[concluded.pk])).content.decode()
    address = reverse("review:reopen", args=[concluded.pk])
    assert address in page
    page = client.post(address, {"reason": ""}, follow=True).content.decode()
    assert "Nothing was reopened" in page
    page = client.post(address, {"reason": NEW}, follow=True).content.decode()
    assert NEW in page
    assert "Reopened on new evidence." in page
    assert address not in client.get(reverse("review:conclusion", args=[concluded.pk])).content.decode()


def test_who_may_not_reopen_gets_no_form_and_no_way(concluded: Review, first_reviewer: User, client: Client) -> None:
    client.force_login(first_reviewer)
    address = reverse("review:reopen", args=[concluded.pk])
    assert address not in client.get(reverse("review:conclusion", args=[concluded.pk])).content.decode()
    assert client.post(address, {"reason": NEW}).status_code == 403
    assert not Reopening.objects.exists()


def test_reference_withdrawn_again_and_again_reopens_once(
    concluded: Review, people: list[Person], administrator: User
) -> None:
    withdraw_reference(actor=administrator, reference=reference_of(people[0]), reason="Shows a brother.")
    again = search_again(concluded)
    withdraw_reference(actor=administrator, reference=reference_of(people[1]), reason="Shows a cousin.")
    assert again is not None
    again.refresh_from_db()
    assert again.state == "withdrawn"
    third = search_again(concluded)
    assert third is not None
    assert (third.refers_to, Reopening.objects.count()) == (again, 1)
    assert Reference.objects.searchable().count() == 1


def test_who_read_the_report_is_not_asked_about_the_face_again(
    concluded: Review, requester: User, third_reviewer: User, browser_of
) -> None:
    assert browser_of(third_reviewer).get(reverse("review:report", args=[concluded.pk])).status_code == 200
    reopen_review(actor=requester, review=concluded, reason=NEW)
    search_again(concluded)
    assert Review.objects.unfinished().exists()
    assert queue.take_next(actor=third_reviewer) is None
