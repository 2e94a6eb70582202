"""What a reviewer signs: one canonical document (RFC 8785) of the evidence, what was shown, and what was recorded."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import rfc8785
from django.utils import timezone

from accounts.models import User
from review.models import Assessment, Assignment, Level, Part, Review, Suitability
from review.selectors import candidates_as_shown, rationales_for


@dataclass(frozen=True)
class Recorded:
    """What a person concludes: somebody with a grade, nobody, or that the photograph is unsuitable; and why."""

    person_id: UUID | None
    level: int | None
    rationale: str
    unsuitable: bool

    def suitability(self, assignment: Assignment) -> Suitability:
        """Return the suitability that is signed: the analysis', unless the person concludes on unsuitable."""
        return Suitability.UNSUITABLE if self.unsuitable else Suitability(assignment.suitability)


def meaning_of_signature(assignment: Assignment) -> str:
    """Return the sentences that a person signs; they are true for what this person has done."""
    examined = "the photograph and every candidate" if assignment.compared_at else "the photograph"
    knowing = (
        "without knowing what anybody else found"
        if assignment.part == Part.REVIEWER
        else "and have read the assessments that differ"
    )
    return (
        f"I have examined {examined} myself, {knowing}. What I record here is my own finding. "
        "I can't change it after signing."
    )


def signed_document(*, signer: User, assignment: Assignment, review: Review, recorded: Recorded) -> bytes:
    """Return the document as bytes; its SHA-256 is kept beside it, and PostgreSQL checks that it is."""
    return rfc8785.dumps(
        {
            "signature": {
                "signer": signer.pk,
                "part": assignment.part,
                "meaning": meaning_of_signature(assignment),
                "signed_at": _stamp(timezone.now()),
            },
            "review": str(review.pk),
            "case": {"id": str(review.case_id), "number": review.case.number, "purpose": review.case.purpose},
            "probe": {
                "face": str(review.search.face_id),
                "photograph_sha256": review.probe.photograph.sha256,
            },
            "candidate_list": _candidate_list(assignment, review),
            "analysis": _analysis(assignment),
            "assessments_read": [read.document_sha256 for read in _read_before(assignment)],
            "finding": _finding(assignment, recorded),
        }
    )


def _candidate_list(assignment: Assignment, review: Review) -> dict[str, Any]:
    """The whole list in the order in which this person saw it, by ids and hashes."""
    return {
        "search": str(review.search_id),
        "encoder": str(review.search.encoder),
        "seed": str(assignment.seed),
        "shown": [
            {"person": str(candidate.person_id), "reference_sha256": candidate.reference.photograph.sha256}
            for candidate in candidates_as_shown(assignment)
        ],
        "retained": [str(person) for person in assignment.retained],
    }


def _analysis(assignment: Assignment) -> dict[str, Any]:
    return {
        "suitability": assignment.suitability,
        "limitations": list(assignment.limitations),
        "note": assignment.analysis_note,
        "recorded_at": _stamp(assignment.analysed_at),
        "compared_at": _stamp(assignment.compared_at),
    }


def _finding(assignment: Assignment, recorded: Recorded) -> dict[str, Any]:
    return {
        "suitability": recorded.suitability(assignment).value,
        "person": str(recorded.person_id) if recorded.person_id else None,
        "level": recorded.level,
        "words": Level(recorded.level).label if recorded.level is not None else None,
        "rationale": recorded.rationale,
    }


def _read_before(assignment: Assignment) -> list[Assessment]:
    """Return what an adjudicator was given to read, in its order; a reviewer is given nothing."""
    return rationales_for(assignment) if assignment.part == Part.ADJUDICATOR else []


def _stamp(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
