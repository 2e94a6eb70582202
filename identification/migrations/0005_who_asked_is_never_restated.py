"""Who asked, for what and in which part can't be changed by any UPDATE, not even on both sides at once."""

from django.db import migrations

from identification.constraints import NEVER_RESTATED_SQL


class Migration(migrations.Migration):
    dependencies = [("identification", "0004_vectors_stay_in_the_row")]
    operations = [migrations.RunSQL(*sql) for sql in NEVER_RESTATED_SQL]
