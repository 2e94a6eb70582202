"""A review whose pictures are drawn portraits, so that two of them can be laid side by side; no model reads them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.core.files.base import ContentFile
from PIL import Image

from accounts.models import User
from demo.cast import Cast, degrade
from identification.models import Case, Encoder, Face, Gallery, Job, Person, Photograph, Probe
from identification.recognition.types import Box, DetectedFace, roll_of
from identification.services import enrolment, intake
from identification.services.analysis import _write
from identification.services.jobs import claim_job
from identification.services.work import run_job
from review.models import Review
from tests.recognition import reading

# About where a drawn portrait of 480 by 600 pixels has its face, eyes, nose and corners of the mouth.
BOX = Box(140, 140, 184, 240)
POINTS = ((196, 234), (276, 233), (231, 283), (200, 324), (269, 324))


@dataclass(frozen=True)
class Shot:
    """One portrait with its face, where it lies in it."""

    image: Image.Image
    face: DetectedFace


def shot(cast: Cast, index: int, number: int, *, scale: float = 1.0, aside: float = 0.0) -> Shot:
    """Draw a portrait, larger or smaller, its box somewhat aside of the face, as detectors draw them."""
    drawn = cast.photograph(cast.person(index), shot=number)
    image = drawn.resize((round(drawn.width * scale), round(drawn.height * scale)), Image.Resampling.LANCZOS)
    box = Box(BOX.left + aside, BOX.top - aside, BOX.width + aside, BOX.height)
    points = tuple((float(x), float(y)) for x, y in POINTS)
    upright = DetectedFace(box, points, roll_of(points), 0, 0.99)  # type: ignore[arg-type]
    return Shot(image, upright.scaled(scale))


def read_as(photograph: Photograph, encoder: Encoder, taken: Shot, vector: np.ndarray) -> Face:
    """Write what recognition would have found: this one face."""
    job = claim_job(Job.objects.get(subject_id=photograph.pk).pk)
    assert job is not None
    _write(
        job=job,
        photograph=Photograph.objects.get(pk=photograph.pk),
        image=taken.image,
        encoders=[encoder],
        readings=[reading(taken.face, encoder, vector)],
        detector="test 1",
    )
    return Face.objects.get(photograph=photograph)


def file_of(taken: Shot) -> ContentFile:
    out = io.BytesIO(degrade.to_jpeg(taken.image))
    # Something of its own behind the picture's end, so that no two files are the same.
    return ContentFile(out.getvalue() + np.random.default_rng().bytes(8), name="portrait.jpg")


def enrolled(
    actor: User, gallery: Gallery, encoder: Encoder, shots: Sequence[Shot], vectors: Sequence[np.ndarray]
) -> Person:
    """Enrol one person with a reference per portrait."""
    person = enrolment.enrol_person(actor=actor, gallery=gallery, name="Fictional Person")
    for taken, vector in zip(shots, vectors, strict=True):
        reference = enrolment.add_reference(actor=actor, person=person, file=file_of(taken), provenance="Drawn")
        read_as(reference.photograph, encoder, taken, vector)
    return person


def review_of(actor: User, case: Case, encoder: Encoder, taken: Shot, vector: np.ndarray) -> Review:
    """Hand in a portrait and run the search that follows; its review is open."""
    photograph = intake.receive_photograph(actor=actor, file=file_of(taken), case=case)
    read_as(photograph, encoder, taken, vector)  # type: ignore[arg-type]
    probe = Probe.objects.get(photograph=photograph)
    run_job(job_id=Job.objects.get(subject_id=probe.pk).pk)
    return probe.searches.get().review
