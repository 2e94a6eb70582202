"""Verifying the whole log, as a piece of work that can be left and taken up again."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Verification(models.Model):
    """One round over the log: what was to be verified, how far it has come, and what it found.

    `frontier` is that of the tree over the first `done` entries as they were hashed anew, so that a worker that takes
    the round up goes on from there. What the round ended with stands in the log as well.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Under way"
        HELD = "held", "All of it holds"
        FAILED = "failed", "It doesn't hold"

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+",
        help_text="Empty where it was asked for at the command line.",
    )  # fmt: skip
    asked_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.RUNNING)
    size = models.BigIntegerField(help_text="How many entries it goes over: all that had a place when it began.")
    kept = models.BinaryField(default=bytes, help_text="The frontier at that size that the sequencer kept.")
    done = models.BigIntegerField(default=0)
    frontier = models.BinaryField(default=bytes)
    checkpoints = models.PositiveIntegerField(default=0, help_text="How many checkpoints were compared so far.")
    erased = models.PositiveBigIntegerField(default=0, help_text="How many payloads are erased, each by an entry.")
    lease = models.UUIDField(default=uuid.uuid4, help_text="Drawn anew by whoever takes it up; only they go on.")
    leased_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    finding = models.TextField(blank=True, help_text="The first thing that doesn't hold, in one sentence.")
    at_entry = models.BigIntegerField(null=True, help_text="The place in the log at which it doesn't hold, if any.")

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("state",), condition=Q(state="running"), name="audit_verification_one_runs"
            ),
            models.CheckConstraint(
                condition=Q(state="running", ended_at__isnull=True) | (~Q(state="running") & Q(ended_at__isnull=False)),
                name="audit_verification_ends_once",
            ),
            models.CheckConstraint(
                condition=(Q(state="failed") & ~Q(finding="")) | (~Q(state="failed") & Q(finding="")),
                name="audit_verification_says_what_fails",
            ),
            models.CheckConstraint(
                condition=~Q(state="held") | Q(done=models.F("size")), name="audit_verification_holds_as_a_whole"
            ),
        )

    def __str__(self) -> str:
        return f"verification of {self.size} entries"
