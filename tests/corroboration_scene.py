"""A concordant conclusion, the people on its way to an identification, and the steps of that way.

Test files name the fixtures that they need: `conclusion, recorder, verifier, asserter = corroboration_scene...`
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile

from accounts.models import Role, User
from audit.models import Entry
from identification.models import Person, Purpose, PurposePolicy
from review.models import Conclusion, Identification, Identifier, Reopening, Review, Verification
from review.services import corroboration
from tests import factories
from tests.conftest import PASSWORD

CONTENT = b"Fictional dental record, made for the tests.\n"


@pytest.fixture
def conclusion(review: Review, people: list[Person], first_reviewer: User, second_reviewer: User) -> Conclusion:
    """Two people named the same person in a case of a deceased."""
    factories.signed(first_reviewer, people[0], 2)
    factories.signed(second_reviewer, people[0], 3)
    return Conclusion.objects.get(review=review)


@pytest.fixture
def recorder(person_with: Callable[..., User]) -> User:
    return person_with("recorder", Role.INTAKE)


@pytest.fixture
def verifier(person_with: Callable[..., User]) -> User:
    return person_with("verifier", Role.LIAISON)


@pytest.fixture
def asserter(person_with: Callable[..., User]) -> User:
    return person_with("asserter", Role.ASSERTER)


def policy_of(purpose: Purpose, **changes: Any) -> None:
    PurposePolicy.objects.filter(pk=purpose).update(**changes)


def recorded(actor: User, conclusion: Conclusion, kind: str = "dental", **said: Any) -> Identifier:
    said = {
        "source": "Dr Fictional, chart of 2019", "description": "Two crowns agree.",
        "file": ContentFile(CONTENT, name="chart.txt"),
    } | said  # fmt: skip
    return corroboration.record_identifier(actor=actor, conclusion=conclusion, kind=kind, **said)


def verified(actor: User, identifier: Identifier, verdict: str = "confirmed") -> Verification:
    return corroboration.verify_identifier(
        actor=actor, identifier=identifier, verdict=verdict, note="Asked the practice; it is theirs."
    )


def asserted(
    actor: User, conclusion: Conclusion, leading: Identifier | None, password: str = PASSWORD
) -> Identification:
    return corroboration.assert_identity(
        actor=actor, conclusion=conclusion, leading_identifier=leading.pk if leading else None, password=password
    )


def confirmed(recorder: User, verifier: User, conclusion: Conclusion, kind: str = "dental", **said: Any) -> Identifier:
    identifier = recorded(recorder, conclusion, kind, **said)
    verified(verifier, identifier)
    return identifier


def reopened(conclusion: Conclusion, actor: User) -> Reopening:
    return Reopening.objects.create(
        review_id=conclusion.pk, cause="new_evidence", reason="A letter was found.", opened_by=actor
    )


def payloads(kind: str) -> list[dict[str, Any]]:
    return [entry.payload for entry in Entry.objects.filter(kind=kind).order_by("id")]


def refused(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    """Expect a refusal that leaves nothing behind, no entry either."""

    def state() -> list[int]:
        return [model.objects.count() for model in (Entry, Identifier, Verification, Identification)]

    before = state()
    with pytest.raises(error, match=words):
        call()
    assert state() == before


def of_purpose(purpose: Purpose, requester: User, encoder, random_vectors, *signers: User) -> Conclusion:
    """Conclude a review in a case of another purpose, through the services."""
    case = factories.open_case(requester, purpose)
    review = factories.searched(requester, case, encoder, random_vectors()).review
    person = Person.objects.get(pk=review.search.candidates.first().person_id)
    for signer in signers:
        factories.signed(signer, person, 2)
    return Conclusion.objects.get(review=review)


@pytest.fixture
def concluded_for(
    requester: User, encoder, people, random_vectors, first_reviewer: User, second_reviewer: User
) -> Callable[[Purpose], Conclusion]:
    return lambda purpose: of_purpose(purpose, requester, encoder, random_vectors, first_reviewer, second_reviewer)
