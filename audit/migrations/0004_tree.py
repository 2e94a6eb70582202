import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_people_may_assert_identity"),
        ("audit", "0003_entry_is_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("size", models.BigIntegerField(db_index=True)),
                ("root", models.BinaryField(max_length=32)),
                (
                    "frontier",
                    models.BinaryField(help_text="The roots of the complete subtrees at this size, left to right."),
                ),
                ("note", models.TextField(help_text="As it is published: text and signature.")),
                ("signed_at", models.DateTimeField()),
                (
                    "answers",
                    models.BigIntegerField(default=0, help_text="The last request that it answers; 0 for none."),
                ),
            ],
            options={
                "get_latest_by": "id",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="CheckpointRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("requested_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Leaf",
            fields=[
                ("index", models.BigIntegerField(db_column="leaf_index", primary_key=True, serialize=False)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Payload",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="said",
                        serialize=False,
                        to="audit.entry",
                    ),
                ),
                ("content", models.TextField(null=True)),
                ("salt", models.BinaryField(max_length=16, null=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="SigningKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("vkey", models.CharField(max_length=300, unique=True)),
                (
                    "handover",
                    models.TextField(
                        blank=True,
                        help_text="The note by which the key before made this one its successor; empty for the first.",
                    ),
                ),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Subtree",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("height", models.SmallIntegerField()),
                ("position", models.BigIntegerField(help_text="Counted from 0 among those of its height.")),
                ("root", models.BinaryField(max_length=32)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="TreeState",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("size", models.BigIntegerField(default=0)),
                ("frontier", models.BinaryField(default=bytes)),
                (
                    "settled",
                    models.BigIntegerField(
                        default=0, help_text="At the last look, every transaction before it had ended."
                    ),
                ),
                (
                    "floor",
                    models.BigIntegerField(
                        default=0, help_text="Entries up to this id came with a database that was restored."
                    ),
                ),
                (
                    "rehashed",
                    models.BigIntegerField(default=0, help_text="Up to here the round over old entries has come."),
                ),
                ("seen_at", models.DateTimeField(null=True)),
                (
                    "halted",
                    models.TextField(blank=True, help_text="Why nothing is signed any more; empty while all is well."),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="entry",
            name="case",
            field=models.CharField(
                db_column="case_id", default="", help_text="The id of the case that it is about, if any.", max_length=36
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="written_in",
            field=models.BigIntegerField(
                db_default=django.db.models.expressions.RawSQL("(pg_current_xact_id()::text::bigint)", ()),
                editable=False,
                help_text="The transaction that wrote it.",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("case", ""), _negated=True), fields=["case", "-id"], name="audit_entry_case"
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["written_in"], name="audit_entry_written_in"),
        ),
        migrations.AddField(
            model_name="leaf",
            name="entry",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="place", to="audit.entry"
            ),
        ),
        migrations.AddField(
            model_name="payload",
            name="erased_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="erased",
                to="audit.entry",
            ),
        ),
        migrations.AddField(
            model_name="checkpoint",
            name="key",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="checkpoints", to="audit.signingkey"
            ),
        ),
        migrations.AddConstraint(
            model_name="subtree",
            constraint=models.UniqueConstraint(fields=("height", "position"), name="audit_subtree_once"),
        ),
        migrations.AddConstraint(
            model_name="treestate",
            constraint=models.CheckConstraint(condition=models.Q(("id", 1)), name="audit_treestate_is_one_row"),
        ),
        migrations.AddConstraint(
            model_name="leaf",
            constraint=models.CheckConstraint(
                condition=models.Q(("index__gte", 0)), name="audit_leaf_counts_from_zero"
            ),
        ),
        migrations.AddConstraint(
            model_name="payload",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("content__isnull", False), ("erased_by__isnull", True), ("salt__isnull", False)),
                    models.Q(("content__isnull", True), ("erased_by__isnull", False), ("salt__isnull", True)),
                    _connector="OR",
                ),
                name="audit_payload_is_whole_or_erased_by_an_entry",
            ),
        ),
        migrations.AddConstraint(
            model_name="payload",
            constraint=models.CheckConstraint(
                condition=models.Q(("erased_by", models.F("entry")), _negated=True),
                name="audit_payload_is_erased_by_another_entry",
            ),
        ),
    ]
