"""What tests of corrected faces have in common: boxes and landmarks on a photograph of 64 by 64 pixels."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from accounts.models import User
from identification.models import Case, Encoder, Face, FaceCorrection, Gallery, Job, Photograph, Probe, Reference
from identification.recognition.types import Box
from identification.services import enrolment, intake
from identification.services.work import run_job
from review.models import Review
from tests import factories

BOX = Box(12, 14, 30, 36)
ELSEWHERE = Box(30, 2, 20, 24)
LANDMARKS = [20.0, 26, 34, 26, 27, 34, 21, 42, 33, 42]
SEEN = replace(factories.FOUND, confidence=0.7)


def photograph_with(actor: User, case: Case, encoder: Encoder, *vectors: np.ndarray) -> Photograph:
    """A photograph of a case in which the detector found a face for each vector."""
    photograph = intake.receive_photograph(actor=actor, file=factories.picture_file(), case=case)
    assert isinstance(photograph, Photograph)
    factories.analysed(photograph, encoder, *vectors)
    return Photograph.objects.get(pk=photograph.pk)


def reference_with(actor: User, gallery: Gallery, encoder: Encoder, *vectors: np.ndarray) -> Reference:
    """A reference in whose photograph the detector found a face for each vector."""
    person = enrolment.enrol_person(actor=actor, gallery=gallery, name="Known")
    reference = enrolment.add_reference(actor=actor, person=person, file=factories.picture_file(), provenance="Test")
    assert isinstance(reference, Reference)
    factories.analysed(reference.photograph, encoder, *vectors)
    return Reference.objects.select_related("photograph").get(pk=reference.pk)


def read(*corrections: FaceCorrection) -> None:
    """Let the worker read what was drawn."""
    for correction in corrections:
        jobs = Job.objects.filter(kind=Job.Kind.PLACE_FACE, subject_id=correction.pk, finished_at__isnull=True)
        run_job(job_id=jobs.get().pk)
        correction.refresh_from_db()


def read_and_searched(correction: FaceCorrection) -> Review:
    """Let the worker read what was drawn and search for its face; return the review that this opens."""
    read(correction)
    probe = Probe.objects.get(face=correction.face)
    run_job(job_id=Job.objects.get(subject_id=probe.pk).pk)
    return Review.objects.get(probe=probe)


def standing(photograph: Photograph) -> Sequence[Face]:
    return list(Face.objects.standing().filter(photograph=photograph).order_by("ordinal"))
