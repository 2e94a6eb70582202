"""The workflow of reviews, driven at random over two connections, does what a small model says, step by step."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from accounts.models import Agency, HeldRole, Role, User
from identification.errors import IdentificationError
from identification.models import Encoder, GalleryKind, Job, Person, Probe, Purpose
from identification.recognition.encoders import SHIPPED
from identification.services import correction as correcting
from identification.services.withdrawal import withdraw_reference
from identification.services.work import run_job
from review.models import Assignment, Review
from review.services import assessment as assessing
from review.services import queue
from review.services.reopening import NotReopened, reopen_review
from tests import factories
from tests.conftest import PASSWORD, StandInModels
from tests.correction_scene import BOX, SEEN, read
from tests.review_model import ADJUDICATORS, REVIEWERS, Model

EXAMPLES, STEPS = int(os.environ.get("COUNTERSIGN_EXAMPLES", "30")), 30
QUICK_EXAMPLES = 2
VECTOR = np.eye(SHIPPED["dlib-resnet-v1"].dimension, dtype=np.float32)[0]
_numbers = count()

pytestmark = pytest.mark.django_db(transaction=True)

a_window = st.integers(0, 1)
a_name = st.sampled_from([*REVIEWERS, *ADJUDICATORS])
a_pick = st.integers(0, 8)
a_person = st.integers(0, 2)
a_finding = st.sampled_from(["person:0", "person:0", "person:0", "person:1", "none", "undecided", "unsuitable"])


class Windows:
    """Two threads with a connection each."""

    def __init__(self) -> None:
        self.threads = [ThreadPoolExecutor(1), ThreadPoolExecutor(1)]

    def run(self, window: int, work: Callable[[], Any]) -> Any:
        return self.threads[window].submit(work).result(30)

    def both(self, one: Callable[[], Any], other: Callable[[], Any]) -> None:
        """Run at the same moment."""
        for future in [self.threads[0].submit(one), self.threads[1].submit(other)]:
            future.result(30)

    def close(self) -> None:
        for thread in self.threads:
            thread.submit(lambda: connection.close()).result(30)  # noqa: PLW0108  (that thread's)
            thread.shutdown()


class Site:
    """One agency with its people, a gallery of three, and a case with one face that was searched for."""

    def __init__(self, encoder: Encoder) -> None:
        number = next(_numbers)
        self.agency = Agency.objects.create(name=f"Bureau {number}", code=f"bureau{number}")
        self.requester = self._person(f"requester{number}", Role.INTAKE)
        administrator = self._person(f"administrator{number}", Role.ADMINISTRATOR)
        self.users = {name: self._person(f"{name}x{number}", Role.REVIEWER) for name in REVIEWERS}
        self.users |= {name: self._person(f"{name}x{number}", Role.ADJUDICATOR) for name in ADJUDICATORS}
        gallery = factories.open_gallery(administrator, "Register", GalleryKind.HUMANITARIAN, Purpose.DECEASED)
        enrolled = factories.enrol_many(administrator, gallery, encoder, [[VECTOR]] * 3)
        self.people: list[Person] = sorted(enrolled, key=lambda person: person.name)
        self.case = factories.open_case(self.requester)
        self.probe: Probe = factories.searched(self.requester, self.case, encoder, VECTOR).probe

    def _person(self, name: str, role: Role) -> User:
        user = User.objects.create_user(name, password=PASSWORD, full_name=name, agency=self.agency)
        HeldRole.objects.create(user=user, role=role)
        return user

    def name_of(self, user_id: int) -> str:
        return next(name for name, user in self.users.items() if user.pk == user_id)

    def place(self, name: str) -> Assignment:
        return Assignment.objects.select_related("review").get(reviewer=self.users[name], state="open")

    def seen(self) -> list[dict[str, Any]]:
        """Return the reviews as the database has them, in the model's words."""
        reviews = list(
            Review.objects.filter(case=self.case)
            .select_related("conclusion", "reopening")
            .prefetch_related("assignments", "assessments")
            .order_by("opened_at")
        )
        order = {review.pk: number for number, review in enumerate(reviews)}
        return [self._told(review, order) for review in reviews]

    def _told(self, review: Review, order: dict[Any, int]) -> dict[str, Any]:
        return {
            "state": review.state,
            "because": review.withdrawn_because,
            "refers_to": order[review.refers_to_id] if review.refers_to_id else None,
            "finding": self.worded(review.conclusion.finding) if hasattr(review, "conclusion") else "",
            "reopened": hasattr(review, "reopening"),
            "places": {self.name_of(one.reviewer_id): (one.part, one.state) for one in review.assignments.all()},
            "signed": {self.name_of(one.reviewer_id): self.worded(one.finding) for one in review.assessments.all()},
        }

    def worded(self, finding: str) -> str:
        numbers = {f"person:{person.pk}": f"person:{number}" for number, person in enumerate(self.people)}
        return numbers.get(finding, finding)


