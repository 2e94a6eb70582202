"""Reviews are opened and handed out, one at a time and without choice."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Role, User
from audit.services import record
from identification.models import PurposePolicy, Reference, Search
from identification.services.probes import owe_search
from review import policies
from review.corrected import known_before, reviews_before
from review.errors import ReviewWithdrawn, StaleAssignment
from review.evidence import evidence_of, sha256_of
from review.models import Assignment, Part, Review, ReviewState
from review.policies import require
from review.services.holding import hold_references


@transaction.atomic
def open_review(*, search: Search) -> Review | None:
    """Open the review of a candidate list; none for an empty list, or while the probe has an unfinished review.

    Where somebody listed is listed by a reference that was withdrawn meanwhile, another search is owed instead.
    """
    if not search.candidates.exists() or Review.objects.unfinished().filter(probe=search.probe_id).exists():
        return None
    hold_references(Reference.objects.filter(person__candidacies__search=search))
    if search.candidates.filter(reference__withdrawn_at__isnull=False).exists():
        owe_search(search.probe)
        return None
    evidence = evidence_of(search)
    earlier = reviews_before(search.face).order_by("opened_at").last()
    policy = PurposePolicy.objects.get(pk=search.case.purpose)
    review = Review.objects.create(
        case=search.case,
        probe=search.probe,
        search=search,
        requested_by=search.probe.requested_by,
        refers_to=earlier,
        reviewers_required=policy.reviewers,
        evidence=evidence.decode(),
        evidence_sha256=sha256_of(evidence),
    )
    record(
        kind="review:review:opened/1",
        actor=search.probe.requested_by,
        subject=review,
        purpose=search.case.purpose,
        payload={
            "case": str(search.case_id),
            "search": str(search.pk),
            "probe": str(search.probe_id),
            "refers_to": str(earlier.pk) if earlier else None,
        },
    )
    return review


def waiting_for(user: User, part: Part) -> QuerySet[Review]:
    """Reviews with a free place that this person may take, the oldest first."""
    held = (
        Assignment.objects.filter(review=OuterRef("pk"), part=part, state__in=("open", "signed"))
        .values("review")
        .annotate(number=Count("pk"))
    )
    # Every place that this person has had, but for one that lapsed and can be resumed.
    had = Assignment.objects.filter(review=OuterRef("pk"), reviewer=user).exclude(part=part, state="lapsed")
    places = F("reviewers_required") if part == Part.REVIEWER else 1
    state = ReviewState.OPEN if part == Part.REVIEWER else ReviewState.DISCORDANT
    return (
        Review.objects.filter(state=state, case__agency=user.agency_id)
        .exclude(Q(requested_by=user) | Q(case__opened_by=user) | Q(probe__face__placement__corrected_by=user))
        .filter(~Exists(had), ~Exists(known_before(user)))
        .annotate(held=Coalesce(Subquery(held.values("number")), 0))
        .filter(held__lt=places)
        .order_by("opened_at", "pk")
    )


def parts_of(user: User) -> list[Part]:
    """Return the parts that a person's roles let them take, adjudication first since families wait longest there."""
    roles = {Role.ADJUDICATOR: Part.ADJUDICATOR, Role.REVIEWER: Part.REVIEWER}
    return [part for role, part in roles.items() if user.has_role(role)]


def take_next(*, actor: User) -> Assignment | None:
    """Hand out the oldest review that the actor may take, or the one they hold already; None when none waits."""
    # In a transaction of its own: its locks on places would otherwise be held while the next step waits for a review.
    lapse_assignments()
    return _take_next(actor)


@transaction.atomic
def _take_next(actor: User) -> Assignment | None:
    # The lock lets the second of two simultaneous requests of one person see the first, and so what they hold.
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=actor.pk)
    held = Assignment.objects.filter(reviewer=actor, state=Assignment.State.OPEN).first()
    if held:
        return held
    for part in parts_of(actor):
        review = _lock_next(actor, part)
        if review:
            return _take(actor=actor, review=review, part=part)
    return None


def _lock_next(actor: User, part: Part) -> Review | None:
    """Lock the oldest review with a free place. Whoever had to wait for the lock looks again: the place may be gone."""
    while review := waiting_for(actor, part).select_for_update(of=("self",), no_key=True).first():
        if _free_slots(review, part):
            return review
    return None


def _take(*, actor: User, review: Review, part: Part) -> Assignment:
    permitted = policies.can_review if part == Part.REVIEWER else policies.can_adjudicate
    require(permitted(actor, review), "This review is not open to you.")
    assignment = _resume(actor, review, part) or Assignment.objects.create(
        review=review,
        reviewer=actor,
        requested_by=review.requested_by,
        part=part,
        slot=_free_slots(review, part)[0],
        seed=secrets.randbits(62),
        leased_until=_lease_end(),
    )
    record(
        kind="review:assignment:taken/1",
        actor=actor,
        subject=assignment,
        purpose=review.case.purpose,
        payload={"review": str(review.pk), "part": part.value, "seed": str(assignment.seed)},
    )
    return assignment


def _resume(actor: User, review: Review, part: Part) -> Assignment | None:
    """Give a lapsed place back to the person who held it, with their draft."""
    lapsed = Assignment.objects.filter(review=review, reviewer=actor, part=part, state=Assignment.State.LAPSED)
    changes = {"state": Assignment.State.OPEN, "slot": _free_slots(review, part)[0], "leased_until": _lease_end()}
    return Assignment.objects.get(review=review, reviewer=actor) if lapsed.update(**changes) else None


def _free_slots(review: Review, part: Part) -> list[int]:
    places = review.reviewers_required if part == Part.REVIEWER else 1
    held = review.assignments.filter(part=part, state__in=("open", "signed")).values_list("slot", flat=True)
    return sorted(set(range(1, places + 1)) - set(held))


@transaction.atomic
def decline(*, actor: User, assignment: Assignment, reason: str) -> None:
    """Give a review back for good. Declining costs nothing and is shown to nobody who reviews."""
    require(policies.is_theirs(actor, assignment), "This review is somebody else's.")
    keep_place(assignment, state=Assignment.State.DECLINED, decline_reason=reason)
    record(
        kind="review:assignment:declined/1",
        actor=actor,
        subject=assignment,
        payload={"review": str(assignment.review_id), "code": reason},
    )


def keep_place(assignment: Assignment, **changes: object) -> None:
    """Change an assignment that is still open and extend its lease; StaleAssignment when it is not."""
    still_open = Assignment.objects.filter(pk=assignment.pk, state=Assignment.State.OPEN)
    if still_open.update(**({"leased_until": _lease_end()} | changes)) != 1:
        review = Review.objects.get(pk=assignment.review_id)
        if review.state == ReviewState.WITHDRAWN:
            raise ReviewWithdrawn(review.withdrawn_because)
        raise StaleAssignment("This review is no longer yours: it was signed, given back, or left for too long.")


def lapse_assignments() -> int:
    """Free the places of people who have left; their drafts stay. Return how many."""
    left = Assignment.objects.filter(state=Assignment.State.OPEN, leased_until__lt=timezone.now())
    return left.update(state=Assignment.State.LAPSED)


def _lease_end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.ASSIGNMENT_LEASE_SECONDS)
