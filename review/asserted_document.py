"""What an asserter signs: one canonical document (RFC 8785) of the conclusion, what corroborates it, and the policy."""

from typing import Any

import rfc8785
from django.utils import timezone

from accounts.models import Role, User
from identification.models import PRIMARY_IDENTIFIERS, PurposePolicy
from review.ground import Ground
from review.models import Conclusion, Identifier, Verification


def meaning_of_assertion(*, corroborated: bool) -> str:
    """Return the sentences that a person signs."""
    read = (
        "what two people found independently, and every identifier recorded, also those that were not confirmed"
        if corroborated
        else "what two people found independently; no identifier other than the face is needed by the policy"
    )
    return (
        f"I have read {read}. I neither asked for it nor judged the face, and I neither recorded nor verified what "
        "this rests on. I assert that it suffices for its purpose. I can't change this after signing."
    )


def asserted_document(*, signer: User, conclusion: Conclusion, policy: PurposePolicy, ground: Ground) -> bytes:
    """Return the document as bytes; its SHA-256 is kept beside it, and PostgreSQL checks that it is."""
    case = conclusion.review.case
    return rfc8785.dumps(
        {
            "signature": {
                "signer": signer.pk,
                "role": Role.ASSERTER.value,
                "meaning": meaning_of_assertion(corroborated=bool(ground.identifiers)),
                "signed_at": timezone.now().isoformat(),
            },
            "case": {"id": str(case.pk), "number": case.number, "purpose": case.purpose},
            "conclusion": _conclusion(conclusion),
            "person": str(conclusion.person_id),
            "people": {
                "requested_by": conclusion.requested_by_id,
                "first_reviewer": conclusion.first_reviewer_id,
                "second_reviewer": conclusion.second_reviewer_id,
            },
            "identifiers": [_identifier(identifier) for identifier in ground.identifiers],
            "leading_identifier": str(ground.leading.pk) if ground.leading else None,
            "rests_on": [str(identifier.pk) for identifier in ground.rests_on],
            "policy": _policy(policy),
        }
    )


def _conclusion(conclusion: Conclusion) -> dict[str, Any]:
    documents = conclusion.review.assessments.order_by("reviewer_id").values_list("document_sha256", flat=True)
    return {
        "review": str(conclusion.pk),
        "finding": conclusion.finding,
        "outcome": conclusion.outcome,
        "adjudicated": conclusion.adjudicated,
        "evidence_sha256": conclusion.evidence_sha256,
        "assessments_sha256": list(documents),
        "concluded_at": conclusion.concluded_at.isoformat(),
    }


def _identifier(identifier: Identifier) -> dict[str, Any]:
    return {
        "id": str(identifier.pk),
        "kind": identifier.kind,
        "primary": identifier.kind in PRIMARY_IDENTIFIERS,
        "source": identifier.source,
        "description": identifier.description,
        "file": {
            "name": identifier.file_name,
            "bytes": identifier.byte_size,
            "sha256": identifier.file_sha256,
        },
        "recorded_by": identifier.recorded_by_id,
        "recorded_at": identifier.recorded_at.isoformat(),
        "verification": _verification(getattr(identifier, "verification", None)),
    }


def _verification(verification: Verification | None) -> dict[str, Any] | None:
    if verification is None:
        return None
    return {
        "verified_by": verification.verified_by_id,
        "verdict": verification.verdict,
        "note": verification.note,
        "verified_at": verification.verified_at.isoformat(),
    }


def _policy(policy: PurposePolicy) -> dict[str, Any]:
    return {
        "purpose": policy.purpose,
        "reviewers": policy.reviewers,
        "corroboration_required": policy.corroboration_required,
        "sufficient_kinds": sorted(policy.sufficient_kinds),
        "sufficient_together": policy.sufficient_together,
    }
