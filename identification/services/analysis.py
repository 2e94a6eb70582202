"""A worker turns a photograph into faces and embeddings.

Slow work happens first and outside of any transaction; its results are written in one, together
with the end of the job, so that they are there once or not at all.
"""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from PIL import Image

from audit.services import record
from identification import imaging, storage
from identification.errors import NotReady
from identification.models import Encoder, Job, Photograph
from identification.services.jobs import finish_job
from identification.services.probes import keep_probe
from identification.services.reading import (
    Reading,
    detector,
    open_original,
    read_faces,
    save_faces,
    show,
    wanted_encoders,
    write_crop,
)
from identification.services.reference import settle_reference


def analyse_photograph(*, job: Job) -> None:
    """Find the faces in the job's photograph and embed them, or refuse it with a sentence."""
    photograph = Photograph.objects.with_home().get(pk=job.subject_id)
    try:
        image = open_original(photograph)
    except imaging.UnusableImage as refusal:
        refuse_photograph(job=job, photograph=photograph, code=refusal.code, reason=str(refusal))
        return
    except storage.OriginalChanged as change:
        refuse_photograph(job=job, photograph=photograph, code="original-changed", reason=str(change))
        return
    encoders, found_by = wanted_encoders(), detector()
    _write(
        job=job,
        photograph=photograph,
        image=image,
        encoders=encoders,
        readings=read_faces(image, found_by.detect(image), encoders),
        detector=f"{found_by.name} {found_by.version}",
    )


@transaction.atomic
def refuse_photograph(*, job: Job, photograph: Photograph, code: str, reason: str) -> None:
    """End the job with a photograph that can't be used; its original stays as it came."""
    finish_job(job)
    Photograph.objects.filter(pk=photograph.pk).update(state=Photograph.State.REFUSED, reason=reason)
    record(
        kind="identification:photograph:refused/1",
        actor=None,
        subject=photograph,
        agency=photograph.home.agency,
        payload={
            "code": code,
            "bytes": photograph.byte_size,
            "sha256": photograph.sha256,
            "requested_by": photograph.uploaded_by_id,
        },
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
        actor=None,
        subject=photograph,
        agency=photograph.home.agency,
        payload={"attempts": job.attempts, "requested_by": photograph.uploaded_by_id},
    )


@transaction.atomic
def _write(
    *,
    job: Job,
    photograph: Photograph,
    image: Image.Image,
    encoders: Sequence[Encoder],
    readings: Sequence[Reading],
    detector: str,
) -> None:
    finish_job(job)
    faces = save_faces(photograph, readings, detector=detector)
    # Asked after the embeddings were written: see services/encoders.py, lock_encoders.
    if wanted_encoders() != list(encoders):
        raise NotReady("Another encoder was chosen meanwhile; the photograph is analysed again with that one.")
    show(
        storage.derivative_path(photograph.pk),
        imaging.derivative(image, longest_side=settings.DERIVATIVE_LONGEST_SIDE),
    )
    for face in faces:
        write_crop(image, face)
    Photograph.objects.filter(pk=photograph.pk).update(
        state=Photograph.State.ANALYSED, width=image.width, height=image.height
    )
    record(
        kind="identification:photograph:analysed/1",
        actor=None,
        subject=photograph,
        agency=photograph.home.agency,
        payload={
            "detector": detector,
            "encoder": str(encoders[0]),
            "faces": len(faces),
            "sha256": photograph.sha256,
            "requested_by": photograph.uploaded_by_id,
        },
    )
    if photograph.gallery_id:
        settle_reference(photograph, faces, asked_by=photograph.uploaded_by)
    elif len(faces) == 1:
        # With several faces a person says which of them is asked about.
        keep_probe(face=faces[0])
