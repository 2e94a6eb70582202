"""A search compares everything it may and nothing else, and says how it was done."""

from hashlib import sha256

import numpy as np
import pytest

from accounts.models import User
from audit.models import Entry
from identification.models import (
    Case,
    Embedding,
    Encoder,
    Gallery,
    GalleryKind,
    Job,
    Person,
    Photograph,
    Probe,
    Purpose,
    PurposePolicy,
    Search,
)
from identification.services import enrolment
from identification.services.search import compare_exactly
from identification.services.work import run_job
from review.models import Review
from tests import factories
from tests.factories import Vectors, open_gallery


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
    assert Entry.objects.get(kind="identification:search:run/1").payload["candidates"] == 0


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
    assert (entry.subject_id, entry.purpose) == (str(search.pk), case.purpose)
    assert (entry.actor, entry.leaf["actor_roles"], entry.agency) == (None, [], case.agency)
    assert entry.payload == {
        "case": str(case.pk),
        "probe": str(search.probe_id),
        "requested_by": requester.pk,
        "encoder": str(encoder),
        "face": str(search.face_id),
        "sha256": search.probe.photograph.sha256,
        "embedding_sha256": sha256(np.asarray(search.embedding.vector, "<f2").tobytes()).hexdigest(),
        "weights_sha256": encoder.weights_sha256,
        "galleries": [str(gallery.pk)],
        "gallery_kind": gallery.kind,
        "gallery_sizes": [8],
        "references_sha256": again.references_sha256,
        "gallery_size": 8,
        "persons": 4,
        "method": "exact",
        "list_length": 20,
        "cut_off": "-0.5",
        "settings": search.settings,
        "candidates": 4,
        "candidate_ids": [str(candidate.person_id) for candidate in search.candidates.order_by("rank")],
        "candidate_references": [str(candidate.reference_id) for candidate in search.candidates.order_by("rank")],
        "scores": [repr(candidate.score) for candidate in search.candidates.order_by("rank")],
    }
    assert [float(score) for score in entry.payload["scores"]] == [proposal.score for proposal in again.proposals]


def test_running_a_search_again_adds_a_second_one(
    requester: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors: Vectors
) -> None:
    first = factories.searched(requester, case, encoder, random_vectors())
    factories.enrol(requester, gallery, encoder, "Late", random_vectors())
    job = Job.objects.create(kind=Job.Kind.SEARCH_PROBE, subject_id=first.probe_id)
    run_job(job_id=job.pk)
    assert [search.candidates.count() for search in first.probe.searches.order_by("ran_at")] == [0, 1]
