from django.db import migrations

from audit.append_only import append_only_sql


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_entry_holds_its_hash")]

    operations = [migrations.RunSQL(*append_only_sql("audit_entry"))]
