"""What pages below this app show of reviews without importing it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django import template
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from identification.models import Case, FaceCorrection, Photograph
from review import selectors, standing
from review.corrected import ENDED
from review.models import EvidenceChange, Identification, Review, ReviewState

register = template.Library()

WITHDRAWN_WITH_IT = ", and the review under way was withdrawn"


@register.simple_tag
def reviews_of(viewer: User, case: Case) -> list[Review]:
    """Return the reviews in a case that the viewer may know of."""
    return list(selectors.reviews_of(viewer, case))


@register.filter
def standing_of(review: Review) -> str:
    """Say where a review stands."""
    return standing.standing_of(review)


@register.filter
def standing_of_case(reviews: Sequence[Review]) -> str:
    """Say where a case stands."""
    return standing.standing_of_case(reviews)


@register.simple_tag
def standings_of(viewer: User, cases: Iterable[Case]) -> dict[UUID, str]:
    """Say where each of many cases stands, by their ids, with one query."""
    reviews: dict[UUID, list[Review]] = {case.pk: [] for case in cases}
    found = selectors.reviews(viewer).filter(case__in=list(reviews))
    for review in found.select_related("case", "conclusion__identification", "reopening", "probe").defer("evidence"):
        reviews[review.case_id].append(review)
    return {case_id: standing.standing_of_case(of_case) for case_id, of_case in reviews.items()}


@register.filter
def by_probe(reviews: Iterable[Review]) -> dict[UUID, standing.Standing]:
    """Return where each probe stands, by the probe's id; those whose reviews were all withdrawn are left out."""
    found = {each.chain[-1].probe_id: each for each in standing.standings_of(reviews)}
    return {probe_id: each for probe_id, each in found.items() if each.words}


@register.filter
def concluded_before_correction(reviews: Iterable[Review], photograph: Photograph) -> list[Review]:
    """Return the ended reviews of a photograph's faces that a correction has replaced since; they stand as they are."""
    replaced = {correction.finding_id for correction in photograph.corrections.all()}
    return [review for review in reviews if review.probe.face_id in replaced and review.state in ENDED]


@register.filter
def of(things: Mapping[Any, Any], key: object) -> Any:
    """Return what a mapping holds under a key."""
    return things.get(key)


@dataclass(frozen=True)
class Moment:
    """One line of a case's timeline; the link is to a conclusion unless its words say otherwise."""

    at: datetime
    sentence: str
    link: str = ""
    link_words: str = "Read the conclusion"


@register.simple_tag
def timeline_of(case: Case, photographs: Sequence[Photograph], reviews: Sequence[Review]) -> list[Moment]:
    """Tell what happened in a case, the earliest first; never who reviews, nor whether anybody has begun.

    What the same people did on one day in many photographs or reviews is one line.
    """
    opened = Moment(case.opened_at, f"{case.opened_by} opened the case.")
    told = [
        *_photographs_received(photographs),
        *_faces_corrected(photographs, reviews),
        *_reviews_opened(reviews),
        *_reviews_concluded(reviews),
        *_reviews_without_their_reference(reviews),
        *_reviews_reopened(reviews),
        *_identities_asserted(reviews),
    ]
    return [opened, *sorted(told, key=lambda moment: moment.at)]


def _photographs_received(photographs: Sequence[Photograph]) -> list[Moment]:
    moments = []
    for (uploader, _), group in groupby(photographs, lambda one: (one.uploaded_by, _day(one.received_at))):
        received = list(group)
        what = received[0].file_name if len(received) == 1 else f"{len(received)} photographs"
        moments.append(Moment(received[-1].received_at, f"{uploader} added {what}."))
    return moments


