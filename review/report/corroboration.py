"""What the report says beyond the face: identifiers, who verified them, and the identification once it is asserted."""

from collections.abc import Iterator

from identification.models import Purpose
from review.models import Conclusion, Identifier, Outcome, Review, Verdict
from review.report.structure import CorroboratingIdentifier, Fact, Signature
from review.report.words import moment


def about_corroboration(review: Review) -> str:
    """Return what the purpose asks for beside the face; empty where nobody is concluded."""
    conclusion: Conclusion | None = getattr(review, "conclusion", None)
    if conclusion is None or conclusion.outcome != Outcome.CONCORDANT:
        return ""
    if review.case.purpose == Purpose.INCIDENT:
        return "Does not apply: a lead is never corroborated into an identification here."
    if hasattr(conclusion, "identification"):
        return "The identification rests on the face and on what follows."
    recorded = (
        "What has been recorded so far follows." if conclusion.identifiers.exists() else "None is recorded so far."
    )
    return f"Identifiers that have nothing to do with the face. {recorded} The identification has not been asserted."


def identifiers_of(conclusion: Conclusion | None) -> tuple[CorroboratingIdentifier, ...]:
    """Return every identifier, the earliest first."""
    if conclusion is None:
        return ()
    found = conclusion.identifiers.select_related("recorded_by", "verification__verified_by").order_by("recorded_at")
    return tuple(_identifier(each) for each in found)


def _identifier(identifier: Identifier) -> CorroboratingIdentifier:
    facts = (
        Fact("Source", identifier.source),
        Fact("Found", identifier.description),
        Fact("Recorded", f"by {identifier.recorded_by}, {moment(identifier.recorded_at)}"),
        Fact("File", identifier.file_name),
        Fact("SHA-256", code=identifier.file_sha256),
    )
    return CorroboratingIdentifier(identifier.get_kind_display(), facts, _verified(identifier))


def _verified(identifier: Identifier) -> str:
    verification = getattr(identifier, "verification", None)
    if verification is None:
        return "Not verified yet."
    verdict = Verdict(verification.verdict).label
    return f"{verdict} by {verification.verified_by}, {moment(verification.verified_at)}: {verification.note}"


def identification_facts(conclusion: Conclusion | None) -> tuple[Fact, ...]:
    """Return who asserted the identification, and on what it rests; nothing until somebody has."""
    asserted = getattr(conclusion, "identification", None)
    if asserted is None:
        return ()
    leading = asserted.leading_identifier
    return (
        Fact("Identified", asserted.person.name),
        Fact("Asserted by", f"{asserted.asserted_by}, {moment(asserted.asserted_at)}"),
        Fact("Rests on", leading.get_kind_display() if leading else "The comparison of faces and what the case told"),
        Fact("Document, SHA-256", code=asserted.document_sha256),
    )


def signature_of(conclusion: Conclusion) -> Iterator[Signature]:
    """Yield the signature that asserts the identification, if there is one."""
    asserted = getattr(conclusion, "identification", None)
    if asserted:
        yield Signature(
            str(asserted.asserted_by), "Asserts the identification", "", moment(asserted.asserted_at),
            asserted.document_sha256,
        )  # fmt: skip
