"""What pages below this app show of reviews without importing it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django import template
from django.utils import timezone

from accounts.models import User
from identification.models import Case, Photograph
from review import selectors, standing
from review.models import Review

register = template.Library()


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
    found = Review.objects.filter(case__in=list(reviews), case__agency=viewer.agency_id)
    for review in found.select_related("case", "conclusion"):
        reviews[review.case_id].append(review)
    return {case_id: standing.standing_of_case(of_case) for case_id, of_case in reviews.items()}


@register.filter
def by_probe(reviews: Iterable[Review]) -> dict[UUID, Review]:
    """Return the latest review of each probe, by the probe's id."""
    return {review.probe_id: review for review in reviews}


@register.filter
def of(things: Mapping[Any, Any], key: object) -> Any:
    """Return what a mapping holds under a key."""
    return things.get(key)


@dataclass(frozen=True)
class Moment:
    """One line of a case's timeline; the link is to a conclusion."""

    at: datetime
    sentence: str
    link: str = ""


@register.simple_tag
def timeline_of(case: Case, photographs: Sequence[Photograph], reviews: Sequence[Review]) -> list[Moment]:
    """Tell what happened in a case, the earliest first; never who reviews, nor whether anybody has begun.

    What the same people did on one day in many photographs or reviews is one line.
    """
    opened = Moment(case.opened_at, f"{case.opened_by} opened the case.")
    told = [*_photographs_received(photographs), *_reviews_opened(reviews), *_reviews_concluded(reviews)]
    return [opened, *sorted(told, key=lambda moment: moment.at)]


def _photographs_received(photographs: Sequence[Photograph]) -> list[Moment]:
    moments = []
    for (uploader, _), group in groupby(photographs, lambda one: (one.uploaded_by, _day(one.received_at))):
        received = list(group)
        what = received[0].file_name if len(received) == 1 else f"{len(received)} photographs"
        moments.append(Moment(received[-1].received_at, f"{uploader} added {what}."))
    return moments


def _reviews_opened(reviews: Sequence[Review]) -> list[Moment]:
    moments = []
    for _, group in groupby(reviews, lambda review: _day(review.opened_at)):
        opened = list(group)
        which = opened[0].probe.photograph.file_name if len(opened) == 1 else f"{len(opened)} faces"
        moments.append(Moment(opened[-1].opened_at, f"Review opened for {which}."))
    return moments


def _reviews_concluded(reviews: Sequence[Review]) -> list[Moment]:
    concluded = [review for review in reviews if hasattr(review, "conclusion")]
    concluded.sort(key=lambda review: review.conclusion.concluded_at)
    moments = []
    for (words, _), group in groupby(
        concluded, lambda review: (standing.standing_of(review), _day(review.conclusion.concluded_at))
    ):
        ended = list(group)
        at = ended[-1].conclusion.concluded_at
        if len(ended) == 1:
            sentence = f"Review of {ended[0].probe.photograph.file_name} concluded: {words}."
            moments.append(Moment(at, sentence, ended[0].get_absolute_url()))
        else:
            moments.append(Moment(at, f"{len(ended)} reviews concluded: {words}."))
    return moments


def _day(moment: datetime) -> date:
    return timezone.localdate(moment)
