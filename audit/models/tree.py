"""The tree over the entries, and its signed heads. Only the sequencer writes here."""

from django.db import models
from django.db.models import Q

from audit.models.entry import Entry


class Leaf(models.Model):
    """The place of an entry in the log: gapless, from 0, never changed."""

    index = models.BigIntegerField(primary_key=True, db_column="leaf_index")
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="place")

    class Meta:
        default_permissions = ()
        constraints = (models.CheckConstraint(condition=Q(index__gte=0), name="audit_leaf_counts_from_zero"),)

    def __str__(self) -> str:
        return f"entry {self.index}"


class Subtree(models.Model):
    """The root of a complete subtree of 2**height leaves, kept so that a proof reads some hundred rows at most.

    Heights are multiples of eight; what lies between is hashed anew when it is asked for.
    """

    height = models.SmallIntegerField()
    position = models.BigIntegerField(help_text="Counted from 0 among those of its height.")
    root = models.BinaryField(max_length=32)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("height", "position"), name="audit_subtree_once"),)

    def __str__(self) -> str:
        return f"subtree {self.position} of height {self.height}"


class SigningKey(models.Model):
    """The public half of a key that signs checkpoints, in the order of their use."""

    vkey = models.CharField(max_length=300, unique=True)
    handover = models.TextField(
        blank=True, help_text="The note by which the key before made this one its successor; empty for the first."
    )
    made_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.vkey


class CheckpointRequest(models.Model):
    """Somebody waits for a checkpoint over what is committed at this moment: an export, a person on the page."""

    requested_at = models.DateTimeField(auto_now_add=True)
    after = models.BigIntegerField(db_default=0, help_text="The newest checkpoint then; only a later one answers.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"request {self.pk}"


class Checkpoint(models.Model):
    """A signed tree head."""

    size = models.BigIntegerField(db_index=True)
    root = models.BinaryField(max_length=32)
    frontier = models.BinaryField(help_text="The roots of the complete subtrees at this size, left to right.")
    note = models.TextField(help_text="As it is published: text and signature.")
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="checkpoints")
    signed_at = models.DateTimeField()
    answers = models.BigIntegerField(default=0, help_text="The last request that it answers; 0 for none.")

    class Meta:
        default_permissions = ()
        get_latest_by = "id"
        indexes = (models.Index(fields=("answers", "id"), name="audit_checkpoint_answers"),)

    def __str__(self) -> str:
        return f"checkpoint over {self.size} entries"


class TreeState(models.Model):
    """How far the sequencer has come; one row, written by it alone. All of it can be made anew from the leaves."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField(default=0)
    frontier = models.BinaryField(default=bytes)
    settled = models.BigIntegerField(default=0, help_text="At the last look, every transaction before it had ended.")
    floor = models.BigIntegerField(default=0, help_text="Entries up to this id came with a database that was restored.")
    rehashed = models.BigIntegerField(default=0, help_text="Up to here the round over old entries has come.")
    seen_at = models.DateTimeField(null=True)
    halted = models.TextField(blank=True, help_text="Why nothing is signed any more; empty while all is well.")
    # With a value in the database too: a sequencer of an older version knows of no such column.
    hindered = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="What keeps it from signing; once mended, it goes on by itself.",
    )
    stopped_at = models.DateTimeField(null=True, help_text="Since when one of the two is so.")

    class Meta:
        default_permissions = ()
        constraints = (models.CheckConstraint(condition=Q(id=1), name="audit_treestate_is_one_row"),)

    def __str__(self) -> str:
        return f"{self.size} entries in the tree"

    @property
    def stopped(self) -> str:
        """Why nothing can be signed, in a sentence; empty while all is well."""
        return self.halted or self.hindered
