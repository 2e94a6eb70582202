from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0012_verification_stays_as_it_ended")]

    operations = [
        migrations.AddField(
            "checkpointrequest",
            "after",
            models.BigIntegerField(db_default=0, help_text="The newest checkpoint then; only a later one answers."),
        ),
        migrations.AddIndex("checkpoint", models.Index(fields=["answers", "id"], name="audit_checkpoint_answers")),
    ]
