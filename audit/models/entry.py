"""One row for everything that happened, added in the transaction that made it happen."""

import json
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL

from accounts.models import Agency


class EntryQuerySet(models.QuerySet["Entry"]):
    """Entries, narrowed step by step."""

    def of_agency(self, agency: Agency) -> Self:
        """What belongs to one agency, and what belongs to none: starts, keys, refused sign-ins of nobody known."""
        return self.filter(Q(agency=agency) | Q(agency=None))

    def between(self, since: datetime | None, until: datetime | None) -> Self:
        """From one moment up to, and without, another."""
        entries = self.filter(recorded_at__gte=since) if since else self
        return entries.filter(recorded_at__lt=until) if until else entries


class Entry(models.Model):
    """One thing that happened: a leaf of the tree.

    `canonical` is the leaf: RFC 8785 JSON, of which `leaf_hash` is the RFC 6962 hash. The columns beside it are for
    asking. PostgreSQL holds all three together and refuses changes. What the entry says beyond ids is committed to in
    the leaf and stands in `Payload`, which can be erased. The id follows INSERT and not COMMIT, so it promises no order
    and may have holes; the order that matters is the index that the sequencer gives (`Leaf`).
    """

    uid = models.UUIDField(unique=True)
    kind = models.CharField(max_length=80)
    recorded_at = models.DateTimeField()
    # Triggers stand in for these two foreign keys, which would lock the rows that they name (audit/leaf_rules.py).
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False,
    )  # fmt: skip
    agency = models.ForeignKey(
        Agency, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    subject_type = models.CharField(max_length=100)
    subject_id = models.CharField(max_length=64)
    case = models.CharField(
        max_length=36, default="", db_column="case_id", help_text="The id of the case that it is about, if any."
    )
    purpose = models.CharField(max_length=40)
    request_id = models.CharField(max_length=36)
    canonical = models.TextField()
    leaf_hash = models.BinaryField(max_length=32)
    # Tells the sequencer which transactions had ended when it last looked; see audit/sequencer.py.
    written_in = models.BigIntegerField(
        editable=False, db_default=RawSQL("(pg_current_xact_id()::text::bigint)", ()),
        help_text="The transaction that wrote it.",
    )  # fmt: skip

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entries"
        default_permissions = ()
        indexes = (
            models.Index(fields=("agency", "-id"), name="audit_entry_agency"),
            models.Index(fields=("actor", "-id"), name="audit_entry_actor"),
            models.Index(fields=("kind", "-id"), name="audit_entry_kind"),
            models.Index(fields=("subject_type", "subject_id"), name="audit_entry_subject"),
            models.Index(fields=("case", "-id"), condition=~Q(case=""), name="audit_entry_case"),
            models.Index(fields=("recorded_at",), name="audit_entry_time"),
            models.Index(fields=("written_in",), name="audit_entry_written_in"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"

    @property
    def leaf(self) -> dict[str, Any]:
        """The leaf as it was hashed."""
        return dict(json.loads(self.canonical))

    @property
    def payload(self) -> dict[str, Any] | None:
        """What the entry says beyond ids; None where that was erased. Select `said` with many entries."""
        if (inline := self.leaf.get("payload")) is not None:  # an entry of version 1
            return dict(inline)
        return dict(json.loads(self.said.content)) if self.said.content is not None else None


class Payload(models.Model):
    """What an entry's leaf commits to: SHA-256(salt || content). It can be erased, the salt with it; the leaf stays.

    PostgreSQL compares it with the commitment when it is written, lets no row go, and no change but the erasure, which
    names its own entry.
    """

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, primary_key=True, related_name="said")
    content = models.TextField(null=True)  # noqa: DJ001  (an empty text would be a payload too)
    salt = models.BinaryField(max_length=16, null=True)
    erased_by = models.ForeignKey(Entry, null=True, on_delete=models.PROTECT, related_name="erased", db_index=False)

    class Meta:
        default_permissions = ()
        constraints = (
            models.CheckConstraint(
                condition=Q(content__isnull=False, salt__isnull=False, erased_by__isnull=True)
                | Q(content__isnull=True, salt__isnull=True, erased_by__isnull=False),
                name="audit_payload_is_whole_or_erased_by_an_entry",
            ),
            models.CheckConstraint(
                condition=~Q(erased_by=models.F("entry")), name="audit_payload_is_erased_by_another_entry"
            ),
        )

    def __str__(self) -> str:
        return f"payload of {self.entry_id}"
