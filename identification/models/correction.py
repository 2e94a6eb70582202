"""What a person corrects of the detector's findings. The finding itself stays as it was."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from identification.models.photograph import Face, Photograph
from identification.recognition.types import Box


class FaceCorrection(models.Model):
    """A box that a person added, moved or took away, in pixels of the upright photograph.

    The face that a worker makes of it, with landmarks found or placed by hand, is what gets embedded and searched for.
    """

    class Kind(models.TextChoices):
        ADDED = "added", "Added"
        MOVED = "moved", "Moved"
        REMOVED = "removed", "Removed"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting to be read"
        LANDMARKS_NEEDED = "landmarks", "Waiting for eyes, nose and mouth"
        DONE = "done", "Done"
        DISMISSED = "dismissed", "Dismissed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    photograph = models.ForeignKey(Photograph, on_delete=models.PROTECT, related_name="corrections")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    finding = models.OneToOneField(
        Face, on_delete=models.PROTECT, null=True, related_name="correction", help_text="The face that this replaces."
    )
    face = models.OneToOneField(
        Face, on_delete=models.PROTECT, null=True, related_name="placement", help_text="The face that came of it."
    )
    left = models.FloatField(null=True)
    top = models.FloatField(null=True)
    width = models.FloatField(null=True)
    height = models.FloatField(null=True)
    landmarks = ArrayField(
        models.FloatField(),
        size=10,
        null=True,
        help_text="As placed by hand; where empty, the detector looks for them.",
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    corrected_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    corrected_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("corrected_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(kind="added", finding__isnull=True)
                | Q(kind__in=("moved", "removed"), finding__isnull=False),
                name="correction_names_the_finding_it_replaces",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="removed", width__isnull=True, height__isnull=True, left__isnull=True, top__isnull=True
                )
                # NULL > 0 would pass a CHECK.
                | Q(kind__in=("added", "moved"), left__isnull=False, top__isnull=False)
                & Q(width__isnull=False, width__gt=0, height__isnull=False, height__gt=0),
                name="correction_draws_a_box_unless_it_removes",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("added", "moved"), state="done", face__isnull=False)
                | (Q(face__isnull=True) & (~Q(state="done") | Q(kind="removed"))),
                name="correction_has_a_face_once_it_is_done",
            ),
            models.CheckConstraint(
                condition=Q(landmarks__isnull=True) | Q(landmarks__len=10), name="correction_has_five_landmarks_or_none"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("waiting", "landmarks", "done", "dismissed")), name="correction_in_a_known_state"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} in {self.photograph}"

    @property
    def box(self) -> Box:
        """The box drawn; only where one was."""
        assert self.left is not None and self.top is not None  # noqa: PT018  (narrows both)
        assert self.width is not None and self.height is not None  # noqa: PT018
        return Box(self.left, self.top, self.width, self.height)
