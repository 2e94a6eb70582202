"""From a conclusion to an identification in the demonstration: one case goes the whole way, others stay potential."""

from django.core.files.base import ContentFile
from django.db.models import QuerySet

from demo.people import PASSWORD, Staff
from demo.report import Report
from identification.models import Purpose
from review.models import Conclusion, Identification, Outcome, Verdict
from review.services.corroboration import assert_identity, record_identifier, verify_identifier

FILE_NAME = "fictional-dental-record.txt"


def corroborate(report: Report, staff: Staff) -> str:
    """Corroborate and assert one concordant case of a deceased, once for all runs; leave the others as they are."""
    if not _identifications().exists():
        conclusion = _begun_or_next()
        if conclusion:
            _go_the_whole_way(conclusion, staff)
    identified, potential = _identifications().count(), _potential().count()
    report.expect(identified >= 1, f"{identified} became an identification, by a dental record that two people saw")
    report.expect(potential >= 1, f"{potential} more of the deceased stay potential identifications")
    return f"{identified} identification asserted, {potential} potential"


def _potential() -> QuerySet[Conclusion]:
    return Conclusion.objects.filter(
        outcome=Outcome.CONCORDANT, review__case__purpose=Purpose.DECEASED, identification__isnull=True,
        review__reopening__isnull=True, review__followed_by__isnull=True,
    )  # fmt: skip


def _identifications() -> QuerySet[Identification]:
    return Identification.objects.filter(purpose=Purpose.DECEASED)


def _begun_or_next() -> Conclusion | None:
    """Return the conclusion with which a run that was stopped half-way had begun, else the earliest."""
    begun = _potential().filter(identifiers__file_name=FILE_NAME).first()
    return begun or _potential().order_by("concluded_at").first()


def _go_the_whole_way(conclusion: Conclusion, staff: Staff) -> None:
    """Record, verify and assert, each step unless an earlier run did it."""
    identifier = conclusion.identifiers.filter(file_name=FILE_NAME).first() or record_identifier(
        actor=staff["intake"],
        conclusion=conclusion,
        kind="dental",
        source="Fictional practice of Dr Nobody, chart of 2024",
        description="Two crowns and a missing upper left molar agree with the post-mortem chart. Nobody here is real.",
        file=ContentFile(_dental_record(conclusion), name=FILE_NAME),
    )
    if not hasattr(identifier, "verification"):
        verify_identifier(
            actor=staff["liaison"],
            identifier=identifier,
            verdict=Verdict.CONFIRMED,
            note="Asked the practice for the chart myself; crowns and the missing molar are as recorded.",
        )
    assert_identity(
        actor=staff["asserter"],
        conclusion=Conclusion.objects.get(pk=conclusion.pk),
        leading_identifier=identifier.pk,
        password=PASSWORD,
    )


def _dental_record(conclusion: Conclusion) -> bytes:
    number = conclusion.person.registry_number if conclusion.person else ""
    return (
        "FICTIONAL DENTAL RECORD, made by the demonstration\n"
        f"Registry number {number}\nUpper left: first molar missing\nLower right: crowns on second premolar and molar\n"
    ).encode()
