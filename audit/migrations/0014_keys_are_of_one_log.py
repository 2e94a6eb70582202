from django.db import migrations

from audit.key_rules import key_rules_sql


class Migration(migrations.Migration):
    dependencies = [("audit", "0013_newest_answer_is_found")]

    operations = [migrations.RunSQL(*key_rules_sql())]
