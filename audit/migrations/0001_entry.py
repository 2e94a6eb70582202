import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(unique=True)),
                ("kind", models.CharField(max_length=80)),
                ("recorded_at", models.DateTimeField()),
                ("subject_type", models.CharField(max_length=100)),
                ("subject_id", models.CharField(max_length=64)),
                ("purpose", models.CharField(max_length=40)),
                ("request_id", models.CharField(max_length=36)),
                ("canonical", models.TextField()),
                ("leaf_hash", models.BinaryField(max_length=32)),
                (
                    "actor",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "agency",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.agency",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "entries",
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["agency", "-id"], name="audit_entry_agency"),
                    models.Index(fields=["actor", "-id"], name="audit_entry_actor"),
                    models.Index(fields=["kind", "-id"], name="audit_entry_kind"),
                    models.Index(fields=["subject_type", "subject_id"], name="audit_entry_subject"),
                    models.Index(fields=["recorded_at"], name="audit_entry_time"),
                ],
            },
        ),
    ]
