"""A worker turns a photograph into faces and embeddings.

Slow work happens first and outside of any transaction; its results are written in one, together
with the end of the job, so that they are there once or not at all.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import transaction
from PIL import Image

from audit.services import record
from identification import imaging, storage
from identification.errors import NotReady
from identification.models import Embedding, Encoder, Face, Job, Photograph, Reference
from identification.recognition import runtime
from identification.recognition.types import DetectedFace
from identification.services.encoders import active_encoder
from identification.services.intake import limits
from identification.services.jobs import finish_job
from identification.services.probes import keep_probe

CROP_SIDE = 320

Findings = Sequence[tuple[DetectedFace, np.ndarray]]


def analyse_photograph(*, job: Job) -> None:
    """Find the faces in the job's photograph and embed them, or refuse it with a sentence."""
    photograph = Photograph.objects.select_related("case", "gallery").get(pk=job.subject_id)
    try:
        image = imaging.open_upright(storage.read_original(photograph.sha256), limits=limits())
    except imaging.UnusableImage as refusal:
        refuse_photograph(job=job, photograph=photograph, code=refusal.code, reason=str(refusal))
        return
    except OSError as error:
        # A disk that is away or full is no photograph's fault.
        raise NotReady(f"The original can't be read: {error.strerror or error}") from error
    except storage.OriginalChanged as change:
        refuse_photograph(job=job, photograph=photograph, code="original-changed", reason=str(change))
        return
    encoder = active_encoder()
    recognition = _recognition(encoder)
    _write(
        job=job,
        photograph=photograph,
        image=image,
        encoder=encoder,
        findings=recognition.analyse(image),
        detector=f"{recognition.detector.name} {recognition.detector.version}",
    )


def _recognition(encoder: Encoder) -> runtime.Recognition:
    """Return this process's models. That they can't be loaded is no photograph's fault, whatever the reason."""
    try:
        return runtime.get(
            encoder.name, weights_dir=settings.WEIGHTS_DIR, device=settings.DEVICE, threads=settings.RECOGNITION_THREADS
        )
    except Exception as error:
        raise NotReady(f"{encoder} can't be loaded here: {error}") from error


@transaction.atomic
def refuse_photograph(*, job: Job, photograph: Photograph, code: str, reason: str) -> None:
    """End the job with a photograph that can't be used; its original stays as it came."""
    finish_job(job)
    Photograph.objects.filter(pk=photograph.pk).update(state=Photograph.State.REFUSED, reason=reason)
    record(
        kind="identification:photograph:refused/1",
        actor=photograph.uploaded_by,
        subject=photograph,
        payload={"code": code, "bytes": photograph.byte_size, "sha256": photograph.sha256},
    )


@transaction.atomic
def quarantine_photograph(*, job: Job, photograph: Photograph) -> None:
    """Set a photograph aside that ended its workers again and again; the uploader is told."""
    reason = (
        f"Recognition failed {job.attempts} times on this photograph; it is kept as it came. Try it again, or upload "
        "a copy that was saved anew."
    )
    Photograph.objects.filter(pk=photograph.pk).update(state=Photograph.State.QUARANTINED, reason=reason)
    record(
        kind="identification:photograph:quarantined/1",
        actor=photograph.uploaded_by,
        subject=photograph,
        payload={"attempts": job.attempts},
    )


@transaction.atomic
def _write(
    *, job: Job, photograph: Photograph, image: Image.Image, encoder: Encoder, findings: Findings, detector: str
) -> None:
    finish_job(job)
    if not Encoder.objects.filter(pk=encoder.pk, active=True).exists():
        raise NotReady("Another encoder was activated meanwhile; the photograph is analysed again with that one.")
    faces = _save_faces(photograph, encoder, findings, detector)
    _write_derivatives(photograph, image, faces)
    Photograph.objects.filter(pk=photograph.pk).update(
        state=Photograph.State.ANALYSED, width=image.width, height=image.height
    )
    record(
        kind="identification:photograph:analysed/1",
        actor=photograph.uploaded_by,
        subject=photograph,
        payload={"detector": detector, "encoder": str(encoder), "faces": len(faces), "sha256": photograph.sha256},
    )
    if photograph.gallery_id:
        _settle_reference(photograph, faces)
    elif len(faces) == 1:
        # With several faces a person says which of them is asked about.
        keep_probe(face=faces[0])


def _save_faces(photograph: Photograph, encoder: Encoder, findings: Findings, detector: str) -> list[Face]:
    faces = [
        Face.from_detected(photograph, ordinal, found, detector) for ordinal, (found, _) in enumerate(findings, start=1)
    ]
    Face.objects.bulk_create(faces)
    Embedding.objects.bulk_create(
        Embedding(face=face, encoder=encoder, dimension=encoder.dimension, vector=vector)
        for face, (_, vector) in zip(faces, findings, strict=True)
    )
    return faces


def _write_derivatives(photograph: Photograph, image: Image.Image, faces: Sequence[Face]) -> None:
    side = settings.DERIVATIVE_LONGEST_SIDE
    _show(storage.derivative_path(photograph.pk), imaging.derivative(image, longest_side=side))
    for face in faces:
        crop = imaging.face_crop(image, face.as_detected(), side=CROP_SIDE)
        _show(storage.crop_path(face.pk), imaging.derivative(crop, longest_side=CROP_SIDE))


def _show(path: Path, data: bytes) -> None:
    try:
        storage.write_derivative(path, data)
    except OSError as error:
        raise NotReady(f"Derivatives can't be written: {error.strerror or error}") from error


def _settle_reference(photograph: Photograph, faces: Sequence[Face]) -> None:
    """Let a reference take part in searches, if it shows exactly one face."""
    if len(faces) == 1:
        Reference.objects.filter(photograph=photograph).update(face=faces[0])
        return
    found = "No face was found" if not faces else f"{len(faces)} faces were found"
    record(
        kind="identification:reference:refused/1",
        actor=photograph.uploaded_by,
        subject=photograph,
        payload={"code": "not-one-face", "sha256": photograph.sha256},
    )
    Photograph.objects.filter(pk=photograph.pk).update(
        state=Photograph.State.REFUSED,
        reason=f"{found}. A reference shows exactly one person: upload a photograph or a cut-out with one face.",
    )
