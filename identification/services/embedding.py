"""Faces catch up: each is embedded by every encoder that is wanted, in the background, however often it is interrupted.

What is missing is asked of the database at each round, so nothing has to be remembered: a killed worker or scheduler
costs time alone.
"""

import numpy as np
from django.conf import settings
from django.db import transaction

from identification import storage
from identification.encoder_standing import faces_without, next_to_embed
from identification.errors import IdentificationError, NotReady
from identification.models import Embedding, Encoder, Face, Job
from identification.services.encoders import complete_preparation
from identification.services.jobs import call_worker, finish_job
from identification.services.reading import embed, open_original, save_embeddings, wanted_encoders

# Enough to keep workers busy until the next round; new photographs and searches go first all the same.
OPEN_AT_ONCE = 300


class OriginalMissing(IdentificationError):
    """The photograph of a face is gone, so it can't be embedded anew."""


def tend_embeddings() -> int:
    """Let a complete encoder take over, and owe embeddings for faces that lack one; return how many were added."""
    complete_preparation()
    wanted = Encoder.objects.filter(active=True) | Encoder.objects.filter(preparing=True)
    return sum(_owe_embeddings(encoder) for encoder in wanted.order_by("-active"))


@transaction.atomic
def _owe_embeddings(encoder: Encoder) -> int:
    if not faces_without(encoder).exists():
        return 0
    room = OPEN_AT_ONCE - Job.objects.unfinished().filter(kind=Job.Kind.EMBED_FACE).count()
    if room <= 0:
        return 0
    jobs = [Job(kind=Job.Kind.EMBED_FACE, subject_id=face_id) for face_id in next_to_embed(encoder, room)]
    # Another scheduler may have owed the same ones; a worker that is called for one that isn't there does nothing.
    Job.objects.bulk_create(jobs, ignore_conflicts=True)
    for job in jobs:
        transaction.on_commit(lambda job=job: call_worker(job.pk, later=True), robust=True)  # type: ignore[misc]
    return len(jobs)


def embed_face(*, job: Job) -> None:
    """Embed the job's face, as it is stored, by every wanted encoder that hasn't yet."""
    face = Face.objects.select_related("photograph").get(pk=job.subject_id)
    there = set(Embedding.objects.filter(face=face).values_list("encoder_id", flat=True))
    lacking = [encoder for encoder in wanted_encoders() if encoder.pk not in there]
    vectors = _vectors(face, lacking) if lacking else {}
    _keep(job=job, face=face, vectors=vectors)


def _vectors(face: Face, encoders: list[Encoder]) -> dict[int, np.ndarray]:
    if not storage.original_path(face.photograph.sha256).exists():
        if not (settings.MEDIA_ROOT / "originals").is_dir():
            raise NotReady("The folder of originals isn't there: the disk may be away.")
        raise OriginalMissing("The original of this face's photograph is missing. Restore it from a backup.")
    image, found = open_original(face.photograph), [face.as_detected()]
    return {encoder.pk: embed(encoder, image, found)[0] for encoder in encoders}


@transaction.atomic
def _keep(*, job: Job, face: Face, vectors: dict[int, np.ndarray]) -> None:
    finish_job(job)
    save_embeddings(face, vectors)
    # Asked after the embeddings were written: see services/encoders.py, lock_encoders.
    if not vectors.keys() <= {encoder.pk for encoder in wanted_encoders()}:
        raise NotReady("Another encoder was chosen meanwhile.")
