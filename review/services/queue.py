"""Reviews are opened and handed out, one at a time and without choice."""

import secrets
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Role, User
from audit.services import record
from identification.models import PurposePolicy, Reference, Search
from identification.services.probes import owe_search
from review import policies
from review.corrected import known_before, reviews_before
from review.earlier import following_what_they_signed
from review.errors import PlaceLost, ReviewWithdrawn, StaleAssignment
from review.evidence import evidence_of, sha256_of
from review.models import Agreement, Assignment, Exposure, Part, Review, ReviewState
from review.policies import require
from review.services.exposure import FACE, NEEDS_REVEAL, is_capped
from review.services.holding import hold_references
from review.services.leases import keep_place, lapse_assignments, lease_end

# Places that count as taken, and what a review waits for when a part in it is open.
HELD = (Assignment.State.OPEN, Assignment.State.SIGNED)
STATE_FOR = {Part.REVIEWER: ReviewState.OPEN, Part.ADJUDICATOR: ReviewState.DISCORDANT}


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
        actor=None,
        subject=review,
        agency=search.agency,
        purpose=search.case.purpose,
        payload={
            "case": str(search.case_id),
            "search": str(search.pk),
            "probe": str(search.probe_id),
            "requested_by": review.requested_by_id,
            "refers_to": str(earlier.pk) if earlier else None,
        },
    )
    return review


def waiting_for(user: User, part: Part) -> QuerySet[Review]:
    """Reviews with a free place that this person may take, in the order in which they are handed out.

    By the purpose's precedence and the case's priority; then those on which nobody works at this moment, so that people
    who ask at once get different reviews; then by age.
    """
    return _open_to_capped(user, _with_a_place(user, part))


def held_back_from(user: User) -> int:
    """Return how many reviews wait that this person may take, though not today: the day's limit is reached."""
    return sum(_with_a_place(user, part).count() - waiting_for(user, part).count() for part in parts_of(user))


def _with_a_place(user: User, part: Part) -> QuerySet[Review]:
    held = Assignment.objects.filter(review=OuterRef("pk"), part=part, state__in=HELD).values("review")
    # Every place that this person has had, but for one that lapsed and can be resumed.
    had = Assignment.objects.filter(review=OuterRef("pk"), reviewer=user).exclude(part=part, state="lapsed")
    places = F("reviewers_required") if part == Part.REVIEWER else 1
    return (
        Review.objects.filter(reached_by(user), state=STATE_FOR[part])
        .exclude(Q(requested_by=user) | Q(case__opened_by=user) | Q(probe__face__placement__corrected_by=user))
        .exclude(pk__in=following_what_they_signed(user))
        .filter(~Exists(had), ~Exists(known_before(user)))
        .annotate(held=Coalesce(Subquery(held.annotate(number=Count("pk")).values("number")), 0))
        .filter(held__lt=places)
        .annotate(
            begun=Exists(Assignment.objects.filter(review=OuterRef("pk"), state=Assignment.State.OPEN)),
            precedence=Subquery(PurposePolicy.objects.filter(pk=OuterRef("case__purpose")).values("precedence")),
        )
        .order_by("precedence", "-case__priority", "begun", "opened_at", "pk")
    )


def reached_by(user: User, path: str = "") -> Q:
    """Reviews of the person's agency, and of those with which it has an agreement in force for the purpose."""
    reached = Q(**{f"{path}case__agency": user.agency_id})
    for agreement in Agreement.objects.in_force().filter(helper=user.agency_id):
        facts = {f"{path}case__agency": agreement.holder_id, f"{path}case__purpose__in": agreement.purposes}
        reached |= Q(**facts)
    return reached


def _open_to_capped(user: User, reviews: QuerySet[Review]) -> QuerySet[Review]:
    """Leave out what the day's limit keeps from the person: pictures of the deceased that they haven't seen yet."""
    if not is_capped(user):
        return reviews
    seen = Exposure.objects.filter(viewer=user, variant=FACE, face=OuterRef("probe__face"))
    return reviews.filter(~NEEDS_REVEAL | Exists(seen))


def parts_of(user: User) -> list[Part]:
    """Return the parts that a person's roles let them take, adjudication first since families wait longest there."""
    roles = {Role.ADJUDICATOR: Part.ADJUDICATOR, Role.REVIEWER: Part.REVIEWER}
    return [part for role, part in roles.items() if user.has_role(role)]


def take_next(*, actor: User) -> Assignment | None:
    """Hand out the next review that the actor may take, or the one they hold already; None when none waits."""
    # In transactions of their own: locks on places would otherwise be held while the next step waits for a review.
    lapse_assignments()
    return _take_next(actor)


@transaction.atomic
def _take_next(actor: User) -> Assignment | None:
    held = _held_by(actor)
    if held:
        return held
    for part in parts_of(actor):
        review = _lock_next(actor, part)
        if review:
            return _take(actor=actor, review=review, part=part)
    return None


def _held_by(actor: User) -> Assignment | None:
    # The lock lets the second of two simultaneous requests of one person see the first, and so what they hold.
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=actor.pk)
    return Assignment.objects.filter(reviewer=actor, state=Assignment.State.OPEN).first()


def _lock_next(actor: User, part: Part) -> Review | None:
    """Lock the next review. Those that others hold are passed over, and waited for only where nothing else is left.

    So people who ask at once don't queue up for the same review, and nobody is told that nothing waits because of a
    lock of a moment.
    """
    return _lock_first(actor, part, skip_locked=True) or _lock_first(actor, part, skip_locked=False)


