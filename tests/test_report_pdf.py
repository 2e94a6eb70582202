"""The report as a PDF: what can be read back from it, that it is the same each time, and that nothing breaks it."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from identification import storage
from identification.models import Encoder, GalleryKind, Person, Photograph, Purpose
from review.models import Review
from review.report import pdf_of, report_of
from review.report.structure import Component, CorroboratingIdentifier, Fact, Report
from tests import factories, reports
from tests.reports import NAME, compared, sheets_of, signed, with_closeup

documents = reports.documents


@pytest.fixture
def people(administrator: User, gallery: Any, encoder: Encoder, random_vectors: Any) -> list[Person]:
    return [factories.enrol(administrator, gallery, encoder, name, random_vectors()) for name in (NAME, "Petro Kvas")]


@pytest.fixture
def report(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, documents: dict[str, Any]
) -> Report:
    """Of a concordant review of somebody deceased, with comparisons, markers and pictures."""
    documents["comparisons"] = [compared(people[0])]
    signed(first_reviewer, people[0], 3)
    signed(second_reviewer, people[0], 2)
    with_closeup(review.probe.face)
    return report_of(Review.objects.get(pk=review.pk), with_pictures=True)


def sheets(report: Report) -> list[str]:
    return sheets_of(pdf_of(report, compressed=False))


def test_everything_that_the_structure_says_can_be_read_in_the_pdf(report: Report) -> None:
    text = " ".join(sheets(report))
    told = [
        report.title, report.lead, report.about_method, report.about_people, report.next_step, *report.meaning,
        *(value for fact in (*report.asked, *report.method) for value in (fact.label, fact.text, fact.code)),
        *(value for each in report.signatures for value in (each.name, each.role, each.sha256, each.meaning)),
        *(value for each in report.findings for value in (each.found, each.rationale, each.signed_at)),
        *(row.note for each in report.findings for comparison in each.comparisons for row in comparison.components),
        *(fact.code for person in report.people for fact in person.provenances),
    ]  # fmt: skip
    squeezed = "".join(text.split())
    assert [each for each in told if "".join(each.split()) not in squeezed] == []
    assert NAME in text.replace("- ", "-")


def test_every_page_says_case_purpose_standing_and_its_number(report: Report) -> None:
    found = sheets(report)
    assert len(found) > 1
    for number, sheet in enumerate(found, start=1):
        assert report.running in sheet
        assert report.warning in sheet
        assert f"page {number} of {len(found)}" in sheet


def test_incident_is_a_lead_on_every_page(
    requester: User, administrator: User, encoder: Encoder, first_reviewer: User, second_reviewer: User,
    random_vectors: Any,
) -> None:  # fmt: skip
    gallery = factories.open_gallery(administrator, "Recorded", GalleryKind.INCIDENT, Purpose.INCIDENT)
    person = factories.enrol(administrator, gallery, encoder, "Petro Kvas", random_vectors())
    case = factories.open_case(requester, Purpose.INCIDENT)
    review = factories.searched(requester, case, encoder, random_vectors()).review
    for reviewer in (first_reviewer, second_reviewer):
        signed(reviewer, person, rationale="They agree. " * 500)
    found = sheets(report_of(Review.objects.get(pk=review.pk), with_pictures=True))
    assert len(found) > 2
    assert all("An investigative lead and nothing more" in sheet for sheet in found)


def test_same_report_gives_the_same_bytes(report: Report, review: Review) -> None:
    again = report_of(Review.objects.get(pk=review.pk), with_pictures=True)
    assert again == report
    assert hashlib.sha256(pdf_of(again)).digest() == hashlib.sha256(pdf_of(report)).digest()
    assert pdf_of(replace(report, lead="Something else.")) != pdf_of(report)


def test_title_author_and_language_are_set(report: Report) -> None:
    pdf = pdf_of(report, compressed=False)
    assert b"/Lang (en)" in pdf
    assert b"/Author (Bureau)" in pdf
    assert b"Comparison report" in pdf
    assert b"/FontFile2" in pdf, "its typefaces are embedded"


def test_pictures_of_the_deceased_are_in_it_only_when_asked_for(report: Report, review: Review) -> None:
    assert b"/Subtype /Image" in pdf_of(report, compressed=False)
    without = report_of(Review.objects.get(pk=review.pk), with_pictures=False)
    assert b"/Subtype /Image" not in pdf_of(without, compressed=False)
    assert "left out of this report" in " ".join(sheets(without))


def test_missing_picture_says_so_in_its_place(report: Report) -> None:
    for picture in report.pictures:
        storage.closeup_path(picture.face_id).unlink(missing_ok=True)
    for photograph in Photograph.objects.all():
        storage.derivative_path(photograph.pk).unlink(missing_ok=True)
    assert "The picture can't be shown." in " ".join(sheets(report))


def test_pdf_is_handed_out_as_a_file_and_its_hash_is_on_record(
    report: Report, review: Review, requester: User, client: Client
) -> None:
    client.force_login(requester)
    answer = client.get(reverse("review:report-pdf", args=[review.pk]))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith('attachment; filename="report-')
    assert answer.content.startswith(b"%PDF")
    entry = Entry.objects.get(kind="review:report:made/1")
    assert entry.payload == {
        "format": "pdf", "pictures": False, "sha256": hashlib.sha256(answer.content).hexdigest(),
    }  # fmt: skip


# --- What would break a layout -----------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["A sentence. ", "безпробілів", "<b>&\n", "\x07\t"])
def test_rationale_of_ten_thousand_characters_goes_over_pages(report: Report, unit: str) -> None:
    rationale = (unit * 10_000)[:10_000]
    long = replace(report, findings=tuple(replace(each, rationale=rationale) for each in report.findings))
    found = sheets(long)
    assert all(f"of {len(found)}" in sheet for sheet in found)


def test_long_notes_names_and_bases_go_over_pages(report: Report) -> None:
    word = "Ґ" * 60
    row = Component("Eyes", "In both", "Similar", "Pose", f"{word} " * 8)
    comparisons = tuple(replace(each, components=(row,) * 18, person=word) for each in report.findings[0].comparisons)
    finding = replace(report.findings[0], name=word, comparisons=comparisons)
    basis = (Fact("Gallery", "On the basis of many laws. " * 400),)
    long = replace(report, findings=(finding,) * 3, lead=f"{word} " * 20, method=basis)
    assert len(sheets(long)) > 5


def test_twenty_people_and_twelve_identifiers_fit(report: Report) -> None:
    facts = tuple(Fact(label, "Text " * 20, "ab" * 32) for label in ("Source", "Found", "File"))
    identifier = CorroboratingIdentifier("Fingerprints", facts, "Confirmed.")
    many = replace(
        report, people=report.people * 20, identifiers=(identifier,) * 12, about_corroboration="What there is follows.",
        findings=report.findings * 2, signatures=report.signatures * 4, history=("It was so. " * 30,) * 5,
    )  # fmt: skip
    assert " ".join(sheets(many)).count("Fingerprints") == 12


@pytest.mark.parametrize("outcome", ["none", "unsuitable", "inconclusive", "three reviewers"])
def test_every_outcome_has_a_pdf(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, adjudicator: User, outcome: str
) -> None:
    findings: dict[str, list[dict[str, Any]]] = {
        "none": [{}, {}],
        "unsuitable": [{"unsuitable": True}] * 2,
        "inconclusive": [{"person": people[0]}, {"person": people[1]}, {}],
        "three reviewers": [{"person": people[0]}, {}, {"person": people[0]}],
    }
    for reviewer, finding in zip((first_reviewer, second_reviewer, adjudicator), findings[outcome], strict=False):
        signed(reviewer, **finding)
    report = report_of(Review.objects.get(pk=review.pk), with_pictures=False)
    assert report.lead in " ".join(sheets(report))
