"""Many reviews that wait for one last signature, written in bulk, and two connections that begin at the same moment."""

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import rfc8785
from django.db import connection
from django.utils import timezone

from accounts.models import User
from identification import storage
from identification.models import Candidate, Embedding, Face, Person, Photograph, Probe, Search, SearchedGallery
from identification.recognition.encoders import SHIPPED
from review.evidence import evidence_of
from review.models import Assessment, Assignment, Draft, Review
from review.services.drafts import compare_section
from tests import factories
from tests.recognition import DECENT


@dataclass
class Ready:
    """One review in which the first reviewer has signed and the second has only the signature left."""

    review: Review
    place: Assignment
    person: Person
    face: Face
    photograph: Photograph


def many_ready(template: Search, *, people: Sequence[Person], first: User, second: User, number: int) -> list[Ready]:
    """Write as many reviews as there are people, each proposing one of them; the template's rows say the rest."""
    made = [_Rows(template, person) for person in people[:number]]
    for model in (Photograph, Face, Embedding, Probe, Search, SearchedGallery, Candidate, Review):
        model.objects.bulk_create([row for each in made for row in each.rows if type(row) is model])
    assert made[0].review.evidence == evidence_of(Search.objects.get(pk=made[0].search.pk)).decode()
    signed = [_place(each.review, first, each.person, slot=1, state="signed") for each in made]
    waiting = [_place(each.review, second, each.person, slot=2, state="lapsed") for each in made]
    Assignment.objects.bulk_create([*signed, *waiting])
    Draft.objects.bulk_create([_compared(place, each.person) for place, each in zip(waiting, made, strict=True)])
    Assessment.objects.bulk_create([_assessment(place, each.person) for place, each in zip(signed, made, strict=True)])
    return [
        Ready(each.review, place, each.person, each.face, each.photograph)
        for each, place in zip(made, waiting, strict=True)
    ]


class _Rows:
    """The rows of one probe, its search and its review, beside those of a template."""

    def __init__(self, template: Search, person: Person) -> None:
        probe, self.person = template.probe, person
        reference = person.references.all()[0]
        vector = np.eye(SHIPPED["dlib-resnet-v1"].dimension, dtype=np.float32)[0]
        self.photograph = Photograph(
            case=probe.case, uploaded_by=probe.requested_by, file_name="p.png", sha256=uuid4().hex * 2, byte_size=1,
            media_format="PNG", width=64, height=64, state=Photograph.State.ANALYSED,
        )  # fmt: skip
        self.face = Face.from_detected(self.photograph, 1, factories.FOUND, DECENT, "test 1")
        encoder = template.encoder
        embedding = Embedding(face=self.face, encoder=encoder, dimension=encoder.dimension, vector=vector)
        embedding.pk = _next_embedding()
        self.probe = Probe(case=probe.case, photograph=self.photograph, face=self.face, requested_by=probe.requested_by)
        self.search = Search(
            probe=self.probe, case=probe.case, agency=probe.case.agency, face=self.face, encoder=encoder,
            gallery_kind=template.gallery_kind, embedding=embedding, method="exact", list_length=20, gallery_size=1,
            persons_compared=1,
        )  # fmt: skip
        searched = SearchedGallery(
            search=self.search, gallery=person.gallery, gallery_kind=person.gallery.kind,
            agency_id=person.gallery.agency_id,
        )  # fmt: skip
        candidate = Candidate(
            search=self.search, rank=1, person=person, gallery=person.gallery, reference=reference,
            face_id=reference.face_id, encoder=encoder, embedding=reference.face.embeddings.all()[0], score=0.5,
        )  # fmt: skip
        evidence = rfc8785.dumps(
            {
                "probe": {
                    "face": str(self.face.pk), "photograph": str(self.photograph.pk),
                    "photograph_sha256": self.photograph.sha256, "standing": True,
                },
                "encoder": {
                    "name": encoder.name, "version": encoder.version, "weights_sha256": encoder.weights_sha256,
                },
                "search": str(self.search.pk),
                "candidates": [
                    {
                        "person": str(person.pk), "rank": 1, "score": "0.500000", "listed_by": str(reference.pk),
                        "references": [
                            {
                                "reference": str(reference.pk), "face": str(reference.face_id),
                                "photograph_sha256": reference.photograph.sha256,
                            }
                        ],
                    }
                ],
            }
        )  # fmt: skip
        self.review = Review(
            case=probe.case, probe=self.probe, search=self.search, requested_by=probe.requested_by,
            reviewers_required=2, evidence=evidence.decode(), evidence_sha256=hashlib.sha256(evidence).hexdigest(),
        )  # fmt: skip
        self.rows = [
            self.photograph, self.face, embedding, self.probe, self.search, searched, candidate, self.review,
        ]  # fmt: skip


