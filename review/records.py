"""Signed documents for exports of the audit log, whose entries name them by their hash."""

from collections.abc import Sequence
from typing import Any

from accounts.models import User
from review import selectors
from review.models import Assessment, Identification, Review, SupplementaryNote


def signed_documents(sha256s: Sequence[str], viewer: User | None) -> dict[str, bytes]:
    """Return assessments, notes and assertions by their hash: those of reviews whose report the viewer may read.

    The report holds what they hold, so an export tells no more. The operator has the database anyway.
    """
    reviews = selectors.ended_reviews(viewer) if viewer else Review.objects.all()
    wanted: dict[str, Any] = {"document_sha256__in": sha256s}
    found = (
        Assessment.objects.filter(review__in=reviews.values("pk"), **wanted),
        SupplementaryNote.objects.filter(assessment__review__in=reviews.values("pk"), **wanted),
        Identification.objects.filter(conclusion__review__in=reviews.values("pk"), **wanted),
    )
    pairs = [pair for each in found for pair in each.values_list("document_sha256", "document")]
    return {sha256: document.encode() for sha256, document in pairs}
