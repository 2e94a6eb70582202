"""Encoders: the models that turn a face into an embedding, and how their scores are calibrated."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Encoder(models.Model):
    """One version of one model. Exactly one is active; embeddings of others are never compared with its own.

    One more may be in preparation: faces are embedded by both until its embeddings are complete, then it takes over.
    """

    class Kind(models.TextChoices):
        SHIPPED = "shipped", "Shipped"
        ONNX = "onnx", "ONNX file"

    name = models.SlugField(max_length=60)
    version = models.CharField(max_length=40)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.SHIPPED)
    dimension = models.PositiveSmallIntegerField()
    weights_sha256 = models.CharField(max_length=64)
    licence = models.CharField(max_length=100)
    source = models.CharField(max_length=300)
    alignment = models.CharField(max_length=60)
    descriptor = models.JSONField(default=dict, blank=True, help_text="How an ONNX file wants its input.")
    active = models.BooleanField(default=False)
    activated_at = models.DateTimeField(null=True, blank=True)
    preparing = models.BooleanField(
        default=False, help_text="Faces are being embedded by it, so that it can take over."
    )
    prepared_since = models.DateTimeField(null=True, blank=True, help_text="When its preparation began.")
    removed_at = models.DateTimeField(null=True, blank=True, help_text="When its weights were removed.")

    class Meta:
        ordering = ("name", "version")
        constraints = (
            models.UniqueConstraint(fields=("name", "version"), name="encoder_version_once"),
            models.UniqueConstraint(fields=("id", "dimension"), name="encoder_with_dimension"),
            models.UniqueConstraint(fields=("active",), condition=Q(active=True), name="encoder_only_one_active"),
            models.UniqueConstraint(
                fields=("preparing",), condition=Q(preparing=True), name="encoder_only_one_prepared"
            ),
            models.CheckConstraint(
                condition=~Q(active=True, preparing=True), name="encoder_active_is_prepared_already"
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(active=False, preparing=False),
                name="encoder_in_use_is_not_removed",
            ),
            models.CheckConstraint(condition=Q(kind__in=("shipped", "onnx")), name="encoder_of_a_known_kind"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Calibration(models.Model):
    """How often two different people reach a comparison score, measured once on stated data. The latest one is used."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="calibrations")
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    data = models.CharField(max_length=200, help_text="What it was measured on, in words.")
    data_sha256 = models.CharField(max_length=64, help_text="Of the list of what was compared.")
    comparisons = models.PositiveBigIntegerField(help_text="Of different people.")
    table = models.JSONField(help_text="Rows of score, false match rate, and its interval's lower and upper bound.")

    class Meta:
        ordering = ("-made_at",)
        constraints = (
            models.CheckConstraint(condition=Q(comparisons__gte=1), name="calibration_compares_something"),
            models.CheckConstraint(condition=~Q(data=""), name="calibration_states_its_data"),
        )

    def __str__(self) -> str:
        return f"Calibration of {self.encoder}"
