"""What the comparison report of an ended review says, and to whom."""

import hashlib
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from identification.models import Encoder, GalleryKind, Person, Purpose
from review.models import Assessment, Identifier, Reopening, Review, SupplementaryNote, Verification
from tests import factories, reports
from tests.reports import NAME, concordant, page_of, signed, told
from tests.review_scene import execute, insert

documents = reports.documents


def test_report_says_what_was_asked_how_it_was_searched_and_who_signed(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User
) -> None:
    concordant(review, people[0], first_reviewer, second_reviewer)
    report = told(review)
    facts = {fact.label: (fact.text, fact.code) for fact in (*report.asked, *report.method)}
    assert facts["SHA-256"] == ("", review.probe.photograph.sha256)
    assert facts["Its weights, SHA-256"] == ("", review.search.encoder.weights_sha256)
    assert facts["Gallery"] == ("Register, humanitarian. Lawful basis: Asked by families", "")
    assert facts["Compared"] == ("3 references of 3 people", "")
    assert facts["Evidence, SHA-256"] == ("", review.evidence_sha256)
    assert report.lead == (
        "Two people, working independently, found that the comparison supports the person in this photograph being "
        "Ostap Vyhovsky."
    )
    signatures = {(signature.name, signature.sha256) for signature in report.signatures}
    assert signatures == {(str(each.reviewer), each.document_sha256) for each in Assessment.objects.all()}
    assert all("I have examined" in signature.meaning for signature in report.signatures)


def test_reviewers_stand_in_the_order_of_their_numbers_whoever_signed_first(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User
) -> None:
    concordant(review, people[0], second_reviewer, first_reviewer)
    assert [finding.name for finding in told(review).findings] == ["First_Reviewer", "Second_Reviewer"]


@pytest.mark.parametrize(
    ("purpose", "standing", "warning"),
    [
        (Purpose.DECEASED, "Potential identification", "Potential identification: not an identification"),
        (Purpose.MISSING, "Potential location", ""),
        (Purpose.CAPTURED, "Presence established", ""),
        (Purpose.INCIDENT, "Investigative lead", "An investigative lead and nothing more"),
    ],
)
def test_every_page_says_case_purpose_and_standing(
    requester: User, administrator: User, encoder: Encoder, first_reviewer: User, second_reviewer: User,
    random_vectors: Any, client: Client, purpose: Purpose, standing: str, warning: str,
) -> None:  # fmt: skip
    kind = GalleryKind.INCIDENT if purpose == Purpose.INCIDENT else GalleryKind.HUMANITARIAN
    gallery = factories.open_gallery(administrator, "People", kind, purpose)
    person = factories.enrol(administrator, gallery, encoder, NAME, random_vectors())
    case = factories.open_case(requester, purpose)
    review = factories.searched(requester, case, encoder, random_vectors()).review
    concordant(review, person, first_reviewer, second_reviewer)
    report = told(review)
    assert report.running == f"Case {case.number} · {purpose.label} · {standing}"
    assert report.warning == warning
    client.force_login(requester)
    page = page_of(client, review)
    assert report.running in page
    assert warning in page
    assert "%" not in page.partition("<article")[2].partition("</article>")[0]


def test_person_graded_below_0_by_everybody_is_an_exclusion(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User
) -> None:
    signed(first_reviewer, people[0], -2)
    signed(second_reviewer, people[0], -3)
    report = told(review)
    assert "Ostap Vyhovsky being different people" in report.lead
    pair = "that the person in this photograph and Ostap Vyhovsky are different people."
    assert [finding.exclusion for finding in report.findings] == [
        f"An exclusion: the comparison supports {pair}",
        f"An exclusion: the comparison strongly supports {pair}",
    ]
    assert not any(person.concluded for person in report.people)


def test_no_candidate_names_nobody_but_who_was_compared_closely(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, requester: User, client: Client
) -> None:
    signed(first_reviewer, retained=[people[1]])
    signed(second_reviewer)
    report = told(review)
    assert report.about_people == (
        "Three people were proposed; one person was compared closely. The others are not named here."
    )
    assert [person.name for person in report.people] == ["Levko Zaliznyak"]
    client.force_login(requester)
    page = page_of(client, review)
    assert "Levko Zaliznyak" in page
    assert "Ostap Vyhovsky" not in page


