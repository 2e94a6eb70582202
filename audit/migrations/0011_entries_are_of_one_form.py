from django.conf import settings
from django.db import migrations, models

from audit.leaf_rules import leaf_rules_sql
from audit.payload_rules import today_sql


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_people_may_assert_identity"), ("audit", "0010_verification")]

    operations = [
        migrations.AlterField(
            "entry",
            "actor",
            models.ForeignKey(
                settings.AUTH_USER_MODEL,
                models.PROTECT,
                db_constraint=False,
                db_index=False,
                null=True,
                related_name="+",
            ),
        ),
        migrations.AlterField(
            "entry",
            "agency",
            models.ForeignKey(
                "accounts.agency", models.PROTECT, db_constraint=False, db_index=False, null=True, related_name="+"
            ),
        ),
        migrations.RunSQL(*leaf_rules_sql()),
        migrations.RunSQL(today_sql(), migrations.RunSQL.noop),
    ]
