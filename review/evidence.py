"""What every signature in a review binds: images, encoder, candidate list and references, as one canonical document.

It is written when the review opens. A reviewer is shown what stands in it and nothing that came later; when any of it
no longer holds, the review's signatures are void and it begins again.
"""

import hashlib
from typing import Any

import rfc8785

from identification.models import Candidate, Reference, Search


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
