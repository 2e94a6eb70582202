"""Two people at the same moment on the way to an identification, on two real connections."""

from collections.abc import Callable, Iterator
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest
from django.db import connection, transaction

from accounts.models import Role, User
from audit.models import Entry
from identification.models import Encoder, Person
from review.errors import IncompleteWork, StaleConclusion
from review.models import Conclusion, Identification, Reopening, Review, Verification
from tests import corroboration_scene, factories, threads
from tests.corroboration_scene import asserted, confirmed, recorded, reopened, verified
from tests.threads import Race, errors_in

pytestmark = pytest.mark.django_db(transaction=True)

recorder, verifier, asserter = (
    corroboration_scene.recorder,
    corroboration_scene.verifier,
    corroboration_scene.asserter,
)
race = threads.race
Conclusions = Callable[[int], list[Conclusion]]


@pytest.fixture(params=[2, pytest.param(6, marks=pytest.mark.slow)])
def rounds(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture
def conclusions(
    requester: User, encoder: Encoder, people: list[Person], first_reviewer: User, second_reviewer: User,
    random_vectors: Callable[..., Any],
) -> Callable[[int], list[Conclusion]]:  # fmt: skip
    """Reach concordant conclusions, each in a case of its own."""

    def reach() -> Conclusion:
        review = factories.searched(requester, factories.open_case(requester), encoder, random_vectors()).review
        for reviewer in (first_reviewer, second_reviewer):
            factories.signed(reviewer, people[0], 2)
        return Conclusion.objects.get(review=review)

    return lambda number: [reach() for _ in range(number)]


def again(conclusion: Conclusion) -> Conclusion:
    """The row read anew, so that nothing is shared between the threads."""
    return Conclusion.objects.get(pk=conclusion.pk)


def test_two_who_assert_at_once_make_one_identification(
    race: Race, rounds: int, conclusions: Conclusions, recorder: User, verifier: User, asserter: User, person_with
) -> None:
    other = person_with("other", Role.ASSERTER)
    for conclusion in conclusions(rounds):
        identifier = confirmed(recorder, verifier, conclusion)
        lost = errors_in(
            race(*[lambda c=conclusion, i=identifier, a=actor: asserted(a, again(c), i) for actor in (asserter, other)])
        )
        assert [type(error) for error in lost] == [StaleConclusion]
        assert Identification.objects.filter(pk=conclusion.pk).count() == 1
        assert Entry.objects.filter(kind="review:identity:asserted/1", subject_id=conclusion.pk).count() == 1


def test_one_person_asserting_twice_at_once_has_asserted_once(
    race: Race, conclusions: Conclusions, recorder: User, verifier: User, asserter: User
) -> None:
    for conclusion in conclusions(2):
        identifier = confirmed(recorder, verifier, conclusion)
        lost = errors_in(race(*[lambda c=conclusion, i=identifier: asserted(asserter, again(c), i)] * 3))
        assert [type(error) for error in lost] == [StaleConclusion] * 2


def test_two_who_verify_at_once_leave_one_verdict(
    race: Race, rounds: int, conclusions: Conclusions, recorder: User, verifier: User, person_with
) -> None:
    other = person_with("other", Role.LIAISON)
    for conclusion in conclusions(rounds):
        identifier = recorded(recorder, conclusion)
        lost = errors_in(
            race(
                lambda i=identifier: verified(verifier, i),
                lambda i=identifier: verified(other, i, "not_confirmed"),
            )
        )
        assert [type(error) for error in lost] == [StaleConclusion]
        assert Entry.objects.filter(kind="review:identifier:verified/1", subject_id=identifier.pk).count() == 1


def test_verifying_beside_asserting_never_leaves_an_identification_without_its_verdict(
    race: Race, rounds: int, conclusions: Conclusions, recorder: User, verifier: User, asserter: User
) -> None:
    """Either the verdict came first, and the identification holds it, or the assertion found too little."""
    for conclusion in conclusions(rounds):
        identifier = recorded(recorder, conclusion)
        verdict, identification = race(
            lambda i=identifier: verified(verifier, i),
            lambda c=conclusion, i=identifier: asserted(asserter, again(c), i),
        )
        assert isinstance(verdict, Verification)
        assert isinstance(identification, Identification | IncompleteWork)


def test_second_opinion_beside_asserting_is_in_the_document_or_refused(
    race: Race, rounds: int, conclusions: Conclusions, recorder: User, verifier: User, asserter: User
) -> None:
    """What was signed is what stands: no verdict slips in after the document was written."""
    for conclusion in conclusions(rounds):
        leading, doubtful = confirmed(recorder, verifier, conclusion), recorded(recorder, conclusion, "tattoo")
        verdict, identification = race(
            lambda d=doubtful: verified(verifier, d, "not_confirmed"),
            lambda c=conclusion, i=leading: asserted(asserter, again(c), i),
        )
        assert isinstance(identification, Identification)
        assert isinstance(verdict, Verification | StaleConclusion)
        assert ('"verdict":"not_confirmed"' in identification.document) == isinstance(verdict, Verification)


def test_recording_beside_asserting_is_in_the_document_or_refused(
    race: Race, rounds: int, conclusions: Conclusions, recorder: User, verifier: User, asserter: User
) -> None:
    for conclusion in conclusions(rounds):
        leading = confirmed(recorder, verifier, conclusion)
        _, identification = race(
            lambda c=conclusion: recorded(recorder, again(c), "dna"),
            lambda c=conclusion, i=leading: asserted(asserter, again(c), i),
        )
        assert identification.document.count('"recorded_at"') == conclusion.identifiers.count()


def test_reopening_beside_asserting_comes_before_or_after(
    race: Race,
    rounds: int,
    conclusions: Conclusions,
    recorder: User,
    verifier: User,
    asserter: User,
    administrator: User,
) -> None:
    for conclusion in conclusions(rounds):
        identifier = confirmed(recorder, verifier, conclusion)
        opened, result = race(
            lambda c=conclusion: reopened(c, administrator),
            lambda c=conclusion, i=identifier: asserted(asserter, again(c), i),
        )
        assert isinstance(opened, Reopening)
        assert isinstance(result, Identification | StaleConclusion)
        assert Identification.objects.filter(pk=conclusion.pk).exists() == isinstance(result, Identification)


@pytest.fixture
def beside() -> Iterator[Callable[[Callable[[], Any]], Callable[[], Any]]]:
    """Start a call on a connection of its own; what is returned waits for its result."""
    threads: list[Thread] = []

    def start(call: Callable[[], Any]) -> Callable[[], Any]:
        results: list[Any] = []
        begun = Event()

        def run() -> None:
            try:
                begun.set()
                results.append(call())
            except Exception as error:  # noqa: BLE001 - what was raised is the result
                results.append(error)
            finally:
                connection.close()

        thread = Thread(target=run)
        threads.append(thread)
        thread.start()
        begun.wait(60)

        def result() -> Any:
            thread.join(60)
            return results[0]

        return result

    yield start
    for thread in threads:
        thread.join(60)


def holds_the_review(conclusion: Conclusion) -> None:
    """Make the deferred foreign key look now, as the reopening's commit would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_asserting_waits_for_a_reopening_under_way_and_then_refuses(
    conclusions: Conclusions, recorder: User, verifier: User, asserter: User, administrator: User, beside
) -> None:
    """Not a matter of luck: the reopening has looked at the review's row and hasn't committed."""
    (conclusion,) = conclusions(1)
    identifier = confirmed(recorder, verifier, conclusion)
    with transaction.atomic():
        reopened(conclusion, administrator)
        holds_the_review(conclusion)
        result = beside(lambda: asserted(asserter, again(conclusion), identifier))
        assert waits_for_a_lock()
    assert isinstance(result(), StaleConclusion)
    assert not Identification.objects.exists()


def test_later_review_under_way_keeps_an_assertion_waiting_and_then_refuses_it(
    conclusions: Conclusions, recorder: User, verifier: User, asserter: User, beside
) -> None:
    first, second = conclusions(2)
    other = second.review
    identifier = confirmed(recorder, verifier, first)
    vector = np.eye(other.search.encoder.dimension)[0]
    later = factories.searched(other.requested_by, other.case, other.search.encoder, vector).review
    names = ("case", "probe", "search", "requested_by", "reviewers_required", "evidence", "evidence_sha256")
    copied = {name: getattr(later, name) for name in names}
    with transaction.atomic():
        later.delete()
        Review.objects.create(**copied, refers_to=first.review)
        holds_the_review(first)
        result = beside(lambda: asserted(asserter, again(first), identifier))
        assert waits_for_a_lock()
    assert isinstance(result(), StaleConclusion)


def waits_for_a_lock() -> bool:
    """Whether another connection comes to wait for a lock that this one holds."""
    until = monotonic() + 10
    while monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return True
        sleep(0.02)
    return False
