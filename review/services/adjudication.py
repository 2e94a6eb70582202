"""An adjudicator reads the assessments that differ after looking at the probe alone, and before seeing candidates."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.services import record
from review import policies
from review.errors import IncompleteWork
from review.models import Assignment, Part
from review.policies import require
from review.selectors import rationales_for
from review.services.leases import keep_place


@transaction.atomic
def give_differing_to_read(*, actor: User, assignment: Assignment) -> None:
    """Record once that an adjudicator is given the differing assessments; the own analysis of the probe then stays."""
    require(policies.is_theirs(actor, assignment), "This review is somebody else's.")
    require(assignment.part == Part.ADJUDICATOR, "Who assesses blind isn't shown what others found.")
    now = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    if not now.analysed_at:
        raise IncompleteWork("Record what the photograph is good for before reading what others found.")
    if now.differing_read_at:
        return
    keep_place(assignment, differing_read_at=timezone.now())
    record(
        kind="review:assessments:read/1",
        actor=actor,
        subject=assignment,
        agency=assignment.review.case.agency,
        payload={
            "review": str(assignment.review_id),
            # By hash, sorted: the order of arrival is nobody's business here.
            "documents": sorted(read.document_sha256 for read in rationales_for(assignment)),
        },
    )
