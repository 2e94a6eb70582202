import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0009_delivery"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked_at", models.DateTimeField(auto_now_add=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("running", "Under way"), ("held", "All of it holds"), ("failed", "It doesn't hold")],
                        default="running",
                        max_length=7,
                    ),
                ),
                (
                    "size",
                    models.BigIntegerField(
                        help_text="How many entries it goes over: all that had a place when it began."
                    ),
                ),
                (
                    "kept",
                    models.BinaryField(default=bytes, help_text="The frontier at that size that the sequencer kept."),
                ),
                ("done", models.BigIntegerField(default=0)),
                ("frontier", models.BinaryField(default=bytes)),
                (
                    "checkpoints",
                    models.PositiveIntegerField(default=0, help_text="How many checkpoints were compared so far."),
                ),
                (
                    "erased",
                    models.PositiveBigIntegerField(
                        default=0, help_text="How many payloads are erased, each by an entry."
                    ),
                ),
                (
                    "lease",
                    models.UUIDField(
                        default=uuid.uuid4, help_text="Drawn anew by whoever takes it up; only they go on."
                    ),
                ),
                ("leased_until", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "finding",
                    models.TextField(blank=True, help_text="The first thing that doesn't hold, in one sentence."),
                ),
                (
                    "at_entry",
                    models.BigIntegerField(
                        help_text="The place in the log at which it doesn't hold, if any.", null=True
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        help_text="Empty where it was asked for at the command line.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "running")), fields=("state",), name="audit_verification_one_runs"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state", "running")),
                            models.Q(models.Q(("state", "running"), _negated=True), ("ended_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="audit_verification_ends_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), models.Q(("finding", ""), _negated=True)),
                            models.Q(models.Q(("state", "failed"), _negated=True), ("finding", "")),
                            _connector="OR",
                        ),
                        name="audit_verification_says_what_fails",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "held"), _negated=True), ("done", models.F("size")), _connector="OR"
                        ),
                        name="audit_verification_holds_as_a_whole",
                    ),
                ],
            },
        ),
    ]
