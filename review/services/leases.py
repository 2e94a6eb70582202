"""A place in a review is lent: kept while somebody works, freed when they leave; what they wrote stays theirs."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from audit.services import record
from review import policies
from review.errors import ReviewWithdrawn, StaleAssignment
from review.models import Assignment, Review, ReviewState
from review.policies import require


def lease_end() -> datetime:
    """Return until when a place is kept for somebody who works on it now."""
    return timezone.now() + timedelta(seconds=settings.ASSIGNMENT_LEASE_SECONDS)


def keep_place(assignment: Assignment, **changes: object) -> None:
    """Change an assignment that is still open and extend its lease; StaleAssignment when it is not.

    Where the agreement by which somebody of another agency works here has ended, the lease runs out as it stands.
    """
    reached = policies.reaches_its_agency(assignment.reviewer, assignment.review)
    lease = {"leased_until": lease_end() if reached else F("leased_until")}
    still_open = Assignment.objects.filter(pk=assignment.pk, state=Assignment.State.OPEN)
    if still_open.update(**(lease | changes)) != 1:
        review = Review.objects.get(pk=assignment.review_id)
        if review.state == ReviewState.WITHDRAWN:
            raise ReviewWithdrawn(review.withdrawn_because)
        raise StaleAssignment("This review is no longer yours: it was signed, given back, or left for too long.")


def stay(*, actor: User, assignment: Assignment) -> None:
    """Extend the lease of somebody who is at work. No entry in the log: it would drown the rest."""
    require(policies.is_theirs(actor, assignment), "This review is somebody else's.")
    keep_place(assignment)


def leave(*, actor: User, assignment: Assignment) -> None:
    """Keep the place of somebody who closed the page a moment longer; opening another page of the work renews it.

    Nothing where the place is no longer open. No entry in the log: every step from page to page closes one.
    """
    require(policies.is_theirs(actor, assignment), "This review is somebody else's.")
    until = timezone.now() + timedelta(seconds=settings.ASSIGNMENT_GRACE_SECONDS)
    longer = Assignment.objects.filter(pk=assignment.pk, state=Assignment.State.OPEN, leased_until__gt=until)
    longer.update(leased_until=until)


@transaction.atomic
def leave_for_later(*, actor: User, assignment: Assignment) -> None:
    """Free a place at once for others, and keep what was written."""
    require(policies.is_theirs(actor, assignment), "This review is somebody else's.")
    keep_place(assignment, state=Assignment.State.LAPSED)
    _record(kind="review:assignment:left/1", actor=actor, assignment=assignment)


def lapse_assignments() -> int:
    """Free the places of people who have left; their drafts stay. Return how many."""
    left = Assignment.objects.filter(state=Assignment.State.OPEN, leased_until__lt=timezone.now())
    return sum(_lapse(pk) for pk in left.values_list("pk", flat=True))


@transaction.atomic
def _lapse(assignment_id: UUID) -> bool:
    """Free one place, unless its holder came back or another sweep was here before."""
    left = Assignment.objects.filter(pk=assignment_id, state=Assignment.State.OPEN, leased_until__lt=timezone.now())
    if left.update(state=Assignment.State.LAPSED) != 1:
        return False
    places = Assignment.objects.select_related("reviewer", "review__case__agency")
    lapsed = places.get(pk=assignment_id)
    # A sweep does it, or somebody else who asks for work: not the one who is away.
    _record(kind="review:assignment:lapsed/1", actor=None, assignment=lapsed, held_by=lapsed.reviewer_id)
    return True


def _record(*, kind: str, actor: User | None, assignment: Assignment, **said: int) -> None:
    review = assignment.review
    record(
        kind=kind,
        actor=actor,
        subject=assignment,
        agency=review.case.agency,
        purpose=review.case.purpose,
        payload={"review": str(review.pk), **said},
    )
