"""The rules over several columns of evidence, notes and corroboration (review/constraints.py says how they hold)."""

from django.db import migrations

from review.constraints import (
    EVIDENCE_NEVER_RESTATED_SQL,
    WORKSTATION_APPEND_ONLY_SQL,
    WORKSTATION_NEVER_RESTATED_SQL,
    WORKSTATION_SQL,
)


class Migration(migrations.Migration):
    dependencies = [("review", "0010_corroboration")]
    operations = [
        migrations.RunSQL(*sql)
        for sql in (
            *WORKSTATION_SQL,
            EVIDENCE_NEVER_RESTATED_SQL,
            *WORKSTATION_NEVER_RESTATED_SQL,
            *WORKSTATION_APPEND_ONLY_SQL,
        )
    ]