def _faces_corrected(photographs: Sequence[Photograph], reviews: Sequence[Review]) -> list[Moment]:
    withdrawn = {
        review.probe.face_id
        for review in reviews
        if review.state == ReviewState.WITHDRAWN and review.withdrawn_because in ("", EvidenceChange.FACE_CORRECTED)
    }
    corrections = [correction for photograph in photographs for correction in photograph.corrections.all()]
    moments = []
    for (person, kind, photograph_id, _), group in groupby(
        corrections, lambda one: (one.corrected_by, one.kind, one.photograph_id, _day(one.corrected_at))
    ):
        made = list(group)
        name = next(photograph.file_name for photograph in photographs if photograph.pk == photograph_id)
        again = any(correction.finding_id in withdrawn for correction in made)
        sentence = f"{person} {_what_was_corrected(kind, made)} in {name}{WITHDRAWN_WITH_IT if again else ''}."
        moments.append(Moment(made[-1].corrected_at, sentence))
    return moments


def _what_was_corrected(kind: str, made: Sequence[FaceCorrection]) -> str:
    if kind == FaceCorrection.Kind.ADDED:
        return "drew a box" if len(made) == 1 else f"drew {len(made)} boxes"
    which = f"face {made[0].finding.ordinal}" if len(made) == 1 and made[0].finding else f"{len(made)} faces"
    return f"took away {which}" if kind == FaceCorrection.Kind.REMOVED else f"moved the box of {which}"


def _reviews_opened(reviews: Sequence[Review]) -> list[Moment]:
    moments = []
    for _, group in groupby(reviews, lambda review: (_day(review.opened_at), review.state == ReviewState.WITHDRAWN)):
        opened = list(group)
        which = opened[0].probe.photograph.file_name if len(opened) == 1 else f"{len(opened)} faces"
        moments.append(Moment(opened[-1].opened_at, f"Review opened for {which}."))
    return moments


def _reviews_concluded(reviews: Sequence[Review]) -> list[Moment]:
    concluded = [review for review in reviews if hasattr(review, "conclusion")]
    concluded.sort(key=lambda review: review.conclusion.concluded_at)
    moments = []
    for (words, _), group in groupby(
        concluded, lambda review: (standing.concluded_as(review), _day(review.conclusion.concluded_at))
    ):
        ended = list(group)
        at = ended[-1].conclusion.concluded_at
        if len(ended) == 1:
            sentence = f"Review of {ended[0].probe.photograph.file_name} concluded: {words}."
            moments.append(Moment(at, sentence, ended[0].get_absolute_url()))
        else:
            moments.append(Moment(at, f"{len(ended)} reviews concluded: {words}."))
    return moments


def _reviews_without_their_reference(reviews: Sequence[Review]) -> list[Moment]:
    """What begins again other than by a correction of its face; told of the review that follows, by its date."""
    by_id = {review.pk: review for review in reviews}
    told = []
    for review in reviews:
        earlier = by_id.get(review.refers_to_id) if review.refers_to_id else None
        if earlier and earlier.withdrawn_because not in ("", EvidenceChange.FACE_CORRECTED):
            why = EvidenceChange(earlier.withdrawn_because).label
            told.append(Moment(review.opened_at, f"The review before was withdrawn: {why[0].lower()}{why[1:]}."))
    return told


def _reviews_reopened(reviews: Sequence[Review]) -> list[Moment]:
    return [
        Moment(
            review.reopening.opened_at,
            f"Review of {review.probe.photograph.file_name} {standing.reopened_in_words(review).replace('R', 'r', 1)}",
            reverse("review:history", args=[review.pk]),
            "Read the history",
        )
        for review in reviews
        if hasattr(review, "reopening")
    ]


def _identities_asserted(reviews: Sequence[Review]) -> list[Moment]:
    concluded = [review for review in reviews if hasattr(review, "conclusion")]
    asserted = [(review, standing.identification_of(review.conclusion)) for review in concluded]
    return [_identity_asserted(review, identification) for review, identification in asserted if identification]


def _identity_asserted(review: Review, identification: Identification) -> Moment:
    words = standing.asserted_as(identification)
    sentence = f"{identification.asserted_by} asserted for {review.probe.photograph.file_name}: {words}."
    return Moment(identification.asserted_at, sentence, review.get_absolute_url())


def _day(moment: datetime) -> date:
    return timezone.localdate(moment)
