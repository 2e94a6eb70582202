"""Candidates are proposed: an exact search of the permitted galleries.

pgvector's distance stays in this module; what leaves it is the comparison score, which rises with similarity.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import connection, transaction

from audit.services import record
from identification.errors import NotReady, NotSearchable
from identification.models import Candidate, Embedding, Encoder, Gallery, Job, Probe, PurposePolicy, Search
from identification.models import SearchedGallery as Searched
from identification.selectors import permitted_galleries
from identification.services.encoders import active_encoder
from identification.services.jobs import finish_job
from identification.services.standing import still_stands
from identification.signals import search_ran

# Every reference is compared (a sequential scan, no index that could miss one); the nearest reference
# stands for its person. Ties go by person, so that the same search gives the same list. What is said of all that was
# compared comes from the same pass, so that it is of the same moment, and also where nobody is proposed.
# `version` changes with each row that comes, goes or is written anew: where it stands and which transaction wrote it.
_EXACT = """
WITH compared AS MATERIALIZED (
    SELECT person.id AS person_id, person.gallery_id, reference.id AS reference_id, reference.face_id,
           embedding.id AS embedding_id, {sha256} AS embedding_sha256,
           hashtextextended(reference.id::text || embedding.ctid::text || embedding.xmin::text, 0) AS version,
           1 - (embedding.vector <=> (SELECT vector FROM identification_embedding WHERE id = %(embedding)s)) AS score
    FROM identification_reference AS reference
    JOIN identification_person AS person ON person.id = reference.person_id
    JOIN identification_embedding AS embedding
      ON embedding.face_id = reference.face_id AND embedding.encoder_id = %(encoder)s
    WHERE person.gallery_id = ANY(%(galleries)s) AND reference.withdrawn_at IS NULL
), nearest AS MATERIALIZED (
    SELECT DISTINCT ON (person_id) * FROM compared ORDER BY person_id, score DESC, reference_id
), proposed AS (
    SELECT person_id, gallery_id, reference_id, face_id, embedding_id, score FROM nearest
    WHERE %(cut_off)s::float8 IS NULL OR score >= %(cut_off)s::float8
    ORDER BY score DESC, person_id LIMIT %(list_length)s
), sizes AS (
    SELECT gallery_id, count(*) AS number FROM compared GROUP BY gallery_id
), everything AS (
    SELECT (SELECT count(*) FROM compared) AS references_compared,
           (SELECT count(*) FROM nearest) AS persons_compared,
           (SELECT coalesce(jsonb_object_agg(gallery_id, number), '{{}}') FROM sizes) AS sizes,
           (SELECT count(*) || ' ' || coalesce(sum(version), 0) FROM compared) AS version,
           {digest} AS references_sha256
)
SELECT everything.*, proposed.* FROM everything LEFT JOIN proposed ON true ORDER BY score DESC, person_id
"""
_HASHED = {
    "sha256": "sha256(halfvec_send(embedding.vector))",
    "digest": (
        "(SELECT encode(sha256(coalesce(string_agg(uuid_send(reference_id) || embedding_sha256, ''::bytea"
        " ORDER BY reference_id), '')), 'hex') FROM compared)"
    ),
}
_UNHASHED = {"sha256": "NULL::bytea", "digest": "NULL::text"}
# Of the galleries that this process searched last, by encoder: the version of what is in them, and its digest.
_DIGESTS: dict[tuple[int, tuple[UUID, ...]], tuple[str, str]] = {}
_MOST_DIGESTS = 100


@dataclass(frozen=True)
class Proposal:
    """One person proposed, by the nearest of their references; score is a cosine similarity."""

    person_id: UUID
    gallery_id: UUID
    reference_id: UUID
    face_id: UUID
    embedding_id: int
    score: float


@dataclass(frozen=True)
class Result:
    """What a search found, and in which references: how many, of how many persons, of each gallery; and their digest.

    `references_sha256` is the SHA-256 over 48 bytes for each reference that was compared, in the order of their ids:
    the 16 bytes of its id and the SHA-256 of its embedding. An embedding is hashed as pgvector sends it: its dimension
    and 0 as 16-bit numbers, then its numbers in half precision, all big-endian.
    """

    proposals: list[Proposal]
    references_compared: int
    persons_compared: int
    sizes: dict[str, int]
    references_sha256: str


@transaction.atomic
def search_probe(*, job: Job) -> Search | None:
    """Search for the job's probe and keep the list, also an empty one; nobody looks for a face that was replaced."""
    finish_job(job)
    probe = Probe.objects.select_related("case__agency", "face", "photograph").get(pk=job.subject_id)
    if not still_stands(probe.face):
        return None
    encoder, policy = active_encoder(), PurposePolicy.objects.get(pk=probe.case.purpose)
    embedding = _embedding_of(probe, encoder)
    galleries = list(permitted_galleries(probe.case))
    result = compare_exactly(
        embedding=embedding, galleries=galleries, list_length=policy.list_length, cut_off=settings.SEARCH_CUT_OFF
    )
    search = _keep(probe, embedding, galleries, policy.list_length, result)
    _record(search, result, galleries)
    search_ran.send(sender=Search, search=search)
    return search


