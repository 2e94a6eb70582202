"""What the models say of a photograph, and the rows that keep it."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db.models import Max, Q
from PIL import Image

from identification import imaging, storage
from identification.errors import NotReady
from identification.models import Embedding, Encoder, Face, Photograph
from identification.recognition import runtime
from identification.recognition.detection import Detector
from identification.recognition.quality import Quality, measure
from identification.recognition.types import DetectedFace
from identification.services.closeups import closeup
from identification.services.encoders import active_encoder, model_of
from identification.services.intake import limits

logger = logging.getLogger(__name__)

CROP_SIDE = 320


@dataclass(frozen=True)
class Reading:
    """One face of a photograph: where it lies, how good it is, and its unit vector under each encoder's number."""

    face: DetectedFace
    quality: Quality
    vectors: Mapping[int, np.ndarray]


def open_original(photograph: Photograph) -> Image.Image:
    """Return the photograph upright, in RGB; UnusableImage or OriginalChanged when it can't be used."""
    try:
        return imaging.open_upright(storage.read_original(photograph.sha256), limits=limits())
    except OSError as error:
        # A disk that is away or full is no photograph's fault.
        raise NotReady(f"The original can't be read: {error.strerror or error}") from error


def wanted_encoders() -> list[Encoder]:
    """Return the encoders that a face is embedded by now: the active one, and one in preparation."""
    encoders = list(Encoder.objects.filter(Q(active=True) | Q(preparing=True)).order_by("-active"))
    return encoders if encoders and encoders[0].active else [active_encoder()]


def detector() -> Detector:
    """Return this process's detector."""
    try:
        return runtime.detector(device=settings.DEVICE, threads=settings.RECOGNITION_THREADS)
    except Exception as error:
        raise NotReady(f"The detector can't be loaded here: {error}") from error


def read_faces(image: Image.Image, faces: Sequence[DetectedFace], encoders: Iterable[Encoder]) -> list[Reading]:
    """Measure and embed faces of an upright photograph under each of these encoders."""
    vectors = {encoder.pk: rows for encoder in encoders if (rows := _embedded(encoder, image, faces)) is not None}
    return [
        Reading(face, measure(image, face), {key: rows[number] for key, rows in vectors.items()})
        for number, face in enumerate(faces)
    ]


def _embedded(encoder: Encoder, image: Image.Image, faces: Sequence[DetectedFace]) -> np.ndarray | None:
    """Embed, or None where an encoder in preparation can't: that holds nobody up, and is tried again apart."""
    try:
        return embed(encoder, image, faces)
    except Exception as error:
        if encoder.active:
            raise
        logger.warning("%s is in preparation and has not embedded these faces: %s", encoder, error)
        return None


def embed(encoder: Encoder, image: Image.Image, faces: Sequence[DetectedFace]) -> np.ndarray:
    """Embed by this process's model. That it can't be loaded (NotReady) is no photograph's fault."""
    return model_of(encoder).embed(image, faces)


def save_faces(photograph: Photograph, readings: Sequence[Reading], *, detector: str) -> list[Face]:
    """Write faces with their quality and embeddings; they are numbered on from those that the photograph has."""
    last = Face.objects.filter(photograph=photograph).aggregate(last=Max("ordinal"))["last"] or 0
    faces = [
        Face.from_detected(photograph, ordinal, reading.face, reading.quality, detector)
        for ordinal, reading in enumerate(readings, start=last + 1)
    ]
    Face.objects.bulk_create(faces)
    for face, reading in zip(faces, readings, strict=True):
        save_embeddings(face, reading.vectors)
    return faces


def save_embeddings(face: Face, vectors: Mapping[int, np.ndarray]) -> None:
    """Write a face's vectors, each under its encoder's number; one that is there already stays."""
    rows = [
        Embedding(face=face, encoder_id=encoder_id, dimension=len(vector), vector=vector)
        for encoder_id, vector in vectors.items()
    ]
    Embedding.objects.bulk_create(rows, ignore_conflicts=True)


def write_crop(image: Image.Image, face: Face) -> None:
    """Write the upright crop of a face that people look at, and the large one for comparison."""
    found = face.as_detected()
    crop = imaging.face_crop(image, found, side=CROP_SIDE)
    show(storage.crop_path(face.pk), imaging.derivative(crop, longest_side=CROP_SIDE))
    show(storage.closeup_path(face.pk), closeup(image, found))


def show(path: Path, data: bytes) -> None:
    """Write a derivative."""
    try:
        storage.write_derivative(path, data)
    except OSError as error:
        raise NotReady(f"Derivatives can't be written: {error.strerror or error}") from error
