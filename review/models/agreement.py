"""Agreements by which one agency's reviewers may take another's reviews."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import Agency
from identification.models import Purpose


class AgreementQuerySet(models.QuerySet["Agreement"]):
    """Agreements by whether they hold."""

    def in_force(self) -> "AgreementQuerySet":
        """Agreements that both sides made and neither has ended."""
        return self.filter(accepted_at__isnull=False, ended_at__isnull=True)


class Agreement(models.Model):
    """One agency lets another's reviewers take its reviews, for stated purposes; proposed there, accepted here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    holder = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="agreements", help_text="Whose reviews they are."
    )
    helper = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="help_agreements", help_text="Whose reviewers may take them."
    )
    purposes = ArrayField(models.CharField(max_length=10, choices=Purpose.choices))
    basis = models.TextField(help_text="The treaty, law or document on which it rests.")
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(auto_now_add=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        ordering = ("-proposed_at",)
        constraints = (
            models.CheckConstraint(condition=~Q(holder=F("helper")), name="agreement_between_two_agencies"),
            models.CheckConstraint(
                condition=Q(accepted_by__isnull=True, accepted_at__isnull=True)
                | (Q(accepted_by__isnull=False, accepted_at__isnull=False) & ~Q(accepted_by=F("proposed_by"))),
                name="agreement_accepted_by_another_than_proposed_it",
            ),
            models.CheckConstraint(
                condition=Q(ended_by__isnull=True, ended_at__isnull=True)
                | Q(ended_by__isnull=False, ended_at__isnull=False),
                name="agreement_end_is_dated",
            ),
            models.CheckConstraint(
                condition=Q(purposes__len__gte=1, purposes__contained_by=Purpose.values),
                name="agreement_for_known_purposes",
            ),
            models.CheckConstraint(condition=Q(basis__regex=r"\S"), name="agreement_states_its_basis"),
            models.UniqueConstraint(
                fields=("holder", "helper"), condition=Q(ended_at__isnull=True), name="agreement_one_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.helper} reviews for {self.holder}"
