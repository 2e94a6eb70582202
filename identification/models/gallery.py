"""Galleries, the people in them, and the references by which they are known."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import Agency
from identification.models.case import GalleryKind, Purpose


class Gallery(models.Model):
    """References held on one lawful basis, by one agency, for stated purposes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="galleries")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=GalleryKind.choices)
    lawful_basis = models.TextField(help_text="The law, mandate or consent on which these references are held.")
    purposes = ArrayField(
        models.CharField(max_length=10, choices=Purpose.choices), help_text="The purposes it may be searched for."
    )
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "galleries"
        constraints = (
            models.UniqueConstraint(fields=("agency", "name"), name="gallery_name_once_per_agency"),
            models.UniqueConstraint(fields=("id", "kind"), name="gallery_with_kind"),
            models.UniqueConstraint(fields=("id", "agency"), name="gallery_with_agency"),
            models.CheckConstraint(condition=Q(kind__in=GalleryKind.values), name="gallery_of_a_known_kind"),
            models.CheckConstraint(
                condition=Q(kind=GalleryKind.INCIDENT, purposes=[Purpose.INCIDENT])
                | (
                    Q(kind=GalleryKind.HUMANITARIAN, purposes__len__gte=1)
                    & ~Q(purposes__contains=[Purpose.INCIDENT])
                    & Q(purposes__contained_by=Purpose.values)
                ),
                name="gallery_purposes_are_of_its_kind",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("identification:gallery", args=[self.pk])


class Person(models.Model):
    """A known person in a gallery."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT, related_name="persons")
    name = models.CharField(max_length=200)
    registry_number = models.CharField(
        max_length=100, blank=True, help_text="The person's number in the register that the reference comes from."
    )
    born_in = models.PositiveSmallIntegerField("year of birth", null=True, blank=True)
    home = models.CharField(max_length=200, blank=True)
    enrolled_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("id", "gallery"), name="person_with_gallery"),
            models.UniqueConstraint(
                fields=("gallery", "registry_number"),
                condition=~Q(registry_number=""),
                name="person_registry_number_once_per_gallery",
            ),
        )

    def __str__(self) -> str:
        return self.name


class ReferenceQuerySet(models.QuerySet["Reference"]):
    """References by whether they take part in searches."""

    def searchable(self) -> "ReferenceQuerySet":
        """References that show exactly one face and that nobody has withdrawn."""
        return self.filter(face__isnull=False, withdrawn_at__isnull=True)


class Reference(models.Model):
    """A photograph by which a person is known, with where it comes from.

    Its face is set when recognition has found exactly one; until then it takes no part in a search.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="references")
    gallery = models.ForeignKey(Gallery, on_delete=models.PROTECT, related_name="references")
    photograph = models.OneToOneField("identification.Photograph", on_delete=models.PROTECT, related_name="reference")
    face = models.OneToOneField(
        "identification.Face", on_delete=models.PROTECT, null=True, blank=True, related_name="reference"
    )
    provenance = models.CharField(max_length=300, help_text="Who gave this photograph, from which record, and when.")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="added_references")
    added_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawal_reason = models.CharField(max_length=300, blank=True)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        ordering = ("added_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawal_reason="")
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawal_reason="")),
                name="reference_withdrawal_has_a_reason",
            ),
            models.CheckConstraint(condition=~Q(provenance=""), name="reference_states_its_provenance"),
            models.UniqueConstraint(fields=("id", "person"), name="reference_with_person"),
            models.UniqueConstraint(fields=("id", "face"), name="reference_with_face"),
        )

    def __str__(self) -> str:
        return f"Reference of {self.person}"
