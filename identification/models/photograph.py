"""Photographs as they came, what is shown of them, and the faces found in them."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from pgvector.django import HalfVectorField

from identification.models.case import Case
from identification.models.encoder import Encoder
from identification.models.gallery import Gallery
from identification.recognition import quality as measuring
from identification.recognition.quality import Quality
from identification.recognition.types import Box, DetectedFace


class PhotographQuerySet(models.QuerySet["Photograph"]):
    """Photographs with what is told of them."""

    def with_home(self) -> "PhotographQuerySet":
        """Photographs with their case or gallery, its agency, and who added them."""
        return self.select_related("case__agency", "gallery__agency", "uploaded_by")


class Photograph(models.Model):
    """One file, kept byte for byte under its SHA-256; what people see is a derivative.

    It belongs to a case (a probe may come from it) or to a gallery (it is a reference), never to both.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        ANALYSED = "analysed", "Analysed"
        REFUSED = "refused", "Refused"
        QUARANTINED = "quarantined", "Set aside"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="photographs")
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT, null=True, related_name="photographs")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="photographs")
    received_at = models.DateTimeField(auto_now_add=True)
    file_name = models.CharField(max_length=255, help_text="As the sender named it.")
    sha256 = models.CharField(max_length=64)
    byte_size = models.PositiveBigIntegerField(validators=[MinValueValidator(1)])
    media_format = models.CharField(max_length=10)
    width = models.PositiveIntegerField(help_text="Pixels, upright.")
    height = models.PositiveIntegerField(help_text="Pixels, upright.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it was refused or set aside, and what to do.")

    objects = PhotographQuerySet.as_manager()

    class Meta:
        ordering = ("received_at", "file_name")
        constraints = (
            models.CheckConstraint(
                condition=Q(case__isnull=False, gallery__isnull=True) | Q(case__isnull=True, gallery__isnull=False),
                name="photograph_in_a_case_or_a_gallery",
            ),
            models.UniqueConstraint(fields=("case", "sha256"), name="photograph_once_per_case"),
            models.UniqueConstraint(fields=("gallery", "sha256"), name="photograph_once_per_gallery"),
            models.UniqueConstraint(fields=("id", "uploaded_by"), name="photograph_with_uploader"),
            models.UniqueConstraint(fields=("id", "case"), name="photograph_with_case"),
            models.UniqueConstraint(fields=("id", "gallery"), name="photograph_with_gallery"),
            models.CheckConstraint(
                condition=Q(state__in=("refused", "quarantined")) ^ Q(reason=""), name="photograph_refusal_has_a_reason"
            ),
        )

    def __str__(self) -> str:
        return self.file_name

    @property
    def home(self) -> Case | Gallery:
        """The case or the gallery that it belongs to."""
        home = self.case or self.gallery
        assert home is not None
        return home

    @property
    def agency_id(self) -> int:
        """The agency that holds this photograph."""
        return self.home.agency_id


class RefusedFile(models.Model):
    """A file that was handed in and can't be a photograph here; its bytes are not kept, the fact is."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="refused_files")
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT, null=True, related_name="refused_files")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField(auto_now_add=True)
    file_name = models.CharField(max_length=255)
    byte_size = models.PositiveBigIntegerField()
    code = models.SlugField(max_length=40)
    reason = models.CharField(max_length=300)

    class Meta:
        ordering = ("received_at",)

    def __str__(self) -> str:
        return f"{self.file_name}: {self.reason}"


class FaceQuerySet(models.QuerySet["Face"]):
    """Faces by whether they still count."""

    def standing(self) -> "FaceQuerySet":
        """Faces that nobody has replaced or taken away."""
        return self.filter(correction__isnull=True)


class Face(models.Model):
    """A face that the detector found or a person placed, in pixels of the upright photograph."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    photograph = models.ForeignKey(Photograph, on_delete=models.PROTECT, related_name="faces")
    ordinal = models.PositiveSmallIntegerField(help_text="In reading order, from 1.")
    left = models.FloatField()
    top = models.FloatField()
    width = models.FloatField()
    height = models.FloatField()
    landmarks = ArrayField(
        models.FloatField(), size=10, help_text="x, y of left eye, right eye, nose, left and right corner of the mouth."
    )
    roll = models.FloatField(help_text="Degrees clockwise from upright, in (-180, 180].")
    found_at = models.PositiveSmallIntegerField(help_text="The turn of the photograph in which it was found, degrees.")
    confidence = models.FloatField(help_text="The detector's, from 0 to 1.")
    detector = models.CharField(max_length=60, help_text="Or by whom the landmarks were placed.")
    quality = models.FloatField(null=True, help_text="All measures in one, from 0 to 100; higher is better.")
    measures = models.JSONField(default=dict, help_text="Each quality measure by its name.")

    objects = FaceQuerySet.as_manager()

    class Meta:
        ordering = ("photograph", "ordinal")
        constraints = (
            models.UniqueConstraint(fields=("photograph", "ordinal"), name="face_ordinal_once_per_photograph"),
            models.UniqueConstraint(fields=("id", "photograph"), name="face_with_photograph"),
            models.CheckConstraint(condition=Q(width__gt=0, height__gt=0), name="face_box_has_an_area"),
            models.CheckConstraint(condition=Q(landmarks__len=10), name="face_has_five_landmarks"),
        )

    def __str__(self) -> str:
        return f"Face {self.ordinal}"

    @classmethod
    def from_detected(
        cls, photograph: Photograph, ordinal: int, found: DetectedFace, quality: Quality, detector: str
    ) -> "Face":
        """Return the unsaved row for what a detector found."""
        return cls(
            photograph=photograph,
            ordinal=ordinal,
            left=found.box.left,
            top=found.box.top,
            width=found.box.width,
            height=found.box.height,
            landmarks=[coordinate for point in found.landmarks for coordinate in point],
            roll=found.roll,
            found_at=found.found_at,
            confidence=found.confidence,
            detector=detector,
            quality=quality.combined,
            measures=dict(quality.measures),
        )

    @property
    def notes(self) -> list[str]:
        """What makes the face hard to compare, in sentences; none for a face that was not measured."""
        return measuring.notes(self.measures) if self.measures else []

    def as_detected(self) -> DetectedFace:
        """Return the finding as recognition and imaging take it."""
        points = [(self.landmarks[i], self.landmarks[i + 1]) for i in range(0, 10, 2)]
        return DetectedFace(
            box=Box(self.left, self.top, self.width, self.height),
            landmarks=(points[0], points[1], points[2], points[3], points[4]),
            roll=self.roll,
            found_at=self.found_at,
            confidence=self.confidence,
        )


class Embedding(models.Model):
    """A face as one encoder sees it: a vector of unit length, comparable only within that encoder.

    The dimension is a foreign key's part (identification/constraints.py), so a vector can't
    pass for another encoder's; candidates and searches name the encoder in their foreign keys too.
    """

    face = models.ForeignKey(Face, on_delete=models.PROTECT, related_name="embeddings")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="embeddings")
    dimension = models.PositiveSmallIntegerField()
    vector = HalfVectorField()
    embedded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("face", "encoder"), name="embedding_once_per_face_and_encoder"),
            models.UniqueConstraint(fields=("id", "encoder"), name="embedding_with_encoder"),
            models.UniqueConstraint(fields=("id", "face"), name="embedding_with_face"),
            models.CheckConstraint(
                condition=Q(dimension=models.Func(F("vector"), function="vector_dims")),
                name="embedding_has_the_dimension_it_states",
            ),
        )

    def __str__(self) -> str:
        return f"{self.encoder} of {self.face}"
