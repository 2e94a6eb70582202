"""A note to a signed assessment is a signed entry of its own; what was signed stays."""

import hashlib
import json

import pytest
import rfc8785
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from audit.models import Entry
from identification.models import Person
from review.errors import IncompleteWork, NotPermitted, SignatureRefused
from review.models import Assessment, Assignment, EvidenceChange, Review, ReviewState, SupplementaryNote
from review.services.notes import sign_note
from tests import factories
from tests.audit_fixtures import written
from tests.conftest import PASSWORD
from tests.review_pages import address, position_of

TEXT = "On the second reference the left ear is visible, and it agrees."


@pytest.fixture
def signed(review: Review, people: list[Person], first_reviewer: User) -> Assessment:
    return factories.signed(first_reviewer, people[0])


def add(assessment: Assessment, actor: User, text: str = TEXT, password: str = PASSWORD) -> SupplementaryNote:
    return sign_note(actor=actor, assessment=assessment, text=text, password=password)


def test_note_is_signed_as_a_canonical_document(signed: Assessment, first_reviewer: User) -> None:
    note = add(signed, first_reviewer)
    document = json.loads(note.document)
    assert rfc8785.dumps(document) == note.document.encode()
    assert note.document_sha256 == hashlib.sha256(note.document.encode()).hexdigest()
    assert (document["note"], document["signature"]["signer"]) == (TEXT, first_reviewer.pk)
    assert document["assessment"] == {"id": str(signed.pk), "document_sha256": signed.document_sha256}
    entry = Entry.objects.get(kind="review:note:signed/1")
    assert note.document_sha256 in written(entry)
    assert TEXT not in written(entry)


def test_note_leaves_the_assessment_as_it_is(signed: Assessment, first_reviewer: User) -> None:
    before = Assessment.objects.filter(pk=signed.pk).values().get()
    add(signed, first_reviewer)
    add(signed, first_reviewer, "And the right one does so too.")
    assert Assessment.objects.filter(pk=signed.pk).values().get() == before
    assert signed.notes.count() == 2


@pytest.mark.parametrize("text", ["", "   ", "Wrong.", "Two words", "x" * 10_001 + " and so on"])
def test_note_says_something(signed: Assessment, first_reviewer: User, text: str) -> None:
    with pytest.raises(IncompleteWork):
        add(signed, first_reviewer, text)
    assert not SupplementaryNote.objects.exists()


def test_note_is_ones_own(signed: Assessment, second_reviewer: User) -> None:
    with pytest.raises(NotPermitted):
        add(signed, second_reviewer)


def test_note_needs_the_password(signed: Assessment, first_reviewer: User) -> None:
    with pytest.raises(SignatureRefused):
        add(signed, first_reviewer, password="not the password")
    assert not SupplementaryNote.objects.exists()
    assert Entry.objects.filter(kind="review:signature:refused/1").count() == 1


def test_note_is_never_changed(signed: Assessment, first_reviewer: User) -> None:
    add(signed, first_reviewer)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE review_supplementarynote SET text = 'Something else altogether'")


def test_note_is_added_and_listed_on_the_signed_page(signed: Assessment, first_reviewer: User, browser_of) -> None:
    client, place = browser_of(first_reviewer), signed.assignment
    refused = client.post(address("note", place), {"text": TEXT, "password": "not the password"})
    assert "not your password" in refused.content.decode()
    assert TEXT in refused.content.decode(), "what was written is kept"
    answer = client.post(address("note", place), {"text": TEXT, "password": PASSWORD})
    assert answer.headers["Location"] == address("signed", place)
    assert TEXT in client.get(address("signed", place)).content.decode()


def test_note_needs_a_signature_before_it(review: Review, first_reviewer: User, browser_of) -> None:
    place = factories.worked_through(first_reviewer)
    posted = {"text": TEXT, "password": PASSWORD}
    assert browser_of(first_reviewer).post(address("note", place), posted).status_code == 404


def test_note_is_read_with_the_conclusion_once_the_review_ended(
    signed: Assessment, people: list[Person], first_reviewer: User, second_reviewer: User, requester: User, browser_of
) -> None:
    add(signed, first_reviewer)
    place = factories.worked_through(second_reviewer, retained=people[:1])
    for step in ("probe", "candidates", "conclude"):
        assert TEXT not in browser_of(second_reviewer).get(address(step, place)).content.decode(), step
    assert browser_of(requester).get(signed.review.get_absolute_url()).status_code == 404
    said = {"finding": "1", "level": "2", "rationale": "Brows and chin agree.", "password": PASSWORD}
    said["finding"] = str(position_of(place, people[0]))
    assert browser_of(second_reviewer).post(address("conclude", place), said).status_code == 302
    assert TEXT in browser_of(requester).get(signed.review.get_absolute_url()).content.decode()


def test_signer_is_told_when_the_evidence_changed(signed: Assessment, first_reviewer: User, browser_of) -> None:
    Review.objects.filter(pk=signed.review_id).update(
        state=ReviewState.WITHDRAWN, withdrawn_because=EvidenceChange.REFERENCE_WITHDRAWN
    )
    assert Assignment.objects.get(pk=signed.assignment_id).state == Assignment.State.SIGNED
    page = browser_of(first_reviewer).get(address("signed", signed.assignment)).content.decode()
    assert "A reference photograph was withdrawn" in page
    assert "Your signature doesn&#x27;t count any more" in page or "Your signature doesn't count any more" in page
    assert "/image/" not in page
