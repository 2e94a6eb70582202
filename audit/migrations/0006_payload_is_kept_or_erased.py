from django.db import migrations

from audit.payload_rules import payload_rules_sql


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_leaf_says_its_case")]

    operations = [migrations.RunSQL(*payload_rules_sql())]
