"""Work in progress: saved every few seconds under the lease, so that a closed browser loses nothing."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import rfc8785
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from review import policies
from review.errors import IncompleteWork
from review.models import Assignment, Draft
from review.policies import require
from review.services.leases import keep_place

ANALYSIS, CANDIDATES, CONCLUDE = "analysis", "candidates", "conclude"
LONGEST_DRAFT = 64 * 1024


def compare_section(person_id: UUID) -> str:
    """Return the section of one retained person's comparison."""
    return f"compare:{person_id}"


@transaction.atomic
def save_draft(*, actor: User, assignment: Assignment, section: str, content: Mapping[str, Any]) -> Draft:
    """Keep what somebody has written so far in one section, in place of what was kept there, and extend the lease.

    StaleAssignment once the work was signed, given back or left for too long: a draft never changes what was signed.
    No entry in the log: every few seconds would drown the rest; what counts is signed.
    """
    require(policies.is_theirs(actor, assignment), "This review is somebody else's.")
    if len(rfc8785.dumps(dict(content))) > LONGEST_DRAFT:
        raise IncompleteWork("This is more than a draft can hold; shorten your notes. What was saved before is kept.")
    keep_place(assignment)
    draft, _ = Draft.objects.update_or_create(
        assignment=assignment, section=section, defaults={"content": dict(content), "saved_at": timezone.now()}
    )
    return draft


def draft_of(assignment: Assignment, section: str) -> dict[str, Any]:
    """Return what is kept of a section; empty when nothing is."""
    content = Draft.objects.filter(assignment=assignment, section=section).values_list("content", flat=True).first()
    return content or {}


def drafts_of(assignment: Assignment) -> dict[str, dict[str, Any]]:
    """Return all that is kept, by section."""
    return dict(assignment.drafts.values_list("section", "content"))
