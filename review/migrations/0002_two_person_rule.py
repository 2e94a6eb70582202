"""The two-person rule: foreign keys over several columns (review/constraints.py says how they hold it)."""

from django.db import migrations

from review.constraints import FOREIGN_KEY_SQL


class Migration(migrations.Migration):
    dependencies = [("review", "0001_initial"), ("identification", "0002_rules_over_several_columns")]
    operations = [migrations.RunSQL(*sql) for sql in FOREIGN_KEY_SQL]
