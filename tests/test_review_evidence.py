"""Every signature binds the review's evidence: once it changed, nothing is signed and the review begins anew."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import HeldRole, Role, User
from audit.models import Entry
from identification.errors import IdentificationError, NotPermitted
from identification.models import Encoder, Gallery, Job, Person
from identification.services.withdrawal import withdraw_reference
from review.errors import NotPermitted as NotPermittedToReview
from review.errors import ReviewWithdrawn
from review.evidence import changed_evidence
from review.models import Assessment, EvidenceChange, Review, ReviewState
from review.services import queue
from tests import factories
from tests.review_scene import execute
from tests.review_steps import entries, reference_of, search_again, sign


def test_evidence_as_it_was_is_unchanged(review: Review) -> None:
    assert changed_evidence(review) is None


def test_reference_added_later_changes_nothing(
    review: Review, people: list[Person], administrator: User, encoder: Encoder, random_vectors
) -> None:
    added = factories.enrolment.add_reference(
        actor=administrator, person=people[0], file=factories.picture_file(), provenance="Found later"
    )
    factories.analysed(added.photograph, encoder, random_vectors())
    assert changed_evidence(review) is None


WITHDRAWN = "UPDATE identification_reference SET withdrawn_at = now(), withdrawn_by_id = {who}, withdrawal_reason = 'x'"
CHANGES = {
    "a reference is withdrawn": (f"{WITHDRAWN} WHERE id = '{{reference}}'", "reference_withdrawn"),
    "the encoder's weights are others": (
        "UPDATE identification_encoder SET weights_sha256 = repeat('a', 64)",
        "otherwise",
    ),
    "a reference has no face any more": (
        (
            "ALTER TABLE identification_candidate DROP CONSTRAINT candidate_face_is_its_references;"
            " UPDATE identification_reference SET face_id = NULL WHERE id = '{reference}'"
        ),
        "otherwise",
    ),
    "a reference's photograph is another": (
        (
            "ALTER TABLE identification_photograph DISABLE TRIGGER USER;"
            " UPDATE identification_photograph SET sha256 = repeat('b', 64) WHERE id = '{photograph}'"
        ),
        "otherwise",
    ),
    "a score is another": (
        (
            "ALTER TABLE identification_candidate DISABLE TRIGGER USER;"
            " UPDATE identification_candidate SET score = 0.9 WHERE rank = 1"
        ),
        "otherwise",
    ),
    "somebody is gone from the list": (
        (
            "ALTER TABLE identification_candidate DISABLE TRIGGER USER;"
            " DELETE FROM identification_candidate WHERE rank = 3"
        ),
        "otherwise",
    ),
    "the photograph is another": (
        (
            "ALTER TABLE identification_photograph DISABLE TRIGGER USER;"
            " UPDATE identification_photograph SET sha256 = repeat('c', 64) WHERE case_id IS NOT NULL"
        ),
        "otherwise",
    ),
    "the face was corrected": (
        (
            "INSERT INTO identification_facecorrection (id, photograph_id, kind, finding_id, state, corrected_by_id,"
            " corrected_at) SELECT gen_random_uuid(), photograph_id, 'removed', id, 'done', {who}, now()"
            " FROM identification_face WHERE id = '{face}'"
        ),
        "face_corrected",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changed_by_whatever_way_stops_the_next_signature(
    review: Review, people: list[Person], requester: User, first_reviewer: User, second_reviewer: User, what: str
) -> None:
    factories.signed(first_reviewer, people[0])
    place = factories.worked_through(second_reviewer, retained=[people[0]])
    sql, cause = CHANGES[what]
    reference = reference_of(people[0])
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute(
        sql.format(
            who=requester.pk, reference=reference.pk, photograph=reference.photograph_id, face=review.probe.face_id
        )
    )
    with pytest.raises(ReviewWithdrawn, match="Nothing was signed"):
        sign(second_reviewer, place, person_id=people[0].pk, level=2)
    review.refresh_from_db()
    place.refresh_from_db()
    assert (review.state, review.withdrawn_because, place.state) == ("withdrawn", cause, "lapsed")
    assert [each.reviewer for each in review.assessments.all()] == [first_reviewer]
    payload = Entry.objects.get(kind="review:review:withdrawn/2").payload
    assert (payload["cause"], payload["signatures"]) == (cause, 1)
    owed = Job.objects.unfinished().filter(kind=Job.Kind.SEARCH_PROBE, subject_id=review.probe_id).count()
    assert owed == (0 if cause == "face_corrected" else 1), "a corrected face gets a search of its own"


def test_withdrawing_a_reference_voids_unfinished_reviews_that_show_it(
    review: Review, people: list[Person], administrator: User, first_reviewer: User, second_reviewer: User
) -> None:
    factories.signed(first_reviewer, people[0])
    place = factories.worked_through(second_reviewer)
    withdrawn = withdraw_reference(actor=administrator, reference=reference_of(people[0]), reason="Shows a brother.")
    assert (withdrawn.withdrawn_by, withdrawn.withdrawal_reason) == (administrator, "Shows a brother.")
    review.refresh_from_db()
    assert (review.state, review.withdrawn_because) == (ReviewState.WITHDRAWN, EvidenceChange.REFERENCE_WITHDRAWN)
    with pytest.raises(ReviewWithdrawn, match="A reference photograph in this review was withdrawn"):
        sign(second_reviewer, place)
    again = search_again(review)
    assert again is not None
    assert (again.refers_to, again.state) == (review, "open")
    assert set(again.search.candidates.values_list("person", flat=True)) == {people[1].pk, people[2].pk}
    assert str(withdrawn.pk) not in again.evidence
    assert queue.take_next(actor=first_reviewer) is None
    assert factories.taken(second_reviewer).review == again
    assert entries("identification:reference:withdrawn") == 1


def test_review_that_does_not_show_the_reference_goes_on(
    review: Review, administrator: User, gallery: Gallery, encoder: Encoder, random_vectors
) -> None:
    stranger = factories.enrol(administrator, gallery, encoder, "Enrolled later", random_vectors())
    withdraw_reference(actor=administrator, reference=reference_of(stranger), reason="Asked for by the family.")
    review.refresh_from_db()
    assert review.state == "open"


def test_search_that_listed_somebody_by_a_reference_withdrawn_meanwhile_opens_no_review(
    review: Review, people: list[Person], administrator: User
) -> None:
    search = review.search
    withdraw_reference(actor=administrator, reference=reference_of(people[0]), reason="Shows a brother.")
    Job.objects.all().delete()
    assert queue.open_review(search=search) is None
    assert Job.objects.unfinished().filter(subject_id=review.probe_id).count() == 1


def test_only_intake_and_administrators_of_the_gallerys_agency_withdraw(
    people: list[Person], first_reviewer: User, auditor: User, outsider: User, requester: User
) -> None:
    for actor in (first_reviewer, auditor, outsider):
        with pytest.raises(NotPermitted):
            withdraw_reference(actor=actor, reference=reference_of(people[0]), reason="No.")
    withdraw_reference(actor=requester, reference=reference_of(people[0]), reason="Shows a brother.")


def test_reference_is_withdrawn_once_and_with_a_reason(people: list[Person], administrator: User) -> None:
    reference = reference_of(people[0])
    with pytest.raises(IdentificationError, match="why"):
        withdraw_reference(actor=administrator, reference=reference, reason="  ")
    withdraw_reference(actor=administrator, reference=reference, reason="Shows a brother.")
    with pytest.raises(IdentificationError, match="already"):
        withdraw_reference(actor=administrator, reference=reference, reason="Again.")


def test_page_asks_once_and_the_gallery_lists_the_withdrawn(
    people: list[Person], gallery: Gallery, administrator: User, first_reviewer: User, client: Client
) -> None:
    reference = reference_of(people[0])
    address = reverse("identification:withdraw-reference", args=[reference.pk])
    client.force_login(administrator)
    assert address in client.get(gallery.get_absolute_url()).content.decode()
    assert "every conclusion that rests on it is reopened" in client.get(address).content.decode()
    page = client.post(address, {"reason": ""}).content.decode()
    assert "Say in a sentence why" in page
    page = client.post(address, {"reason": "Shows a brother."}, follow=True).content.decode()
    assert "Shows a brother." in page
    assert "Withdrawn" in page
    assert "2 references in use" in page
    client.force_login(first_reviewer)
    assert client.get(address).status_code == 403


def test_signature_after_the_role_was_taken_away_is_refused(review: Review, first_reviewer: User) -> None:
    place = factories.worked_through(first_reviewer)
    assert first_reviewer.has_role(Role.REVIEWER), "as it was read before"
    HeldRole.objects.filter(user=first_reviewer).delete()
    with pytest.raises(NotPermittedToReview, match="no longer"):
        sign(first_reviewer, place)
    assert not Assessment.objects.exists()
