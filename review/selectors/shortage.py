"""Reviews that wait for people whom the agency hasn't got: a plain count, for those who can change it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from accounts.models import HeldRole, Role, User
from accounts.policies import is_administrator
from review.earlier import earlier_than
from review.models import Agreement, Assessment, Assignment, Part, Review, ReviewState
from review.services.queue import parts_of, waiting_for

MOST_TOLD = 20


@dataclass(frozen=True)
class Lacking:
    """A review with more free places than people who may still take one."""

    review: Review
    part: Part
    places: int
    people: int


def reviews_lacking_people(viewer: User) -> list[Lacking]:
    """Reviews of the administrator's agency that can't end with the people there are, the oldest first.

    Never one that the administrator may take themselves: how many people are left tells what others did.
    """
    if not is_administrator(viewer):
        return []
    waiting = Review.objects.unfinished().filter(case__agency=viewer.agency_id).exclude(pk__in=_to_judge(viewer))
    reviews = list(waiting.select_related("case", "probe__face__placement").defer("evidence").order_by("opened_at"))
    told = (lacking for lacking in _counted(reviews, viewer.agency_id) if lacking.people < lacking.places)
    return list(told)[:MOST_TOLD]


def _to_judge(viewer: User) -> set[UUID]:
    """Reviews that the viewer works on, or could."""
    begun = Assignment.objects.filter(reviewer=viewer, state__in=("open", "lapsed")).values_list("review", flat=True)
    offered = (waiting_for(viewer, part).values_list("pk", flat=True) for part in parts_of(viewer))
    return set(begun).union(*offered)


def _counted(reviews: Iterable[Review], agency_id: int) -> Iterable[Lacking]:
    places: dict[UUID, list[Assignment]] = defaultdict(list)
    for assignment in Assignment.objects.filter(review__in=reviews):
        places[assignment.review_id].append(assignment)
    able = {(part, purpose): people for part, purpose, people in _people(reviews, agency_id)}
    for review in reviews:
        part = Part.REVIEWER if review.state == ReviewState.OPEN else Part.ADJUDICATOR
        held = [one for one in places[review.pk] if one.part == part and one.state in ("open", "signed")]
        free = (review.reviewers_required if part == Part.REVIEWER else 1) - len(held)
        out = _asked(review) | {one.reviewer_id for one in places[review.pk] if one.state != "lapsed"}
        out |= {one.reviewer_id for one in places[review.pk] if one.part != part} | _signed_earlier(review)
        yield Lacking(review, part, free, len(able[part, review.case.purpose] - out))


def _people(reviews: Iterable[Review], agency_id: int) -> Iterable[tuple[Part, str, set[int]]]:
    """Who holds the role for a part, in the agency and where it is helped by agreement, by purpose."""
    roles = {Part.REVIEWER: Role.REVIEWER, Part.ADJUDICATOR: Role.ADJUDICATOR}
    for purpose in {review.case.purpose for review in reviews}:
        helpers = Agreement.objects.in_force().filter(holder=agency_id, purposes__contains=[purpose])
        near = Q(user__agency=agency_id) | Q(user__agency__in=helpers.values("helper"))
        for part, role in roles.items():
            held = HeldRole.objects.filter(near, role=role, user__is_active=True)
            yield part, purpose, set(held.values_list("user", flat=True))


def _asked(review: Review) -> set[int]:
    placement = getattr(review.probe.face, "placement", None)
    drawn_by = {placement.corrected_by_id} if placement else set()
    return {review.requested_by_id, review.case.opened_by_id} | drawn_by


def _signed_earlier(review: Review) -> set[int]:
    if not review.refers_to_id:
        return set()
    return set(Assessment.objects.filter(review__in=earlier_than(review)).values_list("reviewer", flat=True))
