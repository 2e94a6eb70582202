"""Who gets the report of a review, and that each one made is on record."""

from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from audit.models import Entry
from identification.models import Person
from review.models import Review
from tests import factories, reports
from tests.reports import concordant, page_of, signed

documents = reports.documents

PAGES = ("report", "report-pdf")


def test_report_of_an_unfinished_review_is_not_there(
    review: Review, people: list[Person], first_reviewer: User, requester: User, client: Client
) -> None:
    signed(first_reviewer, people[0])
    client.force_login(requester)
    for page in PAGES:
        assert client.get(reverse(f"review:{page}", args=[review.pk])).status_code == 404


def test_who_may_still_judge_another_probe_of_the_case_gets_no_report(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, third_reviewer: User,
    outsider: User, random_vectors: Any, client: Client,
) -> None:  # fmt: skip
    concordant(review, people[0], first_reviewer, second_reviewer)
    factories.searched(review.requested_by, review.case, review.search.encoder, random_vectors())
    addresses = [reverse(f"review:{page}", args=[review.pk]) for page in PAGES]
    addresses.append(reverse("review:report-picture", args=[review.pk, 1]))
    for viewer in (third_reviewer, outsider):
        client.force_login(viewer)
        assert [client.get(address).status_code for address in addresses] == [404] * 3
    assert not Entry.objects.filter(kind="review:report:made/1").exists()


def test_each_report_made_is_on_record(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, person_with: Any, client: Client
) -> None:
    concordant(review, people[0], first_reviewer, second_reviewer)
    reader = person_with("reader", Role.INTAKE)
    client.force_login(reader)
    page_of(client, review, "?pictures=1")
    entry = Entry.objects.get(kind="review:report:made/1")
    assert (entry.actor_id, entry.subject_id) == (reader.pk, str(review.pk))
    assert entry.payload == {"format": "html", "pictures": True}
