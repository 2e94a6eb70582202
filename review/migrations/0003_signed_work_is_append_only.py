"""Assessments and conclusions are written once."""

from django.db import migrations

from review.constraints import APPEND_ONLY_SQL


class Migration(migrations.Migration):
    dependencies = [("review", "0002_two_person_rule"), ("audit", "0003_entry_is_append_only")]
    operations = [migrations.RunSQL(*sql) for sql in APPEND_ONLY_SQL]
