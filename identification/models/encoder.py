"""Encoders: the models that turn a face into an embedding."""

from django.db import models
from django.db.models import Q


class Encoder(models.Model):
    """One version of one model. Exactly one is active; embeddings of others are never compared with its own."""

    name = models.SlugField(max_length=60)
    version = models.CharField(max_length=40)
    dimension = models.PositiveSmallIntegerField()
    weights_sha256 = models.CharField(max_length=64)
    licence = models.CharField(max_length=100)
    source = models.CharField(max_length=300)
    alignment = models.CharField(max_length=60)
    active = models.BooleanField(default=False)
    activated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name", "version")
        constraints = (
            models.UniqueConstraint(fields=("name", "version"), name="encoder_version_once"),
            models.UniqueConstraint(fields=("id", "dimension"), name="encoder_with_dimension"),
            models.UniqueConstraint(fields=("active",), condition=Q(active=True), name="encoder_only_one_active"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
