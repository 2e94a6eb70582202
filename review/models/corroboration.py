"""Identifiers other than the face, and the identification that they and a conclusion together amount to.

Held by PostgreSQL (review/constraints.py): an identifier is recorded by one person and verified by another; an
identification rests on a concordant conclusion, is asserted by somebody who neither asked nor reviewed, and, but for
the missing, names an identifier that was confirmed.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from identification.models import Case, IdentifierKind, Person, Purpose
from review.models.conclusion import Conclusion
from review.models.hashes import hash_is_of


class Identifier(models.Model):
    """Something that has nothing to do with the face and speaks for or against a conclusion; written once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conclusion = models.ForeignKey(Conclusion, on_delete=models.PROTECT, related_name="identifiers")
    kind = models.CharField(max_length=20, choices=IdentifierKind.choices)
    source = models.CharField(max_length=300, help_text="Who gave it, from which record, and when.")
    description = models.TextField(help_text="What was compared with what, and what was found.")
    file_name = models.CharField(max_length=255)
    file_sha256 = models.CharField(max_length=64)
    byte_size = models.PositiveBigIntegerField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("recorded_at",)
        constraints = (
            models.UniqueConstraint(fields=("id", "conclusion", "recorded_by"), name="identifier_with_its_recorder"),
            models.CheckConstraint(condition=Q(kind__in=IdentifierKind.values), name="identifier_of_a_known_kind"),
            models.CheckConstraint(
                condition=Q(source__regex=r"\S", description__regex=r"\S"), name="identifier_states_its_source"
            ),
            models.CheckConstraint(condition=Q(file_sha256__regex=r"^[0-9a-f]{64}$"), name="identifier_has_its_file"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for {self.conclusion}"


class Verdict(models.TextChoices):
    """What whoever verified an identifier found."""

    CONFIRMED = "confirmed", "Confirmed"
    NOT_CONFIRMED = "not_confirmed", "Not confirmed"


class Verification(models.Model):
    """A second person's own look at an identifier; written once."""

    identifier = models.OneToOneField(
        Identifier, on_delete=models.PROTECT, primary_key=True, related_name="verification"
    )
    conclusion = models.ForeignKey(Conclusion, on_delete=models.PROTECT, related_name="+")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verified_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=15, choices=Verdict.choices)
    note = models.TextField()
    verified_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("verified_at",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(verified_by=F("recorded_by")), name="verification_by_another_than_recorded_it"
            ),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="verification_comes_to_a_verdict"),
            models.CheckConstraint(condition=Q(note__regex=r"\S"), name="verification_says_what_was_seen"),
            models.UniqueConstraint(fields=("identifier", "conclusion", "verdict"), name="verification_with_verdict"),
        )

    def __str__(self) -> str:
        return f"{self.get_verdict_display()}: {self.identifier}"


class Identification(models.Model):
    """A conclusion that has passed corroboration, asserted by somebody with the authority to; written once."""

    conclusion = models.OneToOneField(
        Conclusion, on_delete=models.PROTECT, primary_key=True, related_name="identification"
    )
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="identifications")
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="identifications")
    first_reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    second_reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asserted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    leading_identifier = models.ForeignKey(
        Identifier, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="The confirmed identifier that weighs most.",
    )  # fmt: skip
    leading_verdict = models.CharField(max_length=15, choices=Verdict.choices, null=True, blank=True)  # noqa: DJ001  (part of a foreign key)
    document = models.TextField()
    document_sha256 = models.CharField(max_length=64)
    asserted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("asserted_at",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(asserted_by=F("first_reviewer"))
                & ~Q(asserted_by=F("second_reviewer"))
                & ~Q(asserted_by=F("requested_by")),
                name="identification_by_another_than_asked_or_reviewed",
            ),
            models.CheckConstraint(condition=~Q(purpose="incident"), name="identification_never_of_an_incident"),
            models.CheckConstraint(
                condition=Q(leading_identifier__isnull=False, leading_verdict__isnull=False)
                & Q(leading_verdict="confirmed")
                | Q(purpose="missing", leading_identifier__isnull=True, leading_verdict__isnull=True),
                name="identification_rests_on_a_confirmed_identifier",
            ),
            models.CheckConstraint(condition=hash_is_of("document"), name="identification_hash_is_of_its_document"),
        )

    def __str__(self) -> str:
        return f"Identification of {self.person} in {self.case}"
