from django.db import migrations

# The leaf hash is that of the canonical text as it is stored: RFC 6962, SHA-256(0x00 || text).
LEAF_HASH = """
ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_leaf_hash_is_of_canonical
    CHECK (sha256('\\x00'::bytea || convert_to(canonical, 'UTF8')) = leaf_hash)
"""
# Whoever asks by a column gets what was hashed. Containment of a flat object is equality of its keys,
# null included; to_char fixes how the time is written.
COLUMNS = """
ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_columns_are_of_canonical CHECK (
    canonical::jsonb @> jsonb_build_object(
        'uid', uid,
        'kind', kind,
        'recorded_at', to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'actor', actor_id,
        'agency', agency_id,
        'subject_type', subject_type,
        'subject_id', subject_id,
        'purpose', purpose,
        'request_id', request_id
    )
)
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_entry")]

    operations = [
        migrations.RunSQL(LEAF_HASH, "ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_leaf_hash_is_of_canonical"),
        migrations.RunSQL(COLUMNS, "ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_columns_are_of_canonical"),
    ]
