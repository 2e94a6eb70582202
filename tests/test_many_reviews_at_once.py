"""Fifty people conclude many reviews at once (make soak: a thousand): nobody signs twice, nobody loses a word."""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Count, Q

from accounts.models import Role, User
from identification.models import Case, Encoder, Person, Purpose
from review.models import Assessment, Assignment, Conclusion, Part, Review, ReviewState
from review.services import assessment as assessing
from review.services import queue
from review.services.adjudication import give_differing_to_read
from review.services.drafts import CONCLUDE, draft_of, save_draft
from review.services.leases import leave_for_later
from tests import factories
from tests.conftest import PASSWORD
from tests.threads import in_threads

REVIEWS = int(os.environ.get("COUNTERSIGN_REVIEWS", "200"))
REVIEWERS, ADJUDICATORS = 46, 4
WITHIN_SECONDS = 1500

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def staff(person_with: Callable[..., User]) -> list[User]:
    reviewers = [person_with(f"reviewer{number}", Role.REVIEWER) for number in range(REVIEWERS)]
    return reviewers + [person_with(f"adjudicator{number}", Role.ADJUDICATOR) for number in range(ADJUDICATORS)]


@pytest.fixture
def reviews(requester: User, encoder: Encoder, people: list[Person], random_vectors) -> list[Review]:
    """Reviews in cases of a few photographs each."""
    cases: list[Case] = [factories.open_case(requester, Purpose.MISSING) for _ in range(max(1, REVIEWS // 20))]
    return [
        factories.searched(requester, cases[number % len(cases)], encoder, random_vectors()).review
        for number in range(REVIEWS)
    ]


class Scripted:
    """One person at work: some of it left for later and taken up again, all of it as a draft before it is signed."""

    def __init__(self, actor: User, people: list[Person]) -> None:
        self.actor, self.people = actor, people
        self.chance = random.Random(actor.username)
        self.written: dict[Any, dict[str, Any]] = {}
        self.tally: Counter[str] = Counter()

    def work(self) -> Counter[str]:
        until = time.monotonic() + WITHIN_SECONDS
        while Review.objects.unfinished().exists():
            assert time.monotonic() < until, f"{Review.objects.unfinished().count()} reviews are still unfinished"
            place = queue.take_next(actor=self.actor)
            if place is None:
                time.sleep(0.2)
            else:
                self._go_on(Assignment.objects.select_related("review__case", "reviewer").get(pk=place.pk))
        return self.tally

    def _go_on(self, place: Assignment) -> None:
        kept = self.written.get(place.review_id)
        assert draft_of(place, CONCLUDE) == (kept or {}), "what was written before is there again"
        self.tally["taken up again"] += kept is not None
        if not kept:
            self._look(place)
            self._write(place)
            if self.chance.random() < 0.15:
                leave_for_later(actor=self.actor, assignment=place)
                self.tally["left for later"] += 1
                return
        self._sign(place)

    def _look(self, place: Assignment) -> None:
        person = self._finds(place)
        assessing.record_analysis(actor=self.actor, assignment=place, suitability="suitable", limitations=[])
        place.refresh_from_db()
        if place.part == Part.ADJUDICATOR:
            give_differing_to_read(actor=self.actor, assignment=place)
            place.refresh_from_db()
        assessing.record_comparison(actor=self.actor, assignment=place, retained=[person.pk] if person else [])
        place.refresh_from_db()
        if person:
            factories.compared(place, person)

    def _write(self, place: Assignment) -> None:
        content = {"rationale": f"Written by {self.actor.username} about {place.review_id}, in good time."}
        save_draft(actor=self.actor, assignment=place, section=CONCLUDE, content=content)
        self.written[place.review_id] = content

    def _sign(self, place: Assignment) -> None:
        person = self._finds(place)
        assessing.sign_assessment(
            actor=self.actor,
            assignment=place,
            password=PASSWORD,
            rationale=draft_of(place, CONCLUDE)["rationale"],
            person_id=person.pk if person else None,
            level=2 if person else -2,
        )
        self.tally["signed"] += 1

    def _finds(self, place: Assignment) -> Person | None:
        """One review in ten meets people who differ by their slot; of the others a third shows nobody."""
        kind = place.review_id.int % 10
        if kind == 0:
            return self.people[0] if place.part == Part.ADJUDICATOR or place.slot == 1 else None
        return self.people[kind % 3] if kind > 3 else None


def test_fifty_people_at_once_conclude_every_review(
    staff: list[User], reviews: list[Review], people: list[Person]
) -> None:
    scripted = [Scripted(actor, people) for actor in staff]
    began = time.monotonic()
    tallies = in_threads(len(staff), lambda number: scripted[number].work(), within=WITHIN_SECONDS)
    tally: Counter[str] = sum(tallies, Counter())
    seconds = time.monotonic() - began
    with_capacity = Review.objects.annotate(signers=Count("assessments__reviewer", distinct=True))
    assert Review.objects.filter(state=ReviewState.CONCLUDED).count() == len(reviews)
    assert not with_capacity.filter(signers__lt=2).exists(), "no review with fewer than two distinct signers"
    assert not Assessment.objects.filter(reviewer__in=Review.objects.values("requested_by")).exists()
    assert Conclusion.objects.filter(Q(first_reviewer=None) | Q(second_reviewer=None)).count() == 0
    _every_word_written_was_signed(scripted)
    print(f"\n{len(reviews)} reviews by {len(staff)} people in {seconds:.0f} s: {dict(tally)}")


def _every_word_written_was_signed(scripted: list[Scripted]) -> None:
    """What anybody wrote stands in what they signed, or is kept where others ended the review meanwhile."""
    for one in scripted:
        for review_id, content in one.written.items():
            place = Assignment.objects.get(review=review_id, reviewer=one.actor)
            signed = Assessment.objects.filter(assignment=place).first()
            if signed:
                assert json.loads(signed.document)["finding"]["rationale"] == content["rationale"]
                assert not place.drafts.exists(), "a draft ends in what is signed"
            else:
                assert draft_of(place, CONCLUDE) == content
