"""Entries made by PostgreSQL itself, with everything that `audit.services.record` writes and the database checks."""

KIND = "identification:photograph:viewed/1"
# {from_} gives one row for each entry; `actor` and `agency` are numbers.
MADE = """
WITH drawn AS (
    SELECT gen_random_uuid() AS uid, clock_timestamp() AS at,
           decode(md5(random()::text), 'hex') AS salt,
           '{{"case":"6f1c9d1e-7a53-4d3c-9b0c-0d9a2f9e4c11","sha256":"' || encode(sha256(random()::text::bytea), 'hex')
               || '","variant":"close"}}' AS content
    {from_}
), leaf AS (
    SELECT drawn.*, '{{"actor":{actor},"actor_roles":["reviewer"],"agency":{agency},'
        || '"case":"6f1c9d1e-7a53-4d3c-9b0c-0d9a2f9e4c11","commitment":"'
        || encode(sha256(salt || convert_to(content, 'UTF8')), 'hex') || '","kind":"{kind}","purpose":"deceased",'
        || '"recorded_at":"' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        || '","request_id":"8b3c0c5e-0000-4000-8000-000000000000","subject_id":"77","subject_type":'
        || '"identification.photograph","uid":"' || uid || '","version":2}}' AS canonical
    FROM drawn
), entry AS (
    INSERT INTO audit_entry (uid, kind, recorded_at, actor_id, agency_id, subject_type, subject_id, case_id, purpose,
                             request_id, canonical, leaf_hash)
    SELECT uid, '{kind}', at, {actor}, {agency}, 'identification.photograph', '77',
           '6f1c9d1e-7a53-4d3c-9b0c-0d9a2f9e4c11', 'deceased', '8b3c0c5e-0000-4000-8000-000000000000', canonical,
           sha256('\\x00'::bytea || convert_to(canonical, 'UTF8'))
    FROM leaf RETURNING id, uid
)
INSERT INTO audit_payload (entry_id, content, salt) SELECT id, content, salt FROM entry JOIN leaf USING (uid)
"""


def insert(*, actor: int, agency: int, number: int = 1) -> str:
    """Return the statement that writes this many entries."""
    from_ = f"FROM generate_series(1, {number})" if number > 1 else ""
    return MADE.format(from_=from_, actor=actor, agency=agency, kind=KIND)
