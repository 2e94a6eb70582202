"""Cases, the purposes they may have, and the policy that each purpose carries."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import Agency


class Purpose(models.TextChoices):
    """Why a face is to be identified; a case has exactly one."""

    DECEASED = "deceased", "Deceased"
    CAPTURED = "captured", "Captured"
    MISSING = "missing", "Missing"
    INCIDENT = "incident", "Incident"


class GalleryKind(models.TextChoices):
    """Humanitarian and incident galleries are never searched together."""

    HUMANITARIAN = "humanitarian", "Humanitarian"
    INCIDENT = "incident", "Incident"


class Priority(models.IntegerChoices):
    """How soon a case's reviews are handed out, within their purpose."""

    ROUTINE = 0, "Routine"
    URGENT = 1, "Urgent"


class IdentifierKind(models.TextChoices):
    """What corroborates a conclusion and has nothing to do with the face (INTERPOL DVI)."""

    FINGERPRINTS = "fingerprints", "Fingerprints"
    DENTAL = "dental", "Dental records"
    DNA = "dna", "DNA"
    DOCUMENT = "document", "Document"
    TATTOO = "tattoo", "Tattoo"
    SCAR = "scar", "Scar or other mark"
    EFFECTS = "effects", "Personal effects"
    STATEMENT = "statement", "Statement"
    LOCATION = "location", "Location"


PRIMARY_IDENTIFIERS = (IdentifierKind.FINGERPRINTS, IdentifierKind.DENTAL, IdentifierKind.DNA)


# The one place that says which kind of gallery a purpose may search; the constraint below holds cases to it.
INCIDENT_ONLY = Q(purpose=Purpose.INCIDENT, gallery_kind=GalleryKind.INCIDENT) | (
    ~Q(purpose=Purpose.INCIDENT) & Q(gallery_kind=GalleryKind.HUMANITARIAN)
)


def gallery_kind_of(purpose: str) -> GalleryKind:
    """Return the kind of gallery that a case of this purpose may search."""
    return GalleryKind.INCIDENT if purpose == Purpose.INCIDENT else GalleryKind.HUMANITARIAN


class PurposePolicy(models.Model):
    """What a purpose asks for. An administrator may tighten it, never below two reviewers."""

    MOST_CANDIDATES = 50

    purpose = models.CharField(max_length=10, choices=Purpose.choices, primary_key=True)
    reviewers = models.PositiveSmallIntegerField(
        default=2, help_text="How many people assess each probe independently; never fewer than two."
    )
    list_length = models.PositiveSmallIntegerField(
        default=20, help_text="How many candidates a search proposes, at most 50. Long lists give more false alarms."
    )
    corroboration_required = models.BooleanField(
        default=False, help_text="Whether an independent identifier other than the face is needed."
    )

    sufficient_kinds = ArrayField(
        models.CharField(max_length=20, choices=IdentifierKind.choices),
        default=list, blank=True,
        help_text="Kinds of identifier of which one, verified, suffices for an identification.",
    )  # fmt: skip
    sufficient_together = models.PositiveSmallIntegerField(
        default=0, help_text="How many verified identifiers of different kinds suffice together; 0: never."
    )
    precedence = models.PositiveSmallIntegerField(
        default=100, help_text="Reviews of the purpose with the lowest number are handed out first."
    )

    class Meta:
        verbose_name_plural = "purpose policies"
        constraints = (
            models.CheckConstraint(
                condition=Q(sufficient_kinds__contained_by=IdentifierKind.values), name="policy_knows_its_identifiers"
            ),
            models.CheckConstraint(
                condition=Q(sufficient_together__gte=2) | Q(sufficient_together=0),
                name="policy_together_means_two_or_more",
            ),
            models.CheckConstraint(condition=Q(reviewers__gte=2), name="policy_never_below_two_reviewers"),
            models.CheckConstraint(condition=Q(reviewers__lte=9), name="policy_at_most_nine_reviewers"),
            models.CheckConstraint(
                condition=Q(corroboration_required=True) | ~Q(purpose__in=("deceased", "captured")),
                name="policy_deceased_and_captured_need_corroboration",
            ),
            models.CheckConstraint(
                condition=Q(list_length__gte=1, list_length__lte=50), name="policy_list_of_one_to_fifty"
            ),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="policy_for_a_known_purpose"),
        )

    def __str__(self) -> str:
        return f"Policy for {self.get_purpose_display().lower()}"


_PRIMARY = list(PRIMARY_IDENTIFIERS)
_SAID = [IdentifierKind.DOCUMENT, IdentifierKind.STATEMENT]
# What each purpose's policy says until an administrator tightens it; reviews about the living come first.
FIRST_POLICIES: dict[str, dict[str, Any]] = {
    Purpose.MISSING: {
        "sufficient_kinds": [*_PRIMARY, *_SAID, IdentifierKind.LOCATION], "sufficient_together": 2, "precedence": 10,
    },
    Purpose.CAPTURED: {
        "corroboration_required": True, "sufficient_kinds": [*_PRIMARY, *_SAID], "sufficient_together": 2,
        "precedence": 20,
    },
    Purpose.DECEASED: {
        "corroboration_required": True, "sufficient_kinds": _PRIMARY, "sufficient_together": 2, "precedence": 30,
    },
    Purpose.INCIDENT: {"precedence": 40},
}  # fmt: skip


class Case(models.Model):
    """What one agency wants to know, for one purpose, about the people in its photographs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="cases")
    number = models.CharField(max_length=20)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    gallery_kind = models.CharField(max_length=12, choices=GalleryKind.choices, editable=False)
    place = models.CharField(max_length=200, help_text="Where the photographs were taken.")
    occurred_on = models.DateField("date", help_text="When the photographs were taken.")
    authority = models.CharField(max_length=200, help_text="The order or mandate under which this is asked.")
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.ROUTINE)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="opened_cases")
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-opened_at", "-number")
        constraints = (
            models.UniqueConstraint(fields=("agency", "number"), name="case_number_once_per_agency"),
            models.UniqueConstraint(fields=("id", "gallery_kind"), name="case_with_gallery_kind"),
            models.UniqueConstraint(fields=("id", "agency"), name="case_with_agency"),
            models.UniqueConstraint(fields=("id", "purpose"), name="case_with_purpose"),
            models.CheckConstraint(condition=Q(priority__in=Priority.values), name="case_has_a_known_priority"),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="case_has_a_known_purpose"),
            models.CheckConstraint(condition=INCIDENT_ONLY, name="case_searches_its_kind_of_gallery"),
        )

    def __str__(self) -> str:
        return f"Case {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("identification:case", args=[self.pk])
