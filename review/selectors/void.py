"""Signatures that are void because the evidence changed under them; told to whoever gave them and to nobody else."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from review.errors import what_happened
from review.models import Assessment, ReviewState

TOLD_FOR = timedelta(days=14)


@dataclass(frozen=True)
class VoidSignature:
    """One's own assessment that counts no more, and why."""

    assessment: Assessment
    why: str


def void_signatures(viewer: User) -> list[VoidSignature]:
    """Return what the viewer signed lately in reviews that were withdrawn, the latest first."""
    void = viewer.assessments.filter(
        review__state=ReviewState.WITHDRAWN, signed_at__gte=timezone.now() - TOLD_FOR
    ).select_related("review__case")
    return [VoidSignature(each, what_happened(each.review.withdrawn_because)) for each in void.order_by("-signed_at")]
