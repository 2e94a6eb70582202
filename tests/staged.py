"""Fixtures by name, made when somebody asks for them, for tests that walk a list in which each line is a scene."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from audit.models import Entry
from identification import storage
from identification.models import FaceCorrection
from review.models import Assignment
from review.services import assessment as assessing
from review.services.exposure import FACE, reveal
from tests import factories


class Stage:
    """Whatever fixture is named as an attribute, and what several scenes have in common."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.request = request

    def __getattr__(self, name: str) -> Any:
        return self.request.getfixturevalue(name)

    def browser(self, user: User) -> Client:
        client: Client = self.browser_of(user)
        return client

    def place(self) -> Assignment:
        """A place that the first reviewer has just taken, the face shown to them."""
        assert self.review.state == "open"
        place = factories.taken(self.first_reviewer)
        reveal(actor=self.first_reviewer, assignment=place, variant=FACE)
        return place

    def place_past(self, *, comparison: bool) -> Assignment:
        """A place in which the probe was analysed and, if so asked, one candidate retained."""
        place = self.place()
        if comparison:
            return factories.worked_through(self.first_reviewer, assignment=place, retained=[self.people[0]])
        assessing.record_analysis(
            actor=self.first_reviewer, assignment=place, suitability="suitable", limitations=[], note="Clear"
        )
        place.refresh_from_db()
        return place

    def signed_place(self) -> Assignment:
        return Assignment.objects.get(review=self.conclusion.review, reviewer=self.first_reviewer)

    def place_in_a_discordant_review(self) -> Assignment:
        """The adjudicator's place, the probe analysed."""
        assert self.review.state == "open"
        factories.signed(self.first_reviewer, self.people[0])
        factories.signed(self.second_reviewer)
        place = factories.taken(self.adjudicator)
        assessing.record_analysis(
            actor=self.adjudicator, assignment=place, suitability="suitable", limitations=[], note="Clear"
        )
        return place

    def drawn_box(self) -> FaceCorrection:
        """A box in which nobody saw landmarks, with its picture."""
        drawn: FaceCorrection = self.world.correction
        storage.crop_path(drawn.pk).parent.mkdir(parents=True, exist_ok=True)
        storage.crop_path(drawn.pk).write_bytes(b"a picture")
        return drawn


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Stage:
    return Stage(request)


def newest_id() -> int:
    """The id of the newest entry; what a step adds comes after it."""
    return max(Entry.objects.values_list("id", flat=True), default=0)
