"""Probes, the searches made for them, and the candidates that each search proposed.

A search and its candidates are written once and never changed (identification/constraints.py).
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Agency
from identification.models.case import Case, GalleryKind
from identification.models.encoder import Encoder
from identification.models.gallery import Gallery, Person, Reference
from identification.models.photograph import Embedding, Face, Photograph


class Probe(models.Model):
    """A face to be identified, taken from a photograph in a case. Who uploaded it is its requester."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="probes")
    photograph = models.ForeignKey(Photograph, on_delete=models.PROTECT, related_name="probes")
    face = models.OneToOneField(Face, on_delete=models.PROTECT, related_name="probe")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="requested_probes"
    )
    chosen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("chosen_at",)
        constraints = (
            models.UniqueConstraint(fields=("id", "requested_by"), name="probe_with_requester"),
            models.UniqueConstraint(fields=("id", "case"), name="probe_with_case"),
            models.UniqueConstraint(fields=("id", "face"), name="probe_with_face"),
        )

    def __str__(self) -> str:
        return f"Probe from {self.photograph}"


class Search(models.Model):
    """One search of permitted galleries, with all that is needed to run it again."""

    class Method(models.TextChoices):
        EXACT = "exact", "Exact (every reference compared)"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    probe = models.ForeignKey(Probe, on_delete=models.PROTECT, related_name="searches")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="searches")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    face = models.ForeignKey(Face, on_delete=models.PROTECT, related_name="+")
    gallery_kind = models.CharField(max_length=12, choices=GalleryKind.choices)
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="searches")
    embedding = models.ForeignKey(Embedding, on_delete=models.PROTECT, related_name="searches")
    galleries = models.ManyToManyField(Gallery, through="SearchedGallery", related_name="searches")
    method = models.CharField(max_length=12, choices=Method.choices)
    list_length = models.PositiveSmallIntegerField()
    cut_off = models.FloatField(null=True, blank=True, help_text="Lowest comparison score listed; none when empty.")
    gallery_size = models.PositiveIntegerField(help_text="References compared.")
    persons_compared = models.PositiveIntegerField()
    settings = models.JSONField(default=dict, blank=True)
    ran_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("ran_at",)
        verbose_name_plural = "searches"
        constraints = (
            models.UniqueConstraint(fields=("id", "encoder"), name="search_with_encoder"),
            models.UniqueConstraint(fields=("id", "gallery_kind"), name="search_with_gallery_kind"),
            models.UniqueConstraint(fields=("id", "agency"), name="search_with_agency"),
            models.UniqueConstraint(fields=("id", "probe"), name="search_with_probe"),
            models.CheckConstraint(
                condition=Q(list_length__gte=1, list_length__lte=50), name="search_lists_one_to_fifty"
            ),
        )

    def __str__(self) -> str:
        return f"Search of {self.ran_at:%d %b %Y, %H:%M}"


class SearchedGallery(models.Model):
    """One gallery that a search went through; its kind and agency are part of the foreign keys on both sides."""

    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="searched_galleries")
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT, related_name="+")
    gallery_kind = models.CharField(max_length=12, choices=GalleryKind.choices)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("search", "gallery"), name="searched_gallery_once_per_search"),)

    def __str__(self) -> str:
        return str(self.gallery)


class Candidate(models.Model):
    """A person proposed by a search, by the nearest of their references. Not more than a proposal."""

    search = models.ForeignKey(Search, on_delete=models.PROTECT, related_name="candidates")
    rank = models.PositiveSmallIntegerField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="candidacies")
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT, related_name="+")
    reference = models.ForeignKey(Reference, on_delete=models.PROTECT, related_name="candidacies")
    face = models.ForeignKey(Face, on_delete=models.PROTECT, related_name="+")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT, related_name="+")
    embedding = models.ForeignKey(Embedding, on_delete=models.PROTECT, related_name="+")
    score = models.FloatField(help_text="Comparison score: cosine similarity, from -1 to 1.")

    class Meta:
        ordering = ("search", "rank")
        constraints = (
            models.UniqueConstraint(fields=("search", "rank"), name="candidate_rank_once_per_search"),
            models.UniqueConstraint(fields=("search", "person"), name="candidate_person_once_per_search"),
            models.CheckConstraint(
                condition=Q(score__gte=-1.001, score__lte=1.001), name="candidate_score_is_a_cosine"
            ),
        )

    def __str__(self) -> str:
        return f"Candidate {self.rank}"
