"""What every signature in a review binds: images, encoder, candidate list and references, as one canonical document.

It is written when the review opens. A reviewer is shown what stands in it and nothing that came later; when any of it
no longer holds, the review's signatures are void and it begins again.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import rfc8785

from identification.models import Candidate, FaceCorrection, Reference, Search
from review.models import EvidenceChange, Review


def evidence_of(search: Search) -> bytes:
    """Return the evidence for a review of this search as RFC 8785 JSON, from what the database holds now."""
    candidates = list(search.candidates.select_related("reference__photograph").order_by("rank"))
    references = _references_of(candidates)
    return rfc8785.dumps(
        {
            "probe": {
                "face": str(search.face_id),
                "photograph": str(search.probe.photograph_id),
                "photograph_sha256": search.probe.photograph.sha256,
                "standing": not hasattr(search.face, "correction"),
            },
            "encoder": {
                "name": search.encoder.name,
                "version": search.encoder.version,
                "weights_sha256": search.encoder.weights_sha256,
            },
            "search": str(search.pk),
            "candidates": [_candidate(candidate, references) for candidate in candidates],
        }
    )


def sha256_of(evidence: bytes) -> str:
    """Return the hash that signatures bind."""
    return hashlib.sha256(evidence).hexdigest()


def _candidate(candidate: Candidate, references: dict[Any, list[Reference]]) -> dict[str, Any]:
    return {
        "person": str(candidate.person_id),
        "rank": candidate.rank,
        "score": f"{candidate.score:.6f}",
        "listed_by": str(candidate.reference_id),
        "references": [_reference(reference) for reference in references.get(candidate.person_id, [])],
    }


def _reference(reference: Reference) -> dict[str, Any]:
    return {
        "reference": str(reference.pk),
        "face": str(reference.face_id),
        "photograph_sha256": reference.photograph.sha256,
    }


def _references_of(candidates: list[Candidate]) -> dict[Any, list[Reference]]:
    """The searchable references of everybody listed, by person, in an order that says nothing: by id."""
    people = [candidate.person_id for candidate in candidates]
    found: dict[Any, list[Reference]] = {}
    for reference in (
        Reference.objects.searchable().filter(person__in=people).select_related("photograph").order_by("pk")
    ):
        found.setdefault(reference.person_id, []).append(reference)
    return found


def changed_evidence(review: Review) -> EvidenceChange | None:
    """Say by what the review's evidence no longer holds; None while everything in it is as it was.

    References that were added later change nothing: reviewers are shown what stands in the evidence. The answer holds
    until the end of the transaction for whoever holds the evidence (review/services/holding.py).
    """
    if FaceCorrection.objects.filter(finding=review.search.face_id).exists():
        return EvidenceChange.FACE_CORRECTED
    if not review.evidence:
        # A review from before evidence was kept: it begins again with it.
        return EvidenceChange.OTHERWISE
    said = json.loads(review.evidence)
    now = Reference.objects.filter(pk__in=references_in(review)).select_related("photograph")
    if any(reference.withdrawn_at for reference in now):
        return EvidenceChange.REFERENCE_WITHDRAWN
    same = _without_references(said) == _without_references(json.loads(evidence_of(review.search)))
    return None if same and _references_said(said) == _as_said(now) else EvidenceChange.OTHERWISE


def references_in(review: Review) -> list[str]:
    """Return the ids of the references in a review's evidence, in their order."""
    if not review.evidence:
        return []
    return sorted(one["reference"] for one in _references_said(json.loads(review.evidence)))


def _references_said(evidence: dict[str, Any]) -> list[dict[str, Any]]:
    said = [reference for candidate in evidence["candidates"] for reference in candidate["references"]]
    return sorted(said, key=lambda reference: str(reference["reference"]))


def _as_said(references: Iterable[Reference]) -> list[dict[str, Any]]:
    return sorted((_reference(one) for one in references), key=lambda reference: str(reference["reference"]))


def _without_references(evidence: dict[str, Any]) -> dict[str, Any]:
    """Everything but the candidates' references: face, photograph, encoder, search, and who was listed how."""
    listed = [{name: said for name, said in each.items() if name != "references"} for each in evidence["candidates"]]
    return evidence | {"candidates": listed}
