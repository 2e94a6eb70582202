"""What a new review inherits of earlier ones, of the same face or of one that a correction has replaced there.

Above all, who knows what was found before, and so can't judge blind.
"""

from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThan, LessThan

from accounts.models import User
from audit.models import Entry
from identification.models import Face
from review.models import Assessment, Assignment, Review, ReviewState

ENDED = (ReviewState.CONCLUDED, ReviewState.INCONCLUSIVE)


def known_before(user: User) -> QuerySet[Review]:
    """Other reviews of the outer review's face, or of one that a correction has replaced there, that the person knows.

    After signing they were shown names, scores and ranks, also where what they signed is void by now; an adjudicator
    has read what others found; a conclusion, its report and a history tell the outcome. So nobody reviews the face
    blind again who signed in, or read of, an earlier review.
    """
    signed = Assessment.objects.filter(review=OuterRef("pk"), reviewer=user)
    given = Assignment.objects.filter(review=OuterRef("pk"), reviewer=user, differing_read_at__isnull=False)
    read = Entry.objects.filter(
        Q(kind__startswith="review:conclusion:viewed/")
        | Q(kind__startswith="review:history:viewed/")
        | Q(kind__startswith="review:report:made/"),
        actor=user,
        subject_id=Cast(OuterRef("pk"), TextField()),
    )
    earlier = Review.objects.filter(
        Q(probe=OuterRef("probe")) | Q(_where_the_outer_face_is(), probe__face__correction__isnull=False)
    ).exclude(pk=OuterRef("pk"))
    return earlier.filter(Exists(signed) | Exists(given) | Exists(read))


def reviews_before(face: Face) -> QuerySet[Review]:
    """Reviews of a face, and of those that a correction has replaced where it is."""
    there = Q(
        LessThan(F("probe__face__left"), face.left + face.width),
        LessThan(F("probe__face__top"), face.top + face.height),
        GreaterThan(F("probe__face__left") + F("probe__face__width"), face.left),
        GreaterThan(F("probe__face__top") + F("probe__face__height"), face.top),
        probe__photograph=face.photograph_id,
    )
    return Review.objects.filter(Q(probe__face=face) | (there & Q(probe__face__correction__isnull=False)))


def awaiting_another_judgement(viewer: User) -> QuerySet[Review]:
    """Ended reviews whose outcome would sway the viewer, who could be asked about the face again.

    Those are reviews of replaced faces, and reopened ones. It would until a review of what stands in the face's place
    has ended and stands; a face taken away may be drawn anew. Who asked is never asked to judge, nor is who signed
    about the face.
    """
    again = Review.objects.filter(
        _where_the_outer_face_is(), probe__face__correction__isnull=True, reopening__isnull=True, state__in=ENDED
    ).exclude(pk=OuterRef("pk"))
    signed = Assessment.objects.filter(review=OuterRef("pk"), reviewer=viewer)
    judged_anew = Q(probe__face__correction__isnull=False) | Q(reopening__isnull=False)
    ended = Review.objects.filter(judged_anew, state__in=ENDED)
    return ended.exclude(Q(requested_by=viewer) | Q(case__opened_by=viewer)).filter(~Exists(again), ~Exists(signed))


def _where_the_outer_face_is() -> Q:
    """Reviews of faces whose box overlaps that of the outer query's review, in the same photograph."""
    face = "probe__face__"
    return Q(
        LessThan(F(f"{face}left"), OuterRef(f"{face}left") + OuterRef(f"{face}width")),
        LessThan(F(f"{face}top"), OuterRef(f"{face}top") + OuterRef(f"{face}height")),
        GreaterThan(F(f"{face}left") + F(f"{face}width"), OuterRef(f"{face}left")),
        GreaterThan(F(f"{face}top") + F(f"{face}height"), OuterRef(f"{face}top")),
        probe__photograph=OuterRef("probe__photograph"),
    )
