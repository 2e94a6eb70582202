from django.db import migrations

from audit.append_only import append_only_sql

TABLES = ("audit_leaf", "audit_subtree", "audit_signingkey", "audit_checkpoint", "audit_checkpointrequest")


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_payload_is_kept_or_erased")]

    operations = [migrations.RunSQL(*append_only_sql(table)) for table in TABLES]
