from django.db import migrations

from audit.payload_rules import today_sql


class Migration(migrations.Migration):
    """What an entry says of who signed what can't be erased either."""

    dependencies = [("audit", "0017_what_keeps_from_signing_is_kept")]

    operations = [migrations.RunSQL(today_sql(), migrations.RunSQL.noop)]
