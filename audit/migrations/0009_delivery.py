import django.db.models.deletion
from django.db import migrations, models

from audit.append_only import append_only_sql


class Migration(migrations.Migration):
    dependencies = [("audit", "0008_export")]

    operations = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("witness", models.CharField(help_text="Its name in AUDIT_WITNESSES.", max_length=300)),
                ("tried_at", models.DateTimeField()),
                ("succeeded", models.BooleanField()),
                (
                    "answer",
                    models.TextField(
                        blank=True,
                        help_text="The lines by which the witness cosigned, or one sentence about what went wrong.",
                    ),
                ),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="deliveries", to="audit.checkpoint"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "default_permissions": (),
                "indexes": [models.Index(fields=["witness", "succeeded", "-id"], name="audit_delivery_witness")],
            },
        ),
        migrations.CreateModel(
            name="Stamp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "token",
                    models.BinaryField(help_text="The authority's whole answer: what `openssl ts -verify -in` reads."),
                ),
                ("stamped_at", models.DateTimeField(help_text="The time that the authority says.")),
                ("authority", models.CharField(max_length=300)),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="stamps", to="audit.checkpoint"
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("checkpoint", "authority"), name="audit_stamp_once_by_an_authority"
                    )
                ],
            },
        ),
        migrations.RunSQL(*append_only_sql("audit_delivery")),
        migrations.RunSQL(*append_only_sql("audit_stamp")),
    ]
