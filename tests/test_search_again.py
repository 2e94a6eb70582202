"""A search can be run again from its entry alone, and its digest says whether it compares the same references."""

import struct
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from accounts.models import User
from audit.models import Entry
from identification.models import Case, Embedding, Encoder, Gallery, GalleryKind, Purpose, Reference
from identification.services import search
from identification.services.search import Result, compare_exactly
from identification.services.withdrawal import withdraw_reference
from tests import factories
from tests.factories import Vectors


def said_last() -> dict[str, Any]:
    """Return what the entry of the last search says: all that a search is run again from."""
    return Entry.objects.filter(kind="identification:search:run/1").latest("id").payload or {}


def run_again(said: dict[str, Any]) -> Result:
    name, _, version = said["encoder"].partition(" ")
    encoder = Encoder.objects.get(name=name, version=version, weights_sha256=said["weights_sha256"])
    embedding = Embedding.objects.get(face=said["face"], encoder=encoder)
    assert sha256(np.asarray(embedding.vector, "<f2").tobytes()).hexdigest() == said["embedding_sha256"]
    assert (said["method"], said["settings"]["one_candidate_per"]) == ("exact", "person")
    return compare_exactly(
        embedding=embedding,
        galleries=[Gallery(pk=UUID(gallery)) for gallery in said["galleries"]],
        list_length=said["list_length"],
        cut_off=None if said["cut_off"] is None else float(said["cut_off"]),
    )


def reckoned(references: list[Reference]) -> str:
    """Return the digest as its definition says, reckoned without the database."""
    lines = []
    for reference in sorted(references, key=lambda each: each.pk.bytes):
        assert reference.face is not None
        numbers = np.asarray(factories.embedding_of(reference.face).vector, ">f2")
        lines.append(reference.pk.bytes + sha256(struct.pack(">HH", numbers.size, 0) + numbers.tobytes()).digest())
    return sha256(b"".join(lines)).hexdigest()


@pytest.fixture(params=["with a digest known", "in another process"])
def elsewhere(request: pytest.FixtureRequest) -> Callable[[], None]:
    """What the process that runs a search again knows of digests: what this one does, or nothing."""
    search._DIGESTS.clear()
    return search._DIGESTS.clear if request.param == "in another process" else lambda: None


@pytest.fixture
def searched(
    requester: User, administrator: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors: Vectors
) -> dict[str, Any]:
    """What the entry of a search of two galleries says."""
    other = factories.open_gallery(administrator, "Second", GalleryKind.HUMANITARIAN, Purpose(case.purpose))
    factories.enrol_many(requester, gallery, encoder, [[random_vectors(), random_vectors()] for _ in range(30)])
    factories.enrol_many(requester, other, encoder, [[random_vectors()] for _ in range(5)])
    factories.searched(requester, case, encoder, random_vectors())
    return said_last()


def test_search_run_again_from_its_entry_alone_gives_the_same(
    searched: dict[str, Any], elsewhere: Callable[[], None]
) -> None:
    elsewhere()
    again = run_again(searched)
    assert [str(each.person_id) for each in again.proposals] == searched["candidate_ids"]
    assert [str(each.reference_id) for each in again.proposals] == searched["candidate_references"]
    assert [repr(each.score) for each in again.proposals] == searched["scores"]
    assert [again.sizes[gallery] for gallery in searched["galleries"]] == searched["gallery_sizes"]
    assert sorted(searched["gallery_sizes"]) == [5, 60]
    assert (again.references_compared, again.persons_compared) == (searched["gallery_size"], searched["persons"])
    assert again.references_sha256 == searched["references_sha256"]


def test_digest_is_what_its_definition_says(searched: dict[str, Any]) -> None:
    references = list(Reference.objects.filter(gallery__in=searched["galleries"]).select_related("face"))
    assert len(references) == 65
    assert searched["references_sha256"] == reckoned(references)


def test_digest_differs_once_a_reference_is_added_and_is_the_old_one_without_it(
    searched: dict[str, Any], elsewhere: Callable[[], None], requester: User, gallery: Gallery, encoder: Encoder,
    random_vectors: Vectors,
) -> None:  # fmt: skip
    person = factories.enrol(requester, gallery, encoder, "Late", random_vectors())
    elsewhere()
    assert run_again(searched).references_sha256 != searched["references_sha256"]
    withdraw_reference(actor=requester, reference=person.references.get(), reason="Given by mistake.")
    elsewhere()
    assert run_again(searched).references_sha256 == searched["references_sha256"]


def test_digest_differs_once_a_reference_is_withdrawn(
    searched: dict[str, Any], elsewhere: Callable[[], None], requester: User, gallery: Gallery
) -> None:
    withdraw_reference(actor=requester, reference=gallery.references.latest("id"), reason="Of another person.")
    elsewhere()
    again = run_again(searched)
    assert again.references_sha256 != searched["references_sha256"]
    assert again.references_compared == searched["gallery_size"] - 1


@pytest.mark.parametrize("share", [1e-3, -1.0])
def test_digest_differs_once_an_embedding_is_changed(
    searched: dict[str, Any], elsewhere: Callable[[], None], gallery: Gallery, share: float
) -> None:
    """By a thousandth of one number too; and turned back, the digest is the old one."""
    face = gallery.references.latest("id").face_id
    before = Embedding.objects.get(face=face).vector
    changed = np.array(before)
    changed[0] += share
    Embedding.objects.filter(face=face).update(vector=changed)
    elsewhere()
    assert run_again(searched).references_sha256 != searched["references_sha256"]
    Embedding.objects.filter(face=face).update(vector=before)
    elsewhere()
    assert run_again(searched).references_sha256 == searched["references_sha256"]


def test_digest_differs_where_two_references_change_faces(
    searched: dict[str, Any], elsewhere: Callable[[], None], gallery: Gallery
) -> None:
    """The same ids and the same embeddings, each beside the other: another search."""
    first, second = (Embedding.objects.get(face=each.face_id) for each in gallery.references.order_by("id")[:2])
    for embedding, vector in ((first, second.vector), (second, first.vector)):
        Embedding.objects.filter(pk=embedding.pk).update(vector=vector)
    elsewhere()
    assert run_again(searched).references_sha256 != searched["references_sha256"]


def test_galleries_of_nobody_have_the_digest_of_nothing(
    requester: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors: Vectors
) -> None:
    for _ in range(2):
        factories.searched(requester, case, encoder, random_vectors())
        assert said_last()["references_sha256"] == sha256(b"").hexdigest()
        assert (said_last()["gallery_sizes"], said_last()["candidates"]) == ([0], 0)


def test_where_nothing_changed_nothing_is_hashed_again(
    searched: dict[str, Any], django_assert_num_queries: Any
) -> None:
    run_again(searched)
    with django_assert_num_queries(3) as asked:
        run_again(searched)
    assert "halfvec_send" not in asked.captured_queries[-1]["sql"]


def test_process_keeps_few_digests(searched: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_MOST_DIGESTS", 2)
    for galleries in (searched["galleries"], searched["galleries"][:1], searched["galleries"][1:]):
        run_again(searched | {"galleries": galleries})
    assert len(search._DIGESTS) <= 2