def _embedding_of(probe: Probe, encoder: Encoder) -> Embedding:
    embedding = Embedding.objects.select_related("encoder").filter(face=probe.face_id, encoder=encoder).first()
    if embedding is None:
        given_up = Job.objects.filter(kind=Job.Kind.EMBED_FACE, subject_id=probe.face_id, state=Job.State.QUARANTINED)
        if given_up.exists():
            raise NotSearchable(f"The face of this probe could not be embedded by {encoder}.")
        raise NotReady(f"The face of this probe has not been embedded by {encoder} yet.")
    return embedding


def compare_exactly(
    *, embedding: Embedding, galleries: list[Gallery], list_length: int, cut_off: float | None
) -> Result:
    """Compare one embedding with every reference of the galleries that its encoder has embedded.

    Hashing them all takes several times as long as comparing them, so it is done where something has changed since
    this process did it last; then in the same statement as the comparison, which is made anew.
    """
    parameters: dict[str, Any] = {
        "embedding": embedding.pk,
        "encoder": embedding.encoder_id,
        "galleries": [gallery.pk for gallery in galleries],
        "cut_off": cut_off,
        "list_length": list_length,
    }
    searched = (embedding.encoder_id, tuple(sorted(parameters["galleries"])))
    if searched in _DIGESTS:
        version, result = _compared(parameters, digest=_DIGESTS[searched][1])
        if version == _DIGESTS[searched][0]:
            return result
    version, result = _compared(parameters)
    if len(_DIGESTS) >= _MOST_DIGESTS:
        _DIGESTS.clear()
    _DIGESTS[searched] = version, result.references_sha256
    return result


def _compared(parameters: dict[str, Any], digest: str = "") -> tuple[str, Result]:
    """Return the version of what was compared, and the result; with its digest unless one is given."""
    with connection.cursor() as cursor:
        cursor.execute(_EXACT.format(**_UNHASHED if digest else _HASHED), parameters)
        rows = cursor.fetchall()
    references, persons, sizes, version, made = rows[0][:5]
    proposals = [Proposal(*row[5:]) for row in rows if row[5] is not None]
    return version, Result(proposals, references, persons, json.loads(sizes), digest or made)


def _keep(probe: Probe, embedding: Embedding, galleries: list[Gallery], list_length: int, result: Result) -> Search:
    search = Search.objects.create(
        probe=probe,
        case=probe.case,
        agency=probe.case.agency,
        face_id=probe.face_id,
        gallery_kind=probe.case.gallery_kind,
        encoder=embedding.encoder,
        embedding=embedding,
        method=Search.Method.EXACT,
        list_length=list_length,
        cut_off=settings.SEARCH_CUT_OFF,
        gallery_size=result.references_compared,
        persons_compared=result.persons_compared,
        settings={"score": "cosine similarity", "precision": "half", "one_candidate_per": "person"},
    )
    Searched.objects.bulk_create(
        Searched(search=search, gallery=gallery, gallery_kind=gallery.kind, agency_id=gallery.agency_id)
        for gallery in galleries
    )
    Candidate.objects.bulk_create(
        Candidate(
            search=search,
            rank=rank,
            person_id=proposal.person_id,
            gallery_id=proposal.gallery_id,
            reference_id=proposal.reference_id,
            face_id=proposal.face_id,
            encoder=embedding.encoder,
            embedding_id=proposal.embedding_id,
            score=proposal.score,
        )
        for rank, proposal in enumerate(result.proposals, start=1)
    )
    return search


def _sha256_of(embedding: Embedding) -> str:
    """Return the hash of an embedding: of its numbers in half precision, little-endian, as PostgreSQL keeps them."""
    return hashlib.sha256(np.asarray(embedding.vector, dtype="<f2").tobytes()).hexdigest()


def _record(search: Search, result: Result, galleries: list[Gallery]) -> None:
    """Record what the EU AI Act, Article 12(3), asks for: what was searched, with what input, and what came of it.

    A worker searches, so nobody acts; who asked has an entry of their own (audit/uses.py).
    """
    record(
        kind="identification:search:run/1",
        actor=None,
        subject=search,
        agency=search.agency,
        purpose=search.case.purpose,
        payload={
            "case": str(search.case_id),
            "probe": str(search.probe_id),
            "requested_by": search.probe.requested_by_id,
            "face": str(search.face_id),
            "sha256": search.probe.photograph.sha256,
            "embedding_sha256": _sha256_of(search.embedding),
            "encoder": str(search.encoder),
            "weights_sha256": search.encoder.weights_sha256,
            "galleries": [str(gallery.pk) for gallery in galleries],
            "gallery_kind": search.gallery_kind,
            "gallery_sizes": [result.sizes.get(str(gallery.pk), 0) for gallery in galleries],
            "references_sha256": result.references_sha256,
            "gallery_size": search.gallery_size,
            "persons": search.persons_compared,
            "method": search.method,
            "list_length": search.list_length,
            "cut_off": None if search.cut_off is None else str(search.cut_off),
            "settings": search.settings,
            "candidates": len(result.proposals),
            "candidate_ids": [str(proposal.person_id) for proposal in result.proposals],
            "candidate_references": [str(proposal.reference_id) for proposal in result.proposals],
            # The shortest decimal numbers that are these scores and no others.
            "scores": [repr(proposal.score) for proposal in result.proposals],
        },
    )
