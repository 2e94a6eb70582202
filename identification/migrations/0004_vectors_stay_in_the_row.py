"""Vectors are stored in the row, so that an exact search reads them in one pass."""

from django.db import migrations

from identification.constraints import PLAIN_VECTORS_SQL


class Migration(migrations.Migration):
    dependencies = [("identification", "0003_searches_are_append_only")]
    operations = [migrations.RunSQL(*PLAIN_VECTORS_SQL)]
