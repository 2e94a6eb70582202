from django.db import migrations

from audit.append_only import stays_as_it_ended_sql


class Migration(migrations.Migration):
    dependencies = [("audit", "0011_entries_are_of_one_form")]

    operations = [migrations.RunSQL(*stays_as_it_ended_sql("audit_verification", "ended_at"))]
