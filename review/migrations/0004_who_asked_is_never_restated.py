"""Who asked, for what and in which part can't be changed by any UPDATE, not even on both sides at once."""

from django.db import migrations

from review.constraints import NEVER_RESTATED_SQL


class Migration(migrations.Migration):
    dependencies = [("review", "0003_signed_work_is_append_only")]
    operations = [migrations.RunSQL(*sql) for sql in NEVER_RESTATED_SQL]
