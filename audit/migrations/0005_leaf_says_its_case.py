from django.db import migrations

# Entries of version 1 say no case in their leaf and none in the column.
CASE = """
ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_case_is_of_canonical
    CHECK (case_id = coalesce(canonical::jsonb ->> 'case', ''))
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_tree")]

    operations = [
        migrations.RunSQL(CASE, "ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_case_is_of_canonical"),
    ]
