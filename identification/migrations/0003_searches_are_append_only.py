"""What a search proposed can't be changed afterwards."""

from django.db import migrations

from identification.constraints import APPEND_ONLY_SQL


class Migration(migrations.Migration):
    dependencies = [("identification", "0002_rules_over_several_columns"), ("audit", "0003_entry_is_append_only")]
    operations = [migrations.RunSQL(*sql) for sql in APPEND_ONLY_SQL]
