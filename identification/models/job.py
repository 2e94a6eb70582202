"""Work that a worker owes, as a row in PostgreSQL.

The row is written in the same transaction as what it is about, and it is the truth: Redis only
wakes a worker. A message that is lost is sent again by the reconciler.
"""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone


class JobQuerySet(models.QuerySet["Job"]):
    """Jobs by what can be done about them."""

    def unfinished(self) -> "JobQuerySet":
        """Jobs that are due or being worked on."""
        return self.filter(state__in=(Job.State.DUE, Job.State.LEASED))

    def claimable(self) -> "JobQuerySet":
        """Jobs that nobody works on: due, or their worker's lease has run out."""
        return self.filter(Q(state=Job.State.DUE) | Q(state=Job.State.LEASED, leased_until__lt=timezone.now()))


class Job(models.Model):
    """One piece of work about one row, worked on under a lease; attempts are counted before each try."""

    class Kind(models.TextChoices):
        ANALYSE_PHOTOGRAPH = "analyse_photograph", "Analyse photograph"
        SEARCH_PROBE = "search_probe", "Search for probe"
        EMBED_FACE = "embed_face", "Embed face"
        PLACE_FACE = "place_face", "Place face"

    class State(models.TextChoices):
        DUE = "due", "Due"
        LEASED = "leased", "Being worked on"
        DONE = "done", "Done"
        QUARANTINED = "quarantined", "Set aside"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    subject_id = models.UUIDField(help_text="The photograph, probe, face or correction that it is about.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.DUE)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True, help_text="Drawn anew at each claim; only its holder may finish.")
    leased_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    woken_at = models.DateTimeField(auto_now_add=True, help_text="When a worker was last called for it.")
    finished_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ("attempts", "created_at")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "subject_id"),
                condition=Q(state__in=("due", "leased")),
                name="job_one_open_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(state="leased", lease__isnull=False, leased_until__isnull=False)
                | (~Q(state="leased") & Q(lease__isnull=True)),
                name="job_lease_only_while_leased",
            ),
        )
        indexes = (models.Index(fields=("leased_until",), condition=Q(state="leased"), name="job_leased_until"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_state_display().lower()}"
