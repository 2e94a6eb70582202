"""What a person signs: one canonical document (RFC 8785) of the evidence, what was shown, and what was recorded."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import rfc8785
from django.utils import timezone

from accounts.models import User
from review.canonical import without_floats
from review.levels import in_words
from review.models import Assessment, Assignment, Draft, Exposure, Part, Review, Suitability
from review.selectors import rationales_for
from review.services.drafts import compare_section
from review.shown import ShownCandidate, ShownReference, candidates_shown, retained_shown

# What counts as a sentence: short ones do, one word doesn't.
FEWEST_WORDS, FEWEST_CHARACTERS = 3, 15


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


def meaning_of_note() -> str:
    """Return the sentences that a person signs with a note."""
    return (
        "I add this to the assessment that I signed, which stays as it is. It is my own, and I can't change it after "
        "signing."
    )


def is_a_sentence(text: str) -> bool:
    """Whether a text says at least as much as a short sentence."""
    said = text.strip()
    return len(said) >= FEWEST_CHARACTERS and len(said.split()) >= FEWEST_WORDS


def signed_document(*, signer: User, assignment: Assignment, review: Review, recorded: Recorded) -> bytes:
    """Return the document as bytes; its SHA-256 is kept beside it, and PostgreSQL checks that it is."""
    signed_at = timezone.now()
    return rfc8785.dumps(
        {
            "signature": {
                "signer": signer.pk,
                "part": assignment.part,
                "meaning": meaning_of_signature(assignment),
                "signed_at": _stamp(signed_at),
            },
            "review": str(review.pk),
            "evidence_sha256": review.evidence_sha256,
            "case": {"id": str(review.case_id), "number": review.case.number, "purpose": review.case.purpose},
            "probe": {
                "face": str(review.search.face_id),
                "photograph_sha256": review.probe.photograph.sha256,
            },
            "pictures_revealed": _revealed(signer, review),
            "candidate_list": _candidate_list(assignment, review),
            "analysis": _analysis(assignment),
            "comparisons": _comparisons(assignment),
            "assessments_read": [read.document_sha256 for read in _read_before(assignment)],
            "finding": _finding(assignment, recorded),
            "times": _times(assignment, signed_at),
        }
    )


def signed_note(*, signer: User, assessment: Assessment, text: str) -> bytes:
    """Return the document of a note to an assessment as bytes."""
    return rfc8785.dumps(
        {
            "signature": {
                "signer": signer.pk,
                "meaning": meaning_of_note(),
                "signed_at": _stamp(timezone.now()),
            },
            "review": str(assessment.review_id),
            "assessment": {"id": str(assessment.pk), "document_sha256": assessment.document_sha256},
            "note": text,
        }
    )


def _candidate_list(assignment: Assignment, review: Review) -> dict[str, Any]:
    """The whole list in the order in which this person saw it, by ids and hashes, and what became of each.

    Nobody was shown to a person who found the photograph unsuitable before.
    """
    shown = candidates_shown(assignment) if assignment.suitability != Suitability.UNSUITABLE else []
    decided = shown if assignment.compared_at else []
    return {
        "search": str(review.search_id),
        "encoder": str(review.search.encoder),
        "seed": str(assignment.seed),
        "shown": [_candidate(candidate) for candidate in shown],
        "retained": [str(one.person_id) for one in decided if one.person_id in assignment.retained],
        "excluded": [str(one.person_id) for one in decided if one.person_id not in assignment.retained],
    }


def _candidate(candidate: ShownCandidate) -> dict[str, Any]:
    return {
        "position": candidate.position,
        "person": str(candidate.person_id),
        "references": [_reference(reference) for reference in candidate.references],
    }


def _reference(reference: ShownReference) -> dict[str, Any]:
    return {
        "number": reference.number,
        "reference": str(reference.reference_id),
        "face": str(reference.face_id),
        "photograph_sha256": reference.photograph_sha256,
    }


def _comparisons(assignment: Assignment) -> list[dict[str, Any]]:
    """What was recorded of each retained person, in the order shown; `compared` is as the page kept it."""
    kept = {draft.section: draft for draft in assignment.drafts.all()}
    drafts = [(shown, kept.get(compare_section(shown.person_id))) for shown in retained_shown(assignment)]
    return [_comparison(shown, draft) for shown, draft in drafts if draft]


def _comparison(shown: ShownCandidate, draft: Draft) -> dict[str, Any]:
    return {
        "position": shown.position,
        "person": str(shown.person_id),
        "compared": without_floats(draft.content),
        "begun_at": _stamp(draft.begun_at),
        "saved_at": _stamp(draft.saved_at),
    }


def _revealed(signer: User, review: Review) -> list[dict[str, Any]]:
    """Which pictures of a deceased person were shown when asked for, and when."""
    shown = Exposure.objects.filter(viewer=signer, face=review.probe.face_id).order_by("shown_at", "pk")
    return [{"picture": exposure.variant, "shown_at": _stamp(exposure.shown_at)} for exposure in shown]


def _analysis(assignment: Assignment) -> dict[str, Any]:
    return {
        "suitability": assignment.suitability,
        "limitations": list(assignment.limitations),
        "note": assignment.analysis_note,
        "recorded_at": _stamp(assignment.analysed_at),
        "compared_at": _stamp(assignment.compared_at),
    }


def _times(assignment: Assignment, signed_at: datetime) -> dict[str, Any]:
    return {
        "taken": _stamp(assignment.taken_at),
        "analysed": _stamp(assignment.analysed_at),
        "differing_read": _stamp(assignment.differing_read_at),
        "compared": _stamp(assignment.compared_at),
        "signed": _stamp(signed_at),
    }


def _finding(assignment: Assignment, recorded: Recorded) -> dict[str, Any]:
    return {
        "suitability": recorded.suitability(assignment).value,
        "person": str(recorded.person_id) if recorded.person_id else None,
        "level": recorded.level,
        "words": in_words(recorded.level, named=recorded.person_id is not None) or None,
        "rationale": recorded.rationale,
    }


def _read_before(assignment: Assignment) -> list[Assessment]:
    """Return what an adjudicator was given to read, in its order; a reviewer is given nothing."""
    return rationales_for(assignment) if assignment.part == Part.ADJUDICATOR else []


def _stamp(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