def test_unsuitable_says_nothing_of_anybody(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User
) -> None:
    signed(first_reviewer, unsuitable=True)
    signed(second_reviewer, unsuitable=True)
    report = told(review)
    assert (report.standing, report.people) == ("Unsuitable for comparison", ())
    assert "this photograph unsuitable for comparison" in report.lead
    assert report.fused == ""


def test_inconclusive_has_a_report_too(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, adjudicator: User
) -> None:
    for reviewer, person in zip((first_reviewer, second_reviewer, adjudicator), people, strict=True):
        signed(reviewer, person)
    report = told(review)
    assert report.standing == "Inconclusive"
    assert report.lead == "Three people came to findings that do not agree. Nobody is named."
    assert report.signatures[-1].role == "Adjudicator"
    assert not any(finding.dissents for finding in report.findings)
    assert (report.identifiers, report.about_corroboration) == ((), "")


def test_dissent_stays_in_the_report(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, adjudicator: User
) -> None:
    signed(first_reviewer, people[0])
    signed(second_reviewer)
    signed(adjudicator, people[0])
    report = told(review)
    assert report.lead.startswith("After adjudication, two of three people found")
    assert [(finding.name, finding.dissents) for finding in report.findings] == [
        ("First_Reviewer", False), ("Second_Reviewer", True), ("Adjudicator", False),
    ]  # fmt: skip
    assert "The two reviewers differed" in report.adjudication


def test_fused_rating_is_told_as_advisory(scene: Any, people: list[Person]) -> None:
    scene.assess(scene.first, 1, people[0], level=3)
    scene.assess(scene.second, 2, people[0], level=2)
    insert("review_conclusion", scene.conclusion(**scene.names(people[0]), fused_rating="2.50"))
    execute("UPDATE review_review SET state = 'concluded'")
    assert told(scene.review).fused.startswith(
        "Mean of the graded ratings, advisory: +2.50 on the scale from -3 to +3."
    )


def test_supplementary_note_is_told_with_its_signature(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User
) -> None:
    concordant(review, people[0], first_reviewer, second_reviewer)
    document = '{"note":"Seen again."}'
    sha256 = hashlib.sha256(document.encode()).hexdigest()
    SupplementaryNote.objects.create(
        assessment=Assessment.objects.get(reviewer=first_reviewer), author=first_reviewer, text="Seen again.",
        document=document, document_sha256=sha256,
    )  # fmt: skip
    report = told(review)
    assert [note.text for note in report.findings[0].notes] == ["Seen again."]
    assert ("Reviewer, supplementary note", sha256) in {(each.role, each.sha256) for each in report.signatures}


def test_twelve_identifiers_are_told_with_who_verified_them(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, requester: User, auditor: User
) -> None:
    concordant(review, people[0], first_reviewer, second_reviewer)
    review.refresh_from_db()
    assert "None is recorded so far" in told(review).about_corroboration
    for number in range(12):
        identifier = Identifier.objects.create(
            conclusion=review.conclusion, kind="dental", source=f"Record {number}", description="Compared.",
            file_name="record.pdf", file_sha256="ab" * 32, byte_size=1, recorded_by=requester,
        )  # fmt: skip
    Verification.objects.create(
        identifier=identifier, conclusion=review.conclusion, recorded_by=requester, verified_by=auditor,
        verdict="confirmed", note="The same.",
    )  # fmt: skip
    identifiers = told(review).identifiers
    assert len(identifiers) == 12
    assert [each.verified for each in identifiers[:11]] == ["Not verified yet."] * 11
    assert identifiers[11].verified.startswith("Confirmed by Auditor")


def test_later_review_of_the_same_face_is_told_on_every_page(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, requester: User
) -> None:
    concordant(review, people[0], first_reviewer, second_reviewer)
    search = review.search
    search.pk, search._state.adding = uuid4(), True
    search.save()
    later = Review.objects.create(
        case=review.case, probe=review.probe, search=search, requested_by=requester, reviewers_required=2,
        refers_to=review, opened_at=timezone.now(),
    )  # fmt: skip
    Reopening.objects.create(review=later, cause="new_evidence", reason="A letter came.", opened_by=requester)
    earlier, again = told(review), told(later)
    assert earlier.running.endswith("under review again")
    assert earlier.superseded
    assert any("A letter came." in sentence for sentence in earlier.history)
    assert str(review.pk) in again.history[0]
    assert "potential identification" in again.history[0]
