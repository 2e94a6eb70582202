"""The reviews of one face, one after the other: what each came to, and why the next one was begun."""

from dataclasses import dataclass

from accounts.models import User
from identification.models import Face
from review import policies, selectors, standing
from review.corrected import ENDED
from review.errors import what_happened
from review.models import Reopening, Review, ReviewState


@dataclass(frozen=True)
class Told:
    """One review in a history: what it came to, and what happened to it since; `ended` where its document is open."""

    review: Review
    words: str
    since: str
    ended: bool
    reopening: Reopening | None


def history_of(viewer: User, review: Review) -> list[Told]:
    """Return the reviews of a review's face of which the viewer may know, the earliest first.

    Whoever may still have to judge the face, or another of the case, isn't told what was found.
    """
    known = selectors.reviews_of(viewer, review.case).select_related("reopening__opened_by")
    chains = [each.chain for each in standing.standings_of(known)]
    chain = next((chain for chain in chains if review.pk in {each.pk for each in chain}), ())
    open_to_viewer = set(
        selectors.ended_reviews(viewer).filter(pk__in=[each.pk for each in chain]).values_list("pk", flat=True)
    )
    return [_told(each, ended=each.pk in open_to_viewer) for each in chain]


def _told(review: Review, *, ended: bool) -> Told:
    reopening = getattr(review, "reopening", None) if ended else None
    if review.state == ReviewState.WITHDRAWN:
        return Told(review, "Withdrawn.", what_happened(review.withdrawn_because), ended=False, reopening=None)
    if review.state in ENDED and not ended:
        words = "Ended. What was found is not shown to you while you may have to judge a face of this case."
        return Told(review, words, "", ended=False, reopening=None)
    since = standing.reopened_in_words(review) if reopening else ""
    return Told(review, f"{standing.ended_as(review).capitalize()}.", since, ended=ended, reopening=reopening)


def may_reopen(viewer: User, review: Review) -> bool:
    """Whether the viewer may open an ended review anew: once, the latest of its face, while the face stands."""
    later = Review.objects.filter(probe=review.probe_id, opened_at__gt=review.opened_at)
    return bool(
        policies.can_reopen(viewer, review)
        and review.state in ENDED
        and not hasattr(review, "reopening")
        and not later.exclude(state=ReviewState.WITHDRAWN).exists()
        and Face.objects.standing().filter(pk=review.probe.face_id).exists()
    )
