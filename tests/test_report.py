"""What the comparison report of an ended review says, and to whom."""

import hashlib
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from audit.models import Entry
from identification import storage
from identification.models import Encoder, GalleryKind, Person, Purpose
from review.models import Assessment, Identifier, Reopening, Review, SupplementaryNote, Verification
from review.report import report_of
from review.report.structure import Mark, Report
from review.shown import candidates_shown
from tests import factories, reports
from tests.reports import compared, signed, with_closeup
from tests.review_scene import execute, insert

documents = reports.documents

NAME = "Володимир-Святослав Ґалаґанчукевський-Підкарпатський-Їжакевич"


def told(review: Review, *, with_pictures: bool = True) -> Report:
    return report_of(Review.objects.get(pk=review.pk), with_pictures=with_pictures)


def concordant(review: Review, person: Person, first: User, second: User) -> None:
    signed(first, person, 3)
    signed(second, person, 2)


def page_of(client: Client, review: Review, query: str = "") -> str:
    answer = client.get(reverse("review:report", args=[review.pk]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


# --- What it says ------------------------------------------------------------------------------------------------


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


# --- Comparisons -------------------------------------------------------------------------------------------------


def test_checklist_markers_and_views_come_from_the_signed_document(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, documents: dict[str, Any]
) -> None:
    documents["comparisons"] = [compared(people[0])]
    concordant(review, people[0], first_reviewer, second_reviewer)
    comparison = told(review).findings[0].comparisons[0]
    assert comparison.person == "Ostap Vyhovsky"
    assert [(row.label, row.seen, row.similarity, row.explanation) for row in comparison.components] == [
        ("Eyes", "In both", "Similar", ""),
        ("Ears", "In the photograph only", "Can't tell", "Pose"),
    ]
    assert [(marker.label, marker.text) for marker in comparison.markers] == [("1", "A scar."), ("2", "No note.")]
    assert [(fact.label, fact.text) for fact in comparison.views] == [
        ("View of photograph", "enlarged 2.5 times, turned 12 degrees, brightness 1.2, in grey"),
        ("View of reference", "as it is"),
        ("Tools used", "zoom, flicker"),
    ]
    probe, reference = comparison.pictures
    assert probe.marks == (Mark("1", 0.25, 0.5), Mark("2", 0.75, 0.5))
    assert reference.marks == (Mark("1", 0.3, 0.5), Mark("2", 0.7, 0.5))
    assert reference.face_id == people[0].references.get().face_id


def test_markers_are_drawn_on_the_reference_that_the_reviewer_saw_under_that_number(
    requester: User, administrator: User, gallery: Any, case: Any, encoder: Encoder, random_vectors: Any,
    first_reviewer: User, second_reviewer: User, documents: dict[str, Any],
) -> None:  # fmt: skip
    person = factories.enrol(administrator, gallery, encoder, NAME, *(random_vectors() for _ in range(4)))
    review = factories.searched(requester, case, encoder, random_vectors()).review
    marker = {"number": 1, "probe": ["0.5", "0.5"], "candidate": ["0.5", "0.5"], "note": "Here."}
    documents["comparisons"] = [compared(person, markers=[marker | {"reference": 3}])]
    concordant(review, person, first_reviewer, second_reviewer)
    for finding, place in zip(told(review).findings, review.assignments.order_by("reviewer_id"), strict=True):
        seen = next(one for one in candidates_shown(place)[0].references if one.number == 3)
        assert finding.comparisons[0].pictures[1].face_id == seen.face_id


@pytest.mark.parametrize(
    "comparisons",
    [
        "nothing", [None], [{"person": "nobody"}], [{"person": str(uuid4()), "compared": {}}],
        [{"compared": {"markers": 3}}],
    ],
)  # fmt: skip
def test_document_of_another_shape_is_no_obstacle(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, documents: dict[str, Any],
    comparisons: Any, requester: User, client: Client,
) -> None:  # fmt: skip
    documents["comparisons"] = comparisons
    documents["analysis"] = None
    concordant(review, people[0], first_reviewer, second_reviewer)
    client.force_login(requester)
    assert "Ostap Vyhovsky" in page_of(client, review)


@pytest.mark.parametrize(
    "content",
    [
        {"components": {"beyond": {"probe": True, "similarity": "odd_word"}}},
        {"components": [], "markers": {}, "adjustments": 4, "tools": "all"},
        {"markers": [{"number": 1, "reference": "x", "probe": ["a", "b"], "candidate": [0.5]}]},
        {"markers": [{"number": 1, "reference": 99, "probe": ["nan", "2"], "candidate": None}]},
    ],
)
def test_comparison_of_another_shape_is_no_obstacle(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, documents: dict[str, Any],
    content: dict[str, Any], requester: User, client: Client,
) -> None:  # fmt: skip
    documents["comparisons"] = [{"person": str(people[0].pk), "compared": content}]
    concordant(review, people[0], first_reviewer, second_reviewer)
    client.force_login(requester)
    assert "Compared with Ostap Vyhovsky" in page_of(client, review)


# --- Pictures ----------------------------------------------------------------------------------------------------


def test_deceased_are_shown_only_when_asked_for(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, requester: User, client: Client
) -> None:
    concordant(review, people[0], first_reviewer, second_reviewer)
    client.force_login(requester)
    for name in ("review:report", "review:conclusion"):
        address = reverse(name, args=[review.pk])
        without, shown = client.get(address).content.decode(), client.get(address + "?pictures=1").content.decode()
        assert "<img" not in without
        assert "left out" in without
        assert "?pictures=1" in without
        assert "<img" in shown
        assert "It was asked for with pictures" in shown


def test_picture_is_sent_with_its_markers_and_the_look_is_on_record(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, documents: dict[str, Any],
    requester: User, client: Client,
) -> None:  # fmt: skip
    documents["comparisons"] = [compared(people[0])]
    concordant(review, people[0], first_reviewer, second_reviewer)
    with_closeup(review.probe.face)
    client.force_login(requester)
    of_probe = [picture for picture in told(review).pictures if picture.face_id == review.probe.face_id]
    plain, marked = of_probe[0], next(picture for picture in of_probe if picture.marks)
    answers = [client.get(reverse("review:report-picture", args=[review.pk, each.number])) for each in (plain, marked)]
    assert [answer["Content-Type"] for answer in answers] == ["image/jpeg"] * 2
    assert answers[0].content != answers[1].content
    looks = Entry.objects.filter(kind="identification:photograph:viewed/1", subject_id=review.probe.face_id)
    assert {look.payload["variant"] for look in looks} == {"report"}


@pytest.mark.parametrize("spoil", ["missing", "damaged"])
def test_picture_that_cant_be_shown_is_no_obstacle(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, requester: User, client: Client,
    spoil: str,
) -> None:  # fmt: skip
    concordant(review, people[0], first_reviewer, second_reviewer)
    path = storage.closeup_path(review.probe.face_id)
    if spoil == "damaged":
        storage.write_derivative(path, b"no picture")
    else:
        path.unlink(missing_ok=True)
        storage.derivative_path(review.probe.photograph_id).unlink(missing_ok=True)
    client.force_login(requester)
    assert "<img" in page_of(client, review, "?pictures=1")
    assert client.get(reverse("review:report-picture", args=[review.pk, 1])).status_code == 404
    assert client.get(reverse("review:report-picture", args=[review.pk, 999])).status_code == 404


# --- Who may -----------------------------------------------------------------------------------------------------

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