class Workflow(RuleBasedStateMachine):
    """Everything that people and the machine may do, in any order."""

    encoder: Encoder
    windows: Windows

    def __init__(self) -> None:
        super().__init__()
        self.site, self.model = Site(self.encoder), Model()
        self.model.search()

    def do(self, window: int, work: Callable[[], Any]) -> Any:
        return self.windows.run(window, work)

    @rule(window=a_window, name=a_name)
    def take_and_work(self, window: int, name: str) -> None:
        expected = self.model.take(name)
        place = self.do(window, lambda: queue.take_next(actor=self.site.users[name]))
        assert (place is None) == (expected is None), f"{name} was{' not' if place is None else ''} given a place"
        if expected and not expected.ready:
            retained = [self.site.people[number] for number in self._listed()]
            user = self.site.users[name]
            self.do(window, lambda: factories.worked_through(user, retained=retained, assignment=place))
            expected.ready = True

    @precondition(lambda self: self._ready())
    @rule(window=a_window, pick=a_pick, finding=a_finding)
    def sign(self, window: int, pick: int, finding: str) -> None:
        name = self._ready()[pick % len(self._ready())]
        said = self._possible(finding)
        self.do(window, lambda: self._sign(name, said))
        self.model.sign(name, said)

    @precondition(lambda self: len(self._ready()) > 1)
    @rule(one=a_finding, other=a_finding)
    def both_sign_at_once(self, one: str, other: str) -> None:
        names, said = self._ready(), (self._possible(one), self._possible(other))
        self.windows.both(lambda: self._sign(names[0], said[0]), lambda: self._sign(names[1], said[1]))
        for name, finding in zip(names, said, strict=False):
            self.model.sign(name, finding)

    @precondition(lambda self: self._ready())
    @rule(window=a_window, pick=a_pick)
    def decline(self, window: int, pick: int) -> None:
        name = self._ready()[pick % len(self._ready())]
        user, place = self.site.users[name], self.site.place(name)
        self.do(window, lambda: queue.decline(actor=user, assignment=place, reason="other_work"))
        self._place(name).state = "declined"

    @precondition(lambda self: self._ready())
    @rule(window=a_window, pick=a_pick)
    def leave_and_sweep(self, window: int, pick: int) -> None:
        name = self._ready()[pick % len(self._ready())]
        Assignment.objects.filter(reviewer=self.site.users[name], state="open").update(
            leased_until=timezone.now() - timedelta(hours=1)
        )
        self.do(window, queue.lapse_assignments)
        self._place(name).state = "lapsed"

    @rule(window=a_window, seldom=st.integers(0, 2))
    def correct_the_face(self, window: int, seldom: int) -> None:
        if seldom or self.model.face > 2:
            return

        def move_and_read() -> None:
            face = self.site.probe.face
            correction = correcting.move_face(actor=self.site.requester, face=face, box=BOX)
            read(correction)
            self.site.probe = Probe.objects.select_related("face__photograph__case").get(face=correction.face)

        self.do(window, move_and_read)
        self.model.correct()

    @rule(window=a_window, person=a_person, seldom=st.integers(0, 1))
    def withdraw_a_reference(self, window: int, person: int, seldom: int) -> None:
        if seldom:
            return
        reference = self.site.people[person].references.get()

        def withdraw() -> None:
            withdraw_reference(actor=self.site.requester, reference=reference, reason="Shows a brother.")

        if person in self.model.withdrawn:
            with pytest.raises(IdentificationError, match="already"):
                self.do(window, withdraw)
        else:
            self.do(window, withdraw)
            self.model.withdraw_reference(person)

    @precondition(lambda self: self.model.search_owed)
    @rule(window=a_window)
    def search(self, window: int) -> None:
        owed = Job.objects.unfinished().get(kind=Job.Kind.SEARCH_PROBE, subject_id=self.site.probe.pk)
        self.do(window, lambda: run_job(job_id=owed.pk))
        self.model.search()

    @precondition(lambda self: self.model.reviews)
    @rule(window=a_window, pick=a_pick)
    def reopen(self, window: int, pick: int) -> None:
        number = len(self.model.reviews) - 1 - pick % min(3, len(self.model.reviews))
        review = list(Review.objects.filter(case=self.site.case).order_by("opened_at"))[number]

        def ask() -> None:
            reopen_review(actor=self.site.requester, review=review, reason="A record has come.")

        if self.model.may_reopen(number):
            self.do(window, ask)
            self.model.reopen(number)
        else:
            with pytest.raises(NotReopened):
                self.do(window, ask)

    @invariant()
    def database_and_model_agree(self) -> None:
        expected = [
            {
                "state": review.state,
                "because": review.because,
                "refers_to": review.refers_to,
                "finding": review.finding,
                "reopened": review.reopened,
                "places": {name: (place.part, place.state) for name, place in review.places.items()},
                "signed": review.signed,
            }
            for review in self.model.reviews
        ]
        assert self.site.seen() == expected
        owed = Job.objects.unfinished().filter(kind=Job.Kind.SEARCH_PROBE, subject_id=self.site.probe.pk)
        assert owed.exists() == self.model.search_owed

    def _ready(self) -> list[str]:
        places = self.model.unfinished.places if self.model.unfinished else {}
        return [name for name, place in places.items() if place.state == "open"]

    def _listed(self) -> tuple[int, ...]:
        return self.model.unfinished.listed if self.model.unfinished else ()

    def _place(self, name: str) -> Any:
        assert self.model.unfinished is not None
        return self.model.unfinished.places[name]

    def _possible(self, finding: str) -> str:
        """Name the first who is listed, where somebody is to be named who isn't."""
        named = finding.startswith("person:") and int(finding[-1]) not in self._listed()
        return f"person:{self._listed()[0]}" if named else finding

    def _sign(self, name: str, finding: str) -> None:
        said: dict[str, Any] = {"unsuitable": finding == "unsuitable"}
        if finding == "none":
            said["level"] = -2
        elif finding == "undecided":
            said |= {"person_id": self.site.people[self._listed()[0]].pk, "level": 0}
        elif finding != "unsuitable":
            said |= {"person_id": self.site.people[int(finding[-1])].pk, "level": 2}
        assessing.sign_assessment(
            actor=self.site.users[name], assignment=self.site.place(name), password=PASSWORD,
            rationale="Compared from top to bottom.",
            **said,
        )  # fmt: skip


@pytest.fixture
def machine(encoder: Encoder, models: StandInModels, calls: list[str]) -> Iterator[type[Workflow]]:
    models.in_box, models.vectors = SEEN, [VECTOR]
    windows = Windows()
    yield type("Driven", (Workflow,), {"encoder": encoder, "windows": windows})
    windows.close()


def drive(machine: type[Workflow], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_workflow_does_what_the_model_says(machine: type[Workflow]) -> None:
    drive(machine, QUICK_EXAMPLES, STEPS)


@pytest.mark.slow
def test_workflow_does_what_the_model_says_in_many_examples(machine: type[Workflow]) -> None:
    drive(machine, EXAMPLES, STEPS)
