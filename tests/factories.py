"""Rows that tests need, made by the services where a service makes them."""

import io
from collections.abc import Callable, Sequence
from datetime import date
from itertools import count
from uuid import UUID, uuid4

import numpy as np
from django.core.files.base import ContentFile
from django.db import connection
from django.db.models import Model
from PIL import Image

from accounts.models import User
from identification.models import (
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
    Reference,
    Search,
)
from identification.recognition.types import Box, DetectedFace
from identification.services import enrolment, intake
from identification.services.analysis import _write
from identification.services.jobs import claim_job
from identification.services.work import run_job
from review.models import Assessment, Assignment, Part, Suitability
from review.services import assessment as assessing
from review.services import queue
from review.services.adjudication import give_differing_to_read
from review.services.drafts import compare_section, save_draft
from tests.recognition import DECENT, reading

Vectors = Callable[..., np.ndarray]
BLANK = Image.new("RGB", (64, 64))

_numbers = count()

FOUND = DetectedFace(
    box=Box(10, 10, 40, 40),
    landmarks=((20, 25), (40, 25), (30, 35), (24, 42), (36, 42)),
    roll=0.0,
    found_at=0,
    confidence=0.99,
)


def open_case(actor: User, purpose: Purpose = Purpose.DECEASED) -> Case:
    return intake.open_case(
        actor=actor, purpose=purpose, place="Field", occurred_on=date(2026, 11, 1), authority="Order 1"
    )


def open_gallery(actor: User, name: str, kind: GalleryKind, *purposes: Purpose) -> Gallery:
    return enrolment.open_gallery(actor=actor, name=name, kind=kind, lawful_basis="Order 2", purposes=purposes)


