"""One open review and rows around it, written by hand with plain SQL; and a refusal by the name of its constraint."""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import User
from identification.models import Person, Search
from review.models import Review
from tests import factories


def execute(sql: str, parameters: Any = None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def insert(table: str, row: dict[str, Any]) -> None:
    execute(*insertion(table, row))


def insertion(table: str, row: dict[str, Any]) -> tuple[str, list[Any]]:
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())


@contextmanager
def refused(constraint: str) -> Iterator[None]:
    """Expect that the database refuses, by the name of this constraint and no other."""
    with pytest.raises(DatabaseError, match=constraint) as caught:
        yield
    assert caught.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


@dataclass
class Scene:
    """One open review, the people around it, and rows to write by hand."""

    review: Review
    requester: User
    first: User
    second: User
    third: User
    outsider: User
    people: list[Person]

    def assign(self, reviewer: User, slot: int = 1, **changes: Any) -> uuid.UUID:
        row = {
            "id": uuid.uuid4(), "review_id": self.review.pk, "reviewer_id": reviewer.pk,
            "requested_by_id": self.requester.pk, "part": "reviewer", "slot": slot, "state": "open", "seed": 1,
            "taken_at": timezone.now(), "leased_until": timezone.now(), "suitability": "", "limitations": [],
            "analysis_note": "", "retained": [], "decline_reason": "",
        } | changes  # fmt: skip
        insert("review_assignment", row)
        return row["id"]

    def assessment(self, reviewer: User, assignment: uuid.UUID | None = None, **changes: Any) -> dict[str, Any]:
        """Return a row that would be accepted from a person with this assignment; it finds nobody unless told."""
        document = '{"finding":"written by hand"}'
        return {
            "id": uuid.uuid4(), "assignment_id": assignment, "review_id": self.review.pk,
            "search_id": self.review.search_id, "reviewer_id": reviewer.pk, "requested_by_id": self.requester.pk,
            "part": "reviewer", "suitability": "suitable", "person_id": None, "level": None, "rationale": "Compared.",
            "document": document, "document_sha256": hashlib.sha256(document.encode()).hexdigest(),
            "evidence_sha256": self.review.evidence_sha256, "signed_at": timezone.now(),
        } | changes  # fmt: skip

    def assess(self, reviewer: User, slot: int = 1, person: Person | None = None, **changes: Any) -> None:
        """Assign and sign: "none" unless a person is named."""
        named = {"person_id": person.pk, "level": 2} if person else {}
        insert("review_assessment", self.assessment(reviewer, self.assign(reviewer, slot), **named | changes))

    def conclusion(self, **changes: Any) -> dict[str, Any]:
        """Return a row that would be accepted if the first and the second reviewer had both found nobody."""
        return {
            "review_id": self.review.pk, "finding": "none", "outcome": "no_candidate", "person_id": None,
            "first_reviewer_id": self.first.pk, "second_reviewer_id": self.second.pk,
            "requested_by_id": self.requester.pk, "adjudicated": False, "evidence_sha256": self.review.evidence_sha256,
            "concluded_at": timezone.now(),
        } | changes  # fmt: skip

    def search_for_another(self) -> Search:
        """Return the search for another probe in the same case."""
        vector = np.eye(self.review.search.encoder.dimension)[0]
        return factories.searched(self.requester, self.review.case, self.review.search.encoder, vector)

    def names(self, person: Person) -> dict[str, Any]:
        return {"finding": f"person:{person.pk}", "outcome": "concordant", "person_id": person.pk}


def both_find_nobody(scene: Scene) -> None:
    scene.assess(scene.first, 1)
    scene.assess(scene.second, 2)
