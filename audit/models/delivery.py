"""What became of each attempt to hand a checkpoint to somebody else, and the time stamps that came back."""

from typing import Self

from django.db import models

from audit.models.tree import Checkpoint


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Attempts, narrowed step by step."""

    def to(self, witness: str) -> Self:
        """Only those to one witness, the oldest first."""
        return self.filter(witness=witness).select_related("checkpoint").order_by("id")


class Delivery(models.Model):
    """One attempt to hand a checkpoint to a witness or to a time-stamping authority.

    It isn't an entry of the log: every entry asks for a new checkpoint, and every checkpoint is handed over.
    """

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="deliveries")
    witness = models.CharField(max_length=300, help_text="Its name in AUDIT_WITNESSES.")
    tried_at = models.DateTimeField()
    succeeded = models.BooleanField()
    answer = models.TextField(
        blank=True, help_text="The lines by which the witness cosigned, or one sentence about what went wrong."
    )

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        default_permissions = ()
        indexes = (models.Index(fields=("witness", "succeeded", "-id"), name="audit_delivery_witness"),)

    def __str__(self) -> str:
        return f"checkpoint {self.checkpoint_id} to {self.witness}: {'accepted' if self.succeeded else 'not accepted'}"


class Sha256(models.Func):
    """The SHA-256 of bytes, by which PostgreSQL can compare what is too long for an index."""

    function = "sha256"
    output_field = models.BinaryField()


class Stamp(models.Model):
    """A time stamp (RFC 3161) over a checkpoint's note as the log signed it, without any cosignature.

    Web and workers add these rows, so each is checked when it is read (audit/witnesses/stamping.py). A row is unique
    together with its token: one that somebody made up takes no place from the real one.
    """

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="stamps")
    token = models.BinaryField(help_text="The authority's whole answer: what `openssl ts -verify -in` reads.")
    stamped_at = models.DateTimeField(help_text="The time that the authority says.")
    authority = models.CharField(max_length=300)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint("checkpoint", "authority", Sha256("token"), name="audit_stamp_is_kept_once"),
        )

    def __str__(self) -> str:
        return f"stamp of {self.authority} on checkpoint {self.checkpoint_id}"
