"""What a corrected face inherits: who knows what was found about it before its box was drawn anew."""

from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThan, LessThan

from accounts.models import User
from audit.models import Entry
from review.models import Assessment, Review, ReviewState

ENDED = (ReviewState.CONCLUDED, ReviewState.INCONCLUSIVE)


def known_before(user: User) -> QuerySet[Review]:
    """Reviews of a face that a correction has replaced where the outer review's face is, of which the person knows.

    After signing they were shown names, scores and ranks, and a conclusion tells the outcome, so nobody reviews the
    corrected face blind who signed or read one.
    """
    signed = Assessment.objects.filter(review=OuterRef("pk"), reviewer=user)
    read = Entry.objects.filter(
        actor=user, kind__startswith="review:conclusion:viewed/", subject_id=Cast(OuterRef("pk"), TextField())
    )
    replaced = Review.objects.filter(_where_the_outer_face_is(), probe__face__correction__isnull=False)
    return replaced.filter(Exists(signed) | Exists(read))


def awaiting_another_judgement(viewer: User) -> QuerySet[Review]:
    """Ended reviews of replaced faces whose outcome would sway the viewer, who could be asked about the face again.

    It would until a review of what stands in the face's place has ended; a face taken away may be drawn anew. Who asked
    is never asked to judge, nor is who signed about the face.
    """
    again = Review.objects.filter(
        _where_the_outer_face_is(), probe__face__correction__isnull=True, state__in=ENDED
    ).exclude(pk=OuterRef("pk"))
    signed = Assessment.objects.filter(review=OuterRef("pk"), reviewer=viewer)
    replaced = Review.objects.filter(state__in=ENDED, probe__face__correction__isnull=False)
    return replaced.exclude(Q(requested_by=viewer) | Q(case__opened_by=viewer)).filter(~Exists(again), ~Exists(signed))


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
