"""A review whose scores, names and numbers can be told from anything else, and the addresses of its pages.

`people` and `review` take the place of those in conftest.py where a test file names them.
"""

import re
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from identification.models import Case, Encoder, Gallery, Person
from review.models import Assignment, Review
from review.shown import candidates_shown
from tests import factories
from tests.review_steps import sign as sign_one

SCORES = (0.8371, 0.7153, 0.6149, 0.5237, 0.4283)
NAMES = ("Yaropolk Zhurba", "Bohuslav Kvitka", "Vsevolod Hnatiuk", "Liubomyr Chornovil", "Myroslav Yatsenko")
NUMBERS = tuple(f"REG-77{number}31" for number in range(5))


@pytest.fixture
def people(administrator: User, gallery: Gallery, encoder: Encoder) -> list[Person]:
    """Five people whose scores against the probe can be told from any other number, the best first."""
    found = []
    for number, (score, name) in enumerate(zip(SCORES, NAMES, strict=True)):
        vector = np.zeros(encoder.dimension)
        vector[0], vector[number + 1] = score, np.sqrt(1 - score**2)
        person = factories.enrol(administrator, gallery, encoder, name, vector)
        person.registry_number, person.home = NUMBERS[number], f"Hamlet{number}"
        person.save()
        found.append(person)
    return found


@pytest.fixture
def review(requester: User, case: Case, encoder: Encoder, people: list[Person]) -> Review:
    probe = np.zeros(encoder.dimension)
    probe[0] = 1
    review = factories.searched(requester, case, encoder, probe).review
    listed = list(review.search.candidates.order_by("rank").values_list("score", flat=True))
    assert listed == pytest.approx(SCORES, abs=1e-3)
    return review


def address(step: str, place: Assignment, *more: Any) -> str:
    return reverse(f"review:{step}", args=[place.pk, *more])


def sign(place: Assignment, **finding: Any) -> None:
    """Sign nobody at -2 unless told otherwise."""
    sign_one(place.reviewer, place, **finding)


def position_of(place: Assignment, person: Person) -> int:
    """Return where somebody is shown the person, which is how their pages name them."""
    return next(shown.position for shown in candidates_shown(place) if shown.person_id == person.pk)


def status_of(client: Client, page: str) -> int:
    """Return how a page or picture is answered; a picture is read to its end, which closes its file."""
    answer = client.get(page)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer.status_code


def images_in(text: str) -> list[str]:
    return re.findall(r'src="(/[^"]*/image/)"', text)