def _next_embedding() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('identification_embedding', 'id'))")
        return cursor.fetchone()[0]


def _place(review: Review, reviewer: User, person: Person, *, slot: int, state: str) -> Assignment:
    now = timezone.now()
    return Assignment(
        review=review, reviewer=reviewer, requested_by_id=review.requested_by_id, part="reviewer", slot=slot,
        state=state, seed=1, leased_until=now + timedelta(days=3), suitability="suitable", analysed_at=now,
        retained=[person.pk], compared_at=now,
    )  # fmt: skip


def _compared(place: Assignment, person: Person) -> Draft:
    """Whoever is retained is compared before anything is signed."""
    return Draft(assignment=place, section=compare_section(person.pk), content={}, saved_at=timezone.now())


def _assessment(place: Assignment, person: Person) -> Assessment:
    document = f'{{"written":"in bulk","place":"{place.pk}"}}'
    return Assessment(
        assignment=place, review=place.review, search_id=place.review.search_id, reviewer=place.reviewer,
        requested_by_id=place.requested_by_id, part="reviewer", suitability="suitable", person=person, level=2,
        rationale="Compared.", document=document, document_sha256=hashlib.sha256(document.encode()).hexdigest(),
        evidence_sha256=place.review.evidence_sha256,
    )  # fmt: skip


def readable(photographs: Sequence[Photograph]) -> None:
    """Let these look as if a worker had read them, so that their faces can be corrected."""
    for photograph in photographs:
        path = storage.derivative_path(photograph.pk)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@dataclass
class Racers:
    """Two connections that begin at the same moment, the second up to some milliseconds later."""

    pool: ThreadPoolExecutor
    rng: random.Random = field(default_factory=lambda: random.Random(11))
    latest: float = 0.012

    def run(self, one: Callable[[], Any], other: Callable[[], Any]) -> list[Any]:
        """Return what each came to, or raised."""
        barrier, pause = Barrier(2), self.rng.random() * self.latest

        def begin(call: Callable[[], Any], wait: float) -> Any:
            barrier.wait(timeout=60)
            time.sleep(wait)
            try:
                return call()
            except Exception as error:  # noqa: BLE001 - what was raised is the result
                return error

        return [future.result() for future in (self.pool.submit(begin, one, 0), self.pool.submit(begin, other, pause))]


@contextmanager
def racers() -> Iterator[Racers]:
    """Two persistent threads; their connections are closed at the end."""
    with ThreadPoolExecutor(2) as pool:
        found = Racers(pool)
        yield found
        found.latest = 0
        # Each thread has a connection of its own, looked up where it is closed.
        found.run(lambda: connection.close(), lambda: connection.close())  # noqa: PLW0108


def outcome(review_id: UUID) -> tuple[Any, ...]:
    """Return what stands about a review, in one query: state, conclusion's people, who signed, what was taken away."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT review.state, conclusion.first_reviewer_id, conclusion.second_reviewer_id, review.requested_by_id,
                   (SELECT array_agg(reviewer_id ORDER BY reviewer_id) FROM review_assessment
                    WHERE review_id = review.id),
                   EXISTS (SELECT 1 FROM review_reopening WHERE review_id = review.id)
            FROM review_review AS review LEFT JOIN review_conclusion AS conclusion ON conclusion.review_id = review.id
            WHERE review.id = %s
            """,
            [review_id],
        )
        return cursor.fetchone()


def is_concluded(review_id: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM review_conclusion WHERE review_id = %s", [review_id])
        return cursor.fetchone() is not None
