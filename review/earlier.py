"""Earlier reviews of the same face: who signed one was shown scores and ranks afterwards, and isn't blind any more."""

from uuid import UUID

from accounts.models import User
from review.models import Assessment, Review


def following_what_they_signed(user: User) -> set[UUID]:
    """Return the ids of the reviews that refer, directly or through others, to one that this person signed."""
    found: set[UUID] = set()
    following = Review.objects.filter(refers_to__assessments__reviewer=user)
    while ids := set(following.values_list("pk", flat=True)) - found:
        found |= ids
        following = Review.objects.filter(refers_to__in=ids)
    return found


def earlier_than(review: Review) -> list[UUID]:
    """Return the ids of the reviews to which this one refers, directly or through others, the latest first."""
    chain: list[UUID] = []
    earlier = review.refers_to_id
    while earlier and earlier not in chain:
        chain.append(earlier)
        earlier = Review.objects.values_list("refers_to", flat=True).get(pk=earlier)
    return chain


def has_signed_earlier(user: User, review: Review) -> bool:
    """Whether the person signed a review to which this one refers, directly or through others."""
    return (
        bool(review.refers_to_id) and Assessment.objects.filter(review__in=earlier_than(review), reviewer=user).exists()
    )
