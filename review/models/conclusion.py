"""What two people found independently, and why a review was opened anew."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from identification.models import Person
from review.models.assessment import THIS_PERSON
from review.models.choices import Outcome
from review.models.hashes import EMPTY_SHA256
from review.models.review import Review


class Conclusion(models.Model):
    """What two people, neither of them the requester, found independently. The database accepts nothing less."""

    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="conclusion", primary_key=True)
    finding = models.TextField()
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="conclusions")
    first_reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    second_reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    adjudicated = models.BooleanField(default=False)
    fused_rating = models.DecimalField(
        max_digits=4, decimal_places=2, null=True, blank=True,
        help_text="Mean of the graded ratings; advisory, shown on the conclusion only.",
    )  # fmt: skip
    evidence_sha256 = models.CharField(max_length=64, default=EMPTY_SHA256)
    concluded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("concluded_at",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(first_reviewer=F("second_reviewer")), name="conclusion_by_two_different_people"
            ),
            models.CheckConstraint(
                condition=~Q(first_reviewer=F("requested_by")) & ~Q(second_reviewer=F("requested_by")),
                name="conclusion_never_by_the_requester",
            ),
            models.CheckConstraint(
                condition=Q(outcome="unsuitable", finding="unsuitable", person__isnull=True)
                | Q(outcome="no_candidate", finding="none", person__isnull=True)
                | Q(
                    outcome="concordant",
                    person__isnull=False,
                    finding=THIS_PERSON,
                ),
                name="conclusion_says_what_was_found",
            ),
            models.CheckConstraint(
                condition=Q(fused_rating__isnull=True)
                | (Q(fused_rating__gte=-3, fused_rating__lte=3) & ~Q(outcome="unsuitable")),
                name="conclusion_fuses_ratings_on_their_scale",
            ),
            models.UniqueConstraint(
                fields=("review", "person", "first_reviewer", "second_reviewer", "requested_by"),
                name="conclusion_with_its_people",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} in {self.review}"


class Reopening(models.Model):
    """Why an ended review was opened anew; the new review refers to the old one, which stays readable."""

    class Cause(models.TextChoices):
        NEW_EVIDENCE = "new_evidence", "New evidence"
        REFERENCE_WITHDRAWN = "reference_withdrawn", "A reference photograph was withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="reopening")
    cause = models.CharField(max_length=20, choices=Cause.choices)
    reason = models.TextField(help_text="What is new, or why the reference was withdrawn.")
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("opened_at",)
        constraints = (
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="reopening_gives_a_reason"),
            models.CheckConstraint(
                condition=Q(cause__in=("new_evidence", "reference_withdrawn")), name="reopening_for_a_known_cause"
            ),
        )

    def __str__(self) -> str:
        return f"Reopening of {self.review}"