def picture_file(name: str = "photograph.png") -> ContentFile:
    """A file that is a photograph and differs from every other."""
    number = next(_numbers)
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (number % 256, number // 256 % 256, 90)).save(out, "PNG")
    return ContentFile(out.getvalue(), name=name)


def analysed(photograph: Photograph, encoder: Encoder, *vectors: np.ndarray) -> list[Face]:
    """Write what recognition would have found, one face per vector, through the service that writes it."""
    job = claim_job(Job.objects.get(subject_id=photograph.pk).pk)
    assert job is not None
    _write(
        job=job,
        photograph=Photograph.objects.get(pk=photograph.pk),
        image=BLANK,
        encoders=[encoder],
        readings=[reading(FOUND, encoder, vector) for vector in vectors],
        detector="test 1",
    )
    return list(Face.objects.filter(photograph=photograph))


def enrol(actor: User, gallery: Gallery, encoder: Encoder, name: str, *vectors: np.ndarray) -> Person:
    """Enrol a person with one reference per vector."""
    person = enrolment.enrol_person(actor=actor, gallery=gallery, name=name)
    for vector in vectors:
        reference = enrolment.add_reference(
            actor=actor, person=person, file=picture_file(), provenance="Given by the test"
        )
        analysed(reference.photograph, encoder, vector)
    return person


def searched(actor: User, case: Case, encoder: Encoder, vector: np.ndarray) -> Search:
    """Hand in a photograph with one face and run the search that follows."""
    photograph = intake.receive_photograph(actor=actor, file=picture_file(), case=case)
    analysed(photograph, encoder, vector)
    probe = Probe.objects.get(photograph=photograph)
    run_job(job_id=Job.objects.get(subject_id=probe.pk).pk)
    return probe.searches.get()


def embedding_of(face: Face) -> Embedding:
    return Embedding.objects.get(face=face)


def taken(actor: User) -> Assignment:
    """Let somebody take the next review, and return their place in it."""
    assignment = queue.take_next(actor=actor)
    assert assignment is not None, f"nothing waits for {actor}"
    return assignment


def worked_through(
    actor: User,
    *,
    suitability: str = Suitability.SUITABLE,
    retained: Sequence[Person] = (),
    assignment: Assignment | None = None,
    comparing: bool = True,
) -> Assignment:
    """Let somebody take the next review and go as far as the signature, or to where the comparison begins."""
    assignment = assignment or taken(actor)
    assessing.record_analysis(actor=actor, assignment=assignment, suitability=suitability, limitations=[], note="Clear")
    assignment.refresh_from_db()
    if assignment.part == Part.ADJUDICATOR:
        give_differing_to_read(actor=actor, assignment=assignment)
        assignment.refresh_from_db()
    assessing.record_comparison(actor=actor, assignment=assignment, retained=[person.pk for person in retained])
    assignment.refresh_from_db()
    for person in retained if comparing else ():
        compared(assignment, person)
    return assignment


def compared(assignment: Assignment, person: Person) -> None:
    """Keep what somebody says of one retained candidate, as the page of the comparison does."""
    content = {
        "components": {
            "nose": {"probe": True, "candidate": True, "similarity": "similar", "explanation": "", "note": "Bridge"}
        },
        "markers": [{"reference": 1, "number": 1, "probe": [0.5, 0.25], "candidate": [0.5, 0.3], "note": ""}],
        "adjustments": {"probe": {"zoom": 1.25}},
    }
    section = compare_section(person.pk)
    save_draft(actor=assignment.reviewer, assignment=assignment, section=section, content=content)


def signed(
    actor: User, person: Person | None = None, level: int | None = None, *, unsuitable: bool = False
) -> Assessment:
    """Let somebody take the next review and sign: a person (+2 unless told), nobody (-2 unless told), or unsuitable."""
    from tests.conftest import PASSWORD

    return assessing.sign_assessment(
        actor=actor,
        assignment=worked_through(actor, retained=[person] if person else []),
        rationale="Looked at each of them, top to bottom.",
        password=PASSWORD,
        person_id=person.pk if person else None,
        level=usual_level(person, level, unsuitable=unsuitable),
        unsuitable=unsuitable,
    )


def usual_level(person: Person | None, level: int | None, *, unsuitable: bool) -> int | None:
    usual = None if unsuitable else 2 if person else -2
    return usual if level is None else level


def enrol_many(
    actor: User, gallery: Gallery, encoder: Encoder, references: Sequence[Sequence[np.ndarray]]
) -> list[Person]:
    """Enrol one person per sequence of vectors, written in bulk and not by the services."""
    persons = [Person(gallery=gallery, name=f"Person {number}") for number in range(len(references))]
    Person.objects.bulk_create(persons)
    vectors = [(person, vector) for person, some in zip(persons, references, strict=True) for vector in some]
    photographs = [
        Photograph(
            gallery=gallery,
            uploaded_by=actor,
            file_name="r.png",
            sha256=f"{next(_numbers):064x}",
            byte_size=1,
            media_format="PNG",
            width=64,
            height=64,
            state=Photograph.State.ANALYSED,
        )
        for _ in vectors
    ]
    Photograph.objects.bulk_create(photographs)
    faces = [Face.from_detected(photograph, 1, FOUND, DECENT, "test 1") for photograph in photographs]
    Face.objects.bulk_create(faces)
    Embedding.objects.bulk_create(
        Embedding(face=face, encoder=encoder, dimension=encoder.dimension, vector=vector)
        for face, (_, vector) in zip(faces, vectors, strict=True)
    )
    Reference.objects.bulk_create(
        Reference(
            person=person, gallery=gallery, photograph=face.photograph, face=face, provenance="Test", added_by=actor
        )
        for face, (person, _) in zip(faces, vectors, strict=True)
    )
    return persons


def copied_by_sql(row: Model, **changes: object) -> None:
    """Insert a copy of a row with other values in some columns, round models and services."""
    columns = {
        field.column: field.get_db_prep_save(getattr(row, field.attname), connection)
        for field in row._meta.concrete_fields
    }
    if isinstance(row.pk, UUID):
        columns[row._meta.pk.column] = uuid4()
    else:
        del columns[row._meta.pk.column]
    columns |= changes
    names, places = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {row._meta.db_table} ({names}) VALUES ({places})", list(columns.values()))
