"""A search can't be changed or forged, nor what it leans on: round the services with plain SQL."""

import numpy as np
import pytest
from django.db import DatabaseError, connection

from accounts.models import Agency, User
from identification.constraints import APPEND_ONLY_SQL, COMPOSITE_FOREIGN_KEYS
from identification.models import (
    Candidate,
    Case,
    Embedding,
    Encoder,
    Face,
    Gallery,
    GalleryKind,
    Photograph,
    Probe,
    Purpose,
    Reference,
    Search,
    SearchedGallery,
)
from identification.recognition.encoders import SHIPPED
from identification.services import intake
from tests import factories
from tests.factories import Vectors, open_gallery
from tests.recognition import DECENT


class Attempts:
    """A finished search and everything that could be put in its place; each method is an attempt to forge."""

    def __init__(
        self, requester: User, administrator: User, gallery: Gallery, encoder: Encoder, other: Encoder, vectors: Vectors
    ) -> None:
        self.requester, self.other = requester, other
        self.foreign = Gallery.objects.create(
            agency=Agency.objects.create(name="Abroad", code="abroad"),
            name="Foreign",
            kind="humanitarian",
            lawful_basis="Law 1",
            purposes=["deceased"],
        )
        self.second = open_gallery(administrator, "Second", GalleryKind.HUMANITARIAN, Purpose.DECEASED)
        self.never_searched = open_gallery(administrator, "Missing", GalleryKind.HUMANITARIAN, Purpose.MISSING)
        self.incident = open_gallery(administrator, "Incident", GalleryKind.INCIDENT, Purpose.INCIDENT)
        for home in (gallery, self.second, self.never_searched, self.incident):
            factories.enrol_many(administrator, home, encoder, [[vectors()]])
        self.case = factories.open_case(requester)
        self.search = factories.searched(requester, self.case, encoder, vectors())
        self.elsewhere = factories.searched(requester, factories.open_case(requester), encoder, vectors())
        self.candidate = self.search.candidates.get(gallery=gallery)
        self.searched = self.search.searched_galleries.get(gallery=gallery)
        self.embedded_by_other = Embedding.objects.create(
            face=self.search.face, encoder=other, dimension=512, vector=vectors(512)
        )
        self.reference_by_other = Embedding.objects.create(
            face=self.candidate.reference.face, encoder=other, dimension=512, vector=vectors(512)
        )

    def embedding_has_its_encoders_dimension(self) -> None:
        factories.copied_by_sql(self.embedded_by_other, encoder_id=self.search.encoder_id, face_id=self.new_face().pk)

    def reference_person_is_in_its_gallery(self) -> None:
        Reference.objects.filter(pk=self.late().pk).update(person=self.never_searched.persons.get())

    def reference_photograph_is_in_its_gallery(self) -> None:
        Photograph.objects.filter(reference=self.candidate.reference_id).update(gallery=self.second)

    def reference_face_is_in_its_photograph(self) -> None:
        Reference.objects.filter(pk=self.late().pk).update(face=self.new_face())

    def probe_face_lies_in_its_photograph(self) -> None:
        factories.copied_by_sql(self.search.probe, face_id=self.new_face().pk)

    def probe_photograph_lies_in_its_case(self) -> None:
        face = self.new_face()
        factories.copied_by_sql(
            self.search.probe, face_id=face.pk, photograph_id=face.photograph_id, case_id=self.elsewhere.case_id
        )

    def probe_requester_is_the_uploader(self) -> None:
        face = self.new_face()
        another = User.objects.exclude(pk=self.requester.pk).first()
        factories.copied_by_sql(
            self.search.probe, face_id=face.pk, photograph_id=face.photograph_id, requested_by_id=another.pk
        )

    def search_probe_lies_in_its_case(self) -> None:
        factories.copied_by_sql(self.search, case_id=self.elsewhere.case_id)

    def search_is_for_the_probes_face(self) -> None:
        other = self.elsewhere
        factories.copied_by_sql(self.search, face_id=other.face_id, embedding_id=other.embedding_id)

    def search_embedding_is_of_the_probes_face(self) -> None:
        factories.copied_by_sql(self.search, embedding_id=self.elsewhere.embedding_id)

    def search_embedding_is_of_its_encoder(self) -> None:
        factories.copied_by_sql(self.search, embedding_id=self.embedded_by_other.pk)

    def search_keeps_the_cases_gallery_kind(self) -> None:
        factories.copied_by_sql(self.search, gallery_kind="incident")

    def search_is_the_cases_agencys(self) -> None:
        factories.copied_by_sql(self.search, agency_id=self.foreign.agency_id)

    def searched_gallery_agency_is_the_searchs(self) -> None:
        factories.copied_by_sql(self.searched, gallery_id=self.foreign.pk, agency_id=self.foreign.agency_id)

    def searched_gallery_agency_is_the_gallerys(self) -> None:
        factories.copied_by_sql(self.searched, gallery_id=self.foreign.pk)

    def searched_gallery_kind_is_the_searchs(self) -> None:
        factories.copied_by_sql(self.searched, gallery_id=self.incident.pk, gallery_kind="incident")

    def searched_gallery_kind_is_the_gallerys(self) -> None:
        factories.copied_by_sql(self.searched, gallery_id=self.incident.pk)

    def candidate_is_compared_by_the_searchs_encoder(self) -> None:
        self.forge(encoder_id=self.other.pk, embedding_id=self.reference_by_other.pk)

    def candidate_embedding_is_of_its_encoder(self) -> None:
        self.forge(embedding_id=self.reference_by_other.pk)

    def candidate_embedding_is_of_its_face(self) -> None:
        self.forge(embedding_id=self.candidate.embedding_id)

    def candidate_face_is_its_references(self) -> None:
        self.forge(embedding_id=self.candidate.embedding_id, face_id=self.candidate.face_id)

    def candidate_reference_is_its_persons(self) -> None:
        nearest = self.candidate
        self.forge(embedding_id=nearest.embedding_id, face_id=nearest.face_id, reference_id=nearest.reference_id)

    def candidate_gallery_was_searched(self) -> None:
        self.forge(gallery_id=self.never_searched.pk)

    def candidate_person_is_in_its_gallery(self) -> None:
        theirs = Reference.objects.get(person__gallery=self.never_searched)
        self.forge(**self.naming(theirs))

    def new_face(self) -> Face:
        photograph = intake.receive_photograph(
            actor=self.requester, file=factories.picture_file(), case=self.search.case
        )
        face = Face.from_detected(photograph, 1, factories.FOUND, DECENT, "test 1")
        face.save()
        return face

    def forge(self, **changes: object) -> None:
        """Add a candidate for somebody who was searched too and stands in no list yet."""
        factories.copied_by_sql(self.candidate, **({"rank": 40} | self.naming(self.late()) | changes))

    def late(self) -> Reference:
        """The reference of somebody who was enrolled after the search."""
        vector = np.eye(SHIPPED["dlib-resnet-v1"].dimension, dtype=np.float32)[0]
        (person,) = factories.enrol_many(self.requester, self.candidate.gallery, self.search.encoder, [[vector]])
        return person.references.get()

    def naming(self, reference: Reference) -> dict[str, object]:
        """The columns of a candidate that say who it is and by what."""
        return {
            "person_id": reference.person_id,
            "reference_id": reference.pk,
            "face_id": reference.face_id,
            "embedding_id": factories.embedding_of(reference.face).pk,
        }


