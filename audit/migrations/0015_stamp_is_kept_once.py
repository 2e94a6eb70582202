from django.db import migrations, models

import audit.models.delivery


class Migration(migrations.Migration):
    """Somebody's made-up row for a checkpoint and an authority took the place that the real stamp would have had."""

    dependencies = [("audit", "0014_keys_are_of_one_log")]

    operations = [
        migrations.RemoveConstraint("stamp", "audit_stamp_once_by_an_authority"),
        migrations.AddConstraint(
            "stamp",
            models.UniqueConstraint(
                "checkpoint", "authority", audit.models.delivery.Sha256("token"), name="audit_stamp_is_kept_once"
            ),
        ),
    ]
