"""An export that somebody asked for: a row that a worker owes, and what became of it."""

import uuid
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.dateformat import format as formatted

from accounts.models import Agency
from audit import leases
from audit.kinds import called


class ExportQuerySet(models.QuerySet["Export"]):
    """Exports by what can be done about them."""

    def claimable(self) -> "ExportQuerySet":
        """Those that nobody works on: they wait, or their worker's lease has run out."""
        return self.filter(Q(state=Export.State.WAITING) | leases.left())

    def takeable(self) -> "ExportQuerySet":
        """Those that may be taken up now: of each agency one is written at a time. The operator's wait for nobody."""
        agencies = Export.objects.filter(leases.at_work(), agency__isnull=False).values("agency")
        return self.claimable().exclude(agency__in=agencies)

    def under_way(self) -> "ExportQuerySet":
        """Those that aren't finished."""
        return self.filter(state__in=(Export.State.WAITING, Export.State.RUNNING))


class Export(models.Model):
    """One part of the log in a file. A worker that is lost loses time: the next one begins anew.

    Asked by nobody means by the operator at the command line, who gets all agencies.
    """

    class Format(models.TextChoices):
        BUNDLE = "bundle", "Bundle that proves itself (ZIP)"
        CSV = "csv", "Table for a spreadsheet (CSV)"
        JSONL = "jsonl", "Lines for a program (JSON Lines)"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being written"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Removed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, null=True, related_name="+")
    format = models.CharField(max_length=10, choices=Format.choices)
    filters = models.JSONField(default=dict, help_text="Kind, person, case and days, as far as they were set.")
    hold = ArrayField(models.BigIntegerField(), default=list, help_text="Sizes of checkpoints that somebody holds.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    done = models.BigIntegerField(default=0, help_text="Entries walked so far.")
    total = models.BigIntegerField(default=0, help_text="Entries to walk.")
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, help_text="Drawn anew at each claim; only its holder may finish.")
    leased_until = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, help_text="Why it failed, or what it waits for, in one sentence.")
    asked_at = models.DateTimeField(auto_now_add=True)
    woken_at = models.DateTimeField(auto_now_add=True, help_text="When a worker was last called for it.")
    finished_at = models.DateTimeField(null=True)
    entries = models.BigIntegerField(default=0, help_text="Entries shown.")
    bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ("-asked_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(state="running", lease__isnull=False, leased_until__isnull=False)
                | (~Q(state="running") & Q(lease__isnull=True)),
                name="audit_export_lease_only_while_written",
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | (Q(finished_at__isnull=False) & ~Q(sha256="")),
                name="audit_export_ready_says_what_it_is",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(reason=""), name="audit_export_failed_for_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(asked_by__isnull=True) | Q(agency__isnull=False), name="audit_export_of_the_askers_agency"
            ),
        )
        indexes = (models.Index(fields=("agency", "-asked_at"), name="audit_export_agency"),)

    def __str__(self) -> str:
        return f"{self.get_format_display()}, {self.get_state_display().lower()}"

    @property
    def case_id(self) -> str:
        """The case that it is about, if it is about one."""
        return str(self.filters.get("case", ""))

    @property
    def in_words(self) -> str:
        """What it shows, in a sentence."""
        said = self.filters
        kind = called(said["kind"]) if said.get("kind") else ""
        days = [f"{word} {_day(said[key])}" for key, word in (("since", "from"), ("until", "to")) if key in said]
        parts = [
            f"of the kind “{kind}”" if kind else "",
            "by one person" if "person" in said else "",
            "of one case" if "case" in said else "",
            f"for the purpose “{said['purpose']}”" if "purpose" in said else "",
            "about one thing" if "subject_id" in said else "",
            *days,
        ]
        return f"Entries {', '.join(filter(None, parts))}." if any(parts) else "Every entry."

    @property
    def progress_in_words(self) -> str:
        """How far a worker came, as long as it says so."""
        if self.leased_until and self.leased_until < timezone.now():
            return "Interrupted; it is begun anew as soon as a worker is free"
        return f"{self.done:,} of {self.total:,} entries" if self.total else "Begun"

    @property
    def removed_on(self) -> datetime | None:
        """When its file is removed."""
        return self.finished_at and self.finished_at + timedelta(days=settings.EXPORT_KEEP_DAYS)

    @property
    def suffix(self) -> str:
        """How its file's name ends."""
        return "zip" if self.format == self.Format.BUNDLE else self.format

    @property
    def file(self) -> Path:
        """Where its file stands once it is ready."""
        return Path(settings.EXPORT_DIR) / f"{self.pk}.{self.suffix}"

    @property
    def partial(self) -> Path:
        """Where it is written; each worker has a place of its own."""
        return Path(settings.EXPORT_DIR) / f"{self.pk}.{self.lease}.partial"


def _day(written: str) -> str:
    """Return a day as people read it, from the form in which a filter keeps it."""
    return formatted(date.fromisoformat(written), "j M Y")