@pytest.fixture
def attempts(
    requester: User,
    administrator: User,
    gallery: Gallery,
    encoder: Encoder,
    other_encoder: Encoder,
    random_vectors: Vectors,
) -> Attempts:
    return Attempts(requester, administrator, gallery, encoder, other_encoder, random_vectors)


@pytest.mark.parametrize("name", [name for _, name, _, _ in COMPOSITE_FOREIGN_KEYS])
def test_forgery_is_refused_by_the_name_of_its_rule(attempts: Attempts, name: str) -> None:
    with pytest.raises(DatabaseError, match=f'"{name}"'):
        getattr(attempts, name)()


def test_what_the_forgeries_are_made_of_is_accepted_where_it_is_true(attempts: Attempts) -> None:
    attempts.forge()
    factories.copied_by_sql(attempts.search)
    copy = Search.objects.exclude(pk__in=(attempts.search.pk, attempts.elsewhere.pk)).get()
    factories.copied_by_sql(attempts.searched, search_id=copy.pk)
    assert attempts.search.candidates.count() == 3


def test_vector_has_the_dimension_it_states(attempts: Attempts, random_vectors: Vectors) -> None:
    embedding = attempts.search.embedding
    wrong = Embedding(
        vector=random_vectors(64), face=attempts.new_face(), encoder=embedding.encoder, dimension=embedding.dimension
    )
    with pytest.raises(DatabaseError, match="embedding_has_the_dimension_it_states"):
        wrong.save()


