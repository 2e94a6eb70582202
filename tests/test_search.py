"""A search compares everything it may and nothing else, says how it was done, and can't be changed or forged."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from django.db import DatabaseError, connection

from accounts.models import Agency, User
from audit.models import Entry
from identification.constraints import APPEND_ONLY_SQL, COMPOSITE_FOREIGN_KEYS
from identification.models import (
    Candidate,
    Case,
    Embedding,
    Encoder,
    Face,
    Gallery,
    GalleryKind,
    Job,
    Person,
    Photograph,
    Probe,
    Purpose,
    PurposePolicy,
    Reference,
    Search,
    SearchedGallery,
)
from identification.recognition.encoders import SHIPPED
from identification.services import enrolment, intake
from identification.services.search import compare_exactly
from identification.services.work import run_job
from review.models import Review
from tests import factories

Vectors = Callable[..., np.ndarray]


@pytest.fixture
def other_encoder(db: None) -> Encoder:
    """Installed, though not the active one."""
    spec = SHIPPED["facenet-vggface2"]
    return Encoder.objects.create(name=spec.name, version=spec.version, dimension=spec.dimension)


def open_gallery(actor: User, name: str, kind: GalleryKind, *purposes: Purpose) -> Gallery:
    return enrolment.open_gallery(actor=actor, name=name, kind=kind, lawful_basis="Order 2", purposes=purposes)


def near(vector: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """A unit vector between the two, nearer to the first the smaller the share."""
    mixed = vector * (1 - share) + other * share
    return (mixed / np.linalg.norm(mixed)).astype(np.float32)


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    """The comparison score of two vectors as they are stored, in half precision."""
    a, b = first.astype(np.float16).astype(np.float64), second.astype(np.float16).astype(np.float64)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def listed(search: Search) -> list[Person]:
    return [candidate.person for candidate in search.candidates.select_related("person").order_by("rank")]


# What is proposed


@pytest.mark.parametrize("list_length", [1, 20, 50])
def test_exact_search_equals_brute_force(
    requester: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors: Vectors, list_length: int
) -> None:
    PurposePolicy.objects.filter(purpose=case.purpose).update(list_length=list_length)
    vectors = [[random_vectors() for _ in range(1 + number % 2)] for number in range(200)]
    assert sum(map(len, vectors)) == 300
    persons = factories.enrol_many(requester, gallery, encoder, vectors)
    probe = random_vectors()
    scores = {person.pk: max(cosine(probe, v) for v in some) for person, some in zip(persons, vectors, strict=True)}
    expected = sorted(scores, key=lambda pk: -scores[pk])[:list_length]

    search = factories.searched(requester, case, encoder, probe)
    found = list(search.candidates.order_by("rank"))
    assert [candidate.rank for candidate in found] == list(range(1, list_length + 1))
    assert [candidate.person_id for candidate in found] == expected
    for candidate in found:
        assert candidate.score == pytest.approx(scores[candidate.person_id], abs=1e-3)
    assert (search.gallery_size, search.persons_compared) == (300, 200)


def test_several_references_of_a_person_give_one_candidate_by_the_nearest(
    requester: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors: Vectors
) -> None:
    probe, far, other = random_vectors(), random_vectors(), random_vectors()
    person = factories.enrol(requester, gallery, encoder, "Many", near(probe, far, 0.5), near(probe, far, 0.1), far)
    factories.enrol(requester, gallery, encoder, "One", other)
    search = factories.searched(requester, case, encoder, probe)
    assert [candidate.person.name for candidate in search.candidates.order_by("rank")] == ["Many", "One"]
    candidate = search.candidates.get(person=person)
    nearest = person.references.order_by("added_at")[1]
    assert candidate.reference == nearest
    assert candidate.embedding.face == nearest.face
    assert candidate.score == pytest.approx(cosine(probe, near(probe, far, 0.1)), abs=1e-3)
    assert (search.gallery_size, search.persons_compared) == (4, 2)


def test_list_is_twenty_by_default_and_as_long_as_the_policy_says(
    requester: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors: Vectors
) -> None:
    factories.enrol_many(requester, gallery, encoder, [[random_vectors()] for _ in range(60)])
    assert factories.searched(requester, case, encoder, random_vectors()).candidates.count() == 20
    PurposePolicy.objects.filter(purpose=case.purpose).update(list_length=7)
    search = factories.searched(requester, case, encoder, random_vectors())
    assert (search.candidates.count(), search.list_length) == (7, 7)


def test_cut_off_leaves_out_what_scores_lower(
    requester: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors: Vectors, settings
) -> None:
    probe, other = random_vectors(), random_vectors()
    vectors = [near(probe, other, share) for share in (0.05, 0.2, 0.35, 0.6, 0.9)]
    persons = factories.enrol_many(requester, gallery, encoder, [[vector] for vector in vectors])
    settings.SEARCH_CUT_OFF = cosine(probe, vectors[2]) - 0.01
    search = factories.searched(requester, case, encoder, probe)
    assert listed(search) == persons[:3]
    assert search.cut_off == settings.SEARCH_CUT_OFF
    assert (search.gallery_size, search.persons_compared) == (5, 5), "those left out were compared too"


def test_equal_scores_are_always_listed_in_the_same_order(
    requester: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors: Vectors
) -> None:
    same, probe = random_vectors(), random_vectors()
    PurposePolicy.objects.filter(purpose=case.purpose).update(list_length=10)
    persons = factories.enrol_many(requester, gallery, encoder, [[same, same] for _ in range(30)])
    lists = [factories.searched(requester, case, encoder, probe) for _ in range(3)]
    expected = sorted(persons, key=lambda person: person.pk)[:10]
    for search in lists:
        assert listed(search) == expected
    references = [list(search.candidates.order_by("rank").values_list("reference", flat=True)) for search in lists]
    assert references[0] == references[1] == references[2]


def test_empty_list_is_kept_and_opens_no_review(
    requester: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors: Vectors, settings
) -> None:
    settings.SEARCH_CUT_OFF = 0.99
    factories.enrol_many(requester, gallery, encoder, [[random_vectors()] for _ in range(3)])
    search = factories.searched(requester, case, encoder, random_vectors())
    assert not search.candidates.exists()
    assert (search.gallery_size, search.persons_compared) == (3, 3)
    assert not Review.objects.exists()
    assert json.loads(Entry.objects.get(kind="identification:search:run/1").canonical)["payload"]["candidates"] == 0


def test_list_with_a_candidate_opens_one_review(
    requester: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors: Vectors
) -> None:
    factories.enrol(requester, gallery, encoder, "One", random_vectors())
    search = factories.searched(requester, case, encoder, random_vectors())
    assert Review.objects.get().search == search


def test_case_without_a_permitted_gallery_gets_an_empty_list(
    requester: User, case: Case, encoder: Encoder, random_vectors: Vectors
) -> None:
    search = factories.searched(requester, case, encoder, random_vectors())
    assert not search.galleries.exists()
    assert (search.gallery_size, search.candidates.count()) == (0, 0)


def test_reference_without_exactly_one_face_takes_no_part(
    requester: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors: Vectors
) -> None:
    person = enrolment.enrol_person(actor=requester, gallery=gallery, name="Unclear")
    for vectors in ([], [random_vectors(), random_vectors()]):
        reference = enrolment.add_reference(
            actor=requester, person=person, file=factories.picture_file(), provenance="Test"
        )
        factories.analysed(reference.photograph, encoder, *vectors)
        reference.refresh_from_db()
        assert reference.face is None
        assert reference.photograph.state == Photograph.State.REFUSED
        assert "exactly one person" in reference.photograph.reason
    search = factories.searched(requester, case, encoder, random_vectors())
    assert (search.gallery_size, search.candidates.count()) == (0, 0)
    assert Probe.objects.count() == 1, "a face in a gallery's photograph is never a probe"


# Where is searched


def test_only_galleries_of_the_own_agency_kind_and_purpose_are_searched(
    requester: User, administrator: User, outsider: User, gallery: Gallery, encoder: Encoder, random_vectors: Vectors
) -> None:
    humanitarian, incident = GalleryKind.HUMANITARIAN, GalleryKind.INCIDENT
    second = open_gallery(administrator, "Second", humanitarian, Purpose.DECEASED)
    for actor, name, kind, purpose in (
        (outsider, "Another agency's", humanitarian, Purpose.DECEASED),
        (administrator, "Another purpose", humanitarian, Purpose.MISSING),
        (administrator, "Another kind", incident, Purpose.INCIDENT),
    ):
        unlawful = open_gallery(actor, name, kind, purpose)
        factories.enrol_many(actor, unlawful, encoder, [[random_vectors()]])
    vector = random_vectors()
    Embedding.objects.update(vector=vector)  # everybody there is the best of candidates
    allowed = [
        factories.enrol_many(administrator, lawful, encoder, [[random_vectors()]])[0] for lawful in (gallery, second)
    ]
    search = factories.searched(requester, factories.open_case(requester), encoder, vector)
    assert set(listed(search)) == set(allowed)
    assert set(search.galleries.all()) == {gallery, second}
    assert search.gallery_size == 2


def test_incident_case_searches_incident_galleries_alone(
    requester: User, administrator: User, gallery: Gallery, encoder: Encoder, random_vectors: Vectors
) -> None:
    suspects = open_gallery(administrator, "Incident", GalleryKind.INCIDENT, Purpose.INCIDENT)
    factories.enrol_many(administrator, gallery, encoder, [[random_vectors()]])
    (person,) = factories.enrol_many(administrator, suspects, encoder, [[random_vectors()]])
    case = factories.open_case(requester, Purpose.INCIDENT)
    search = factories.searched(requester, case, encoder, random_vectors())
    assert listed(search) == [person]
    assert search.gallery_kind == GalleryKind.INCIDENT
    assert list(search.galleries.all()) == [suspects]


def test_embeddings_of_another_encoder_are_not_compared(
    requester: User,
    case: Case,
    gallery: Gallery,
    encoder: Encoder,
    other_encoder: Encoder,
    random_vectors: Vectors,
) -> None:
    factories.enrol_many(requester, gallery, other_encoder, [[random_vectors(512)] for _ in range(3)])
    (person,) = factories.enrol_many(requester, gallery, encoder, [[random_vectors()]])
    search = factories.searched(requester, case, encoder, random_vectors())
    assert listed(search) == [person]
    assert search.gallery_size == 1


# What is recorded


def test_search_records_all_that_is_needed_to_run_it_again(
    requester: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors: Vectors, settings
) -> None:
    settings.SEARCH_CUT_OFF = -0.5
    factories.enrol_many(requester, gallery, encoder, [[random_vectors(), random_vectors()] for _ in range(4)])
    search = factories.searched(requester, case, encoder, random_vectors())
    search.refresh_from_db()
    assert (search.encoder, search.method, search.list_length, search.cut_off) == (encoder, "exact", 20, -0.5)
    assert (search.gallery_kind, list(search.galleries.all())) == ("humanitarian", [gallery])
    assert (search.gallery_size, search.persons_compared) == (8, 4)
    assert search.settings == {"score": "cosine similarity", "precision": "half", "one_candidate_per": "person"}
    assert search.embedding.face == search.face == search.probe.face
    again = compare_exactly(
        embedding=search.embedding, galleries=[gallery], list_length=search.list_length, cut_off=search.cut_off
    )
    assert [p.person_id for p in again.proposals] == [person.pk for person in listed(search)]
    entry = Entry.objects.get(kind="identification:search:run/1")
    assert (entry.subject_id, entry.actor, entry.purpose) == (str(search.pk), requester, case.purpose)
    assert json.loads(entry.canonical)["payload"] == {
        "case": str(case.pk),
        "probe": str(search.probe_id),
        "encoder": str(encoder),
        "galleries": [str(gallery.pk)],
        "gallery_size": 8,
        "persons": 4,
        "method": "exact",
        "list_length": 20,
        "cut_off": "-0.5",
        "settings": search.settings,
        "candidates": 4,
    }


def test_running_a_search_again_adds_a_second_one(
    requester: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors: Vectors
) -> None:
    first = factories.searched(requester, case, encoder, random_vectors())
    factories.enrol(requester, gallery, encoder, "Late", random_vectors())
    job = Job.objects.create(kind=Job.Kind.SEARCH_PROBE, subject_id=first.probe_id)
    run_job(job_id=job.pk)
    assert [search.candidates.count() for search in first.probe.searches.order_by("ran_at")] == [0, 1]


# Round the services with plain SQL


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
        face = Face.from_detected(photograph, 1, factories.FOUND, "test 1")
        face.save()
        return face

    def forge(self, **changes: object) -> None:
        """Add a candidate for somebody who was searched too and stands in no list yet."""
        factories.copied_by_sql(self.candidate, **({"rank": 40} | self.naming(self.late()) | changes))

    def late(self) -> Reference:
        """The reference of somebody who was enrolled after the search."""
        vector = np.eye(128, dtype=np.float32)[0]
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
    wrong = Embedding(vector=random_vectors(64), face=attempts.new_face(), encoder=embedding.encoder, dimension=128)
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
    with pytest.raises(DatabaseError, match="search_keeps_the_cases_gallery_kind"):
        Case.objects.filter(pk=attempts.case.pk).update(purpose="incident", gallery_kind="incident")


def test_gallery_does_not_change_sides_after_it_was_searched(attempts: Attempts) -> None:
    with pytest.raises(DatabaseError, match="searched_gallery_kind_is_the_gallerys"):
        Gallery.objects.filter(pk=attempts.searched.gallery_id).update(kind="incident", purposes=["incident"])


@pytest.mark.parametrize("model", [Search, SearchedGallery, Candidate])
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
    assert len(APPEND_ONLY_SQL) == 3


@pytest.mark.django_db
def test_every_rule_over_several_columns_is_valid_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f' AND convalidated")
        present = {name for (name,) in cursor.fetchall()}
    assert {name for _, name, _, _ in COMPOSITE_FOREIGN_KEYS} <= present
