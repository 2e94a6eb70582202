"""Foreign keys over several columns, each named as the rule that it keeps."""

from django.db import migrations

from identification.constraints import FOREIGN_KEY_SQL


class Migration(migrations.Migration):
    dependencies = [("identification", "0001_initial")]
    operations = [migrations.RunSQL(*sql) for sql in FOREIGN_KEY_SQL]