def test_face_is_embedded_once_by_an_encoder(attempts: Attempts) -> None:
    with pytest.raises(DatabaseError, match="embedding_once_per_face_and_encoder"):
        factories.copied_by_sql(attempts.search.embedding)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"rank": 1}, "candidate_rank_once_per_search"),
        ({"score": 1.5}, "candidate_score_is_a_cosine"),
        ({"score": 97.3}, "candidate_score_is_a_cosine"),
    ],
)
def test_candidate_that_cannot_be_is_refused(attempts: Attempts, changes: dict[str, object], name: str) -> None:
    with pytest.raises(DatabaseError, match=name):
        attempts.forge(**changes)


def test_person_is_listed_once(attempts: Attempts) -> None:
    with pytest.raises(DatabaseError, match="candidate_person_once_per_search"):
        factories.copied_by_sql(attempts.candidate, rank=30)


@pytest.mark.parametrize("length", [0, 51])
def test_search_lists_between_one_and_fifty(attempts: Attempts, length: int) -> None:
    with pytest.raises(DatabaseError, match="search_lists_one_to_fifty"):
        factories.copied_by_sql(attempts.search, list_length=length)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"gallery_kind": "incident"}, "case_searches_its_kind_of_gallery"),
        ({"purpose": "incident"}, "case_searches_its_kind_of_gallery"),
        ({"purpose": "curiosity"}, "case_has_a_known_purpose"),
        ({}, "case_number_once_per_agency"),
    ],
)
def test_case_keeps_to_its_purpose(attempts: Attempts, changes: dict[str, object], name: str) -> None:
    with pytest.raises(DatabaseError, match=name):
        factories.copied_by_sql(attempts.case, **({"number": "2026-9999"} | changes if changes else changes))


def test_case_does_not_change_sides_after_its_search(attempts: Attempts) -> None:
    with pytest.raises(DatabaseError, match="identification_case_never_restates"):
        Case.objects.filter(pk=attempts.case.pk).update(purpose="incident", gallery_kind="incident")


def test_gallery_does_not_change_sides_after_it_was_searched(attempts: Attempts) -> None:
    with pytest.raises(DatabaseError, match="identification_gallery_never_restates"):
        Gallery.objects.filter(pk=attempts.searched.gallery_id).update(kind="incident", purposes=["incident"])


@pytest.mark.parametrize("model", [Probe, Search, SearchedGallery, Candidate])
@pytest.mark.parametrize("statement", ["UPDATE {0} SET id = id", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_what_a_search_said_is_never_changed_or_removed(attempts: Attempts, model: type, statement: str) -> None:
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # TRUNCATE waits for no check that is still to come
        with pytest.raises(DatabaseError, match="_is_append_only"):
            cursor.execute(statement.format(table))


def test_every_rule_over_several_columns_is_in_the_database_and_tried_here() -> None:
    names = {name for _, name, _, _ in COMPOSITE_FOREIGN_KEYS}
    assert all(callable(getattr(Attempts, name, None)) for name in names)
    assert len(APPEND_ONLY_SQL) == 4


@pytest.mark.django_db
def test_every_rule_over_several_columns_is_valid_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f' AND convalidated")
        present = {name for (name,) in cursor.fetchall()}
    assert {name for _, name, _, _ in COMPOSITE_FOREIGN_KEYS} <= present
