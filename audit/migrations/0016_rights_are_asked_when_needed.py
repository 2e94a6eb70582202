from django.db import migrations

from audit.leaf_rules import IS_OF_SOMEBODY


class Migration(migrations.Migration):
    """Once PostgreSQL planned for all values, the sequencer could no longer write: it may not read accounts."""

    dependencies = [("audit", "0015_stamp_is_kept_once")]

    operations = [migrations.RunSQL(IS_OF_SOMEBODY, migrations.RunSQL.noop)]
