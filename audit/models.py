"""The log: one row for everything that happened, added in the transaction that made it happen."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models

from accounts.models import Agency


class EntryQuerySet(models.QuerySet["Entry"]):
    """Entries, narrowed step by step."""

    def of_agency(self, agency: Agency) -> Self:
        """Only what belongs to one agency."""
        return self.filter(agency=agency)

    def between(self, since: datetime | None, until: datetime | None) -> Self:
        """From one moment up to, and without, another."""
        entries = self.filter(recorded_at__gte=since) if since else self
        return entries.filter(recorded_at__lt=until) if until else entries


class Entry(models.Model):
    """One thing that happened.

    `canonical` is the entry: RFC 8785 JSON, of which `leaf_hash` is the RFC 6962 hash. The columns beside it are for
    asking. PostgreSQL holds all three together (migration 0002) and refuses changes (0003). The id follows INSERT and
    not COMMIT, so it promises no order and may have holes; a sequence that matters is given afterwards.
    """

    uid = models.UUIDField(unique=True)
    kind = models.CharField(max_length=80)
    recorded_at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    agency = models.ForeignKey(Agency, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    subject_type = models.CharField(max_length=100)
    subject_id = models.CharField(max_length=64)
    purpose = models.CharField(max_length=40)
    request_id = models.CharField(max_length=36)
    canonical = models.TextField()
    leaf_hash = models.BinaryField(max_length=32)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entries"
        default_permissions = ()
        indexes = (
            models.Index(fields=("agency", "-id"), name="audit_entry_agency"),
            models.Index(fields=("actor", "-id"), name="audit_entry_actor"),
            models.Index(fields=("kind", "-id"), name="audit_entry_kind"),
            models.Index(fields=("subject_type", "subject_id"), name="audit_entry_subject"),
            models.Index(fields=("recorded_at",), name="audit_entry_time"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"