def _lock_first(actor: User, part: Part, *, skip_locked: bool) -> Review | None:
    """Lock the first review that is still as it was found; what somebody has just taken is let go and looked at anew.

    Letting go matters: who waits for one review while holding another could wait for ever.
    """
    while True:
        before = transaction.savepoint()
        waiting = waiting_for(actor, part).select_related("case", "probe__face__placement")
        found = waiting.select_for_update(of=("self",), no_key=True, skip_locked=skip_locked).first()
        if found is None or _is_as_found(found, part):
            transaction.savepoint_commit(before)
            return found
        transaction.savepoint_rollback(before)


def _is_as_found(review: Review, part: Part) -> bool:
    """Ask again now that the review is locked: the query before saw places as they were before the lock."""
    begun = review.assignments.filter(state=Assignment.State.OPEN).exists()
    return bool(_free_slots(review, part)) and begun == review.begun  # type: ignore[attr-defined]


def _take(*, actor: User, review: Review, part: Part) -> Assignment:
    permitted = policies.can_review if part == Part.REVIEWER else policies.can_adjudicate
    require(permitted(actor, review), "This review is not open to you.")
    resumed = _resume(actor, review, part)
    if resumed:
        return resumed
    assignment = Assignment.objects.create(
        review=review,
        reviewer=actor,
        requested_by=review.requested_by,
        part=part,
        slot=_free_slots(review, part)[0],
        seed=secrets.randbits(62),
        leased_until=lease_end(),
    )
    payload = {"review": str(review.pk), "part": part.value, "seed": str(assignment.seed)}
    _record(kind="review:assignment:taken/1", assignment=assignment, payload=payload)
    return assignment


def _resume(actor: User, review: Review, part: Part) -> Assignment | None:
    """Give a lapsed place back to the person who held it, with their draft."""
    lapsed = Assignment.objects.filter(review=review, reviewer=actor, part=part, state=Assignment.State.LAPSED)
    changes = {"state": Assignment.State.OPEN, "slot": _free_slots(review, part)[0], "leased_until": lease_end()}
    if lapsed.update(**changes) != 1:
        return None
    assignment = Assignment.objects.select_related("reviewer", "review__case").get(review=review, reviewer=actor)
    payload = {"review": str(review.pk), "sections": kept_sections(assignment)}
    _record(kind="review:draft:recovered/1", assignment=assignment, payload=payload)
    return assignment


def kept_sections(assignment: Assignment) -> list[str]:
    """Return which parts of the work something is kept of, recorded or drafted; never about whom."""
    drafted = {section.partition(":")[0] for section in assignment.drafts.values_list("section", flat=True)}
    recorded = {"analysis": assignment.analysed_at, "candidates": assignment.compared_at}
    return sorted(drafted | {section for section, at in recorded.items() if at})


def come_back(*, actor: User, assignment: Assignment) -> None:
    """Keep a place for somebody who opens their work, and give it back where it lapsed and a place is free.

    StaleAssignment says why not.
    """
    require(policies.is_theirs(actor, assignment), "This review is somebody else's.")
    if Assignment.objects.filter(pk=assignment.pk, state=Assignment.State.LAPSED).exists():
        _take_up_again(actor, assignment)
        assignment.refresh_from_db(fields=["state", "slot", "leased_until"])
    else:
        keep_place(assignment)


@transaction.atomic
def _take_up_again(actor: User, assignment: Assignment) -> None:
    held = _held_by(actor)
    if held and held.pk == assignment.pk:
        return
    part = Part(assignment.part)
    review = _lock(assignment.review_id)
    if review.state == ReviewState.WITHDRAWN:
        raise ReviewWithdrawn(review.withdrawn_because)
    if held:
        raise StaleAssignment(
            "You are working on another review. Sign it, or leave it for later, before you go on with this one."
        )
    permitted = policies.can_review if part == Part.REVIEWER else policies.can_adjudicate
    if not permitted(actor, review):
        raise StaleAssignment("You may no longer take part in this review. What you wrote is kept.")
    if review.state != STATE_FOR[part] or not _free_slots(review, part):
        raise PlaceLost
    _resume(actor, review, part)


def _lock(review_id: UUID) -> Review:
    locked = Review.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("case", "probe__face__placement").get(pk=review_id)


def _free_slots(review: Review, part: Part) -> list[int]:
    places = review.reviewers_required if part == Part.REVIEWER else 1
    held = review.assignments.filter(part=part, state__in=HELD).values_list("slot", flat=True)
    return sorted(set(range(1, places + 1)) - set(held))


@transaction.atomic
def decline(*, actor: User, assignment: Assignment, reason: str) -> None:
    """Give a review back for good. Declining costs nothing and is shown to nobody who reviews."""
    require(policies.is_theirs(actor, assignment), "This review is somebody else's.")
    keep_place(assignment, state=Assignment.State.DECLINED, decline_reason=reason)
    payload = {"review": str(assignment.review_id), "code": reason}
    _record(kind="review:assignment:declined/1", assignment=assignment, payload=payload)


def _record(*, kind: str, assignment: Assignment, payload: dict[str, Any]) -> None:
    """Add the entry to the log of the agency whose review it is, whoever helps."""
    case = assignment.review.case
    record(
        kind=kind, actor=assignment.reviewer, subject=assignment, agency=case.agency, purpose=case.purpose,
        payload=payload,
    )  # fmt: skip
