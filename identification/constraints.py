"""Foreign keys over several columns, and append-only tables: rules that Django's models can't say.

Each constraint is named as the rule that it keeps. A foreign key onto (id, x) makes the row on
this side carry the same x as the row on that side, so that the rule holds against any writer.
"""

from audit.append_only import append_only_sql, never_restated_sql

# (table, name, its columns, what they refer to)
COMPOSITE_FOREIGN_KEYS = [
    # Embeddings: the vector has its encoder's dimension.
    ("embedding", "embedding_has_its_encoders_dimension", "encoder_id, dimension", "encoder (id, dimension)"),
    # A reference lies in its person's gallery, and its face comes from its own photograph there.
    ("reference", "reference_person_is_in_its_gallery", "person_id, gallery_id", "person (id, gallery_id)"),
    ("reference", "reference_photograph_is_in_its_gallery", "photograph_id, gallery_id", "photograph (id, gallery_id)"),
    ("reference", "reference_face_is_in_its_photograph", "face_id, photograph_id", "face (id, photograph_id)"),
    # Probes: the face lies in the photograph, the photograph in the case, and who uploaded it asks.
    ("probe", "probe_face_lies_in_its_photograph", "face_id, photograph_id", "face (id, photograph_id)"),
    ("probe", "probe_photograph_lies_in_its_case", "photograph_id, case_id", "photograph (id, case_id)"),
    ("probe", "probe_requester_is_the_uploader", "photograph_id, requested_by_id", "photograph (id, uploaded_by_id)"),
    # Searches: embeddings of different encoders are never compared; kinds of gallery and agencies never mix.
    ("search", "search_probe_lies_in_its_case", "probe_id, case_id", "probe (id, case_id)"),
    ("search", "search_is_for_the_probes_face", "probe_id, face_id", "probe (id, face_id)"),
    ("search", "search_embedding_is_of_the_probes_face", "embedding_id, face_id", "embedding (id, face_id)"),
    ("search", "search_embedding_is_of_its_encoder", "embedding_id, encoder_id", "embedding (id, encoder_id)"),
    ("search", "search_keeps_the_cases_gallery_kind", "case_id, gallery_kind", "case (id, gallery_kind)"),
    ("search", "search_is_the_cases_agencys", "case_id, agency_id", "case (id, agency_id)"),
    ("searchedgallery", "searched_gallery_agency_is_the_searchs", "search_id, agency_id", "search (id, agency_id)"),
    ("searchedgallery", "searched_gallery_agency_is_the_gallerys", "gallery_id, agency_id", "gallery (id, agency_id)"),
    ("searchedgallery", "searched_gallery_kind_is_the_searchs", "search_id, gallery_kind", "search (id, gallery_kind)"),
    ("searchedgallery", "searched_gallery_kind_is_the_gallerys", "gallery_id, gallery_kind", "gallery (id, kind)"),
    ("candidate", "candidate_is_compared_by_the_searchs_encoder", "search_id, encoder_id", "search (id, encoder_id)"),
    ("candidate", "candidate_embedding_is_of_its_encoder", "embedding_id, encoder_id", "embedding (id, encoder_id)"),
    ("candidate", "candidate_embedding_is_of_its_face", "embedding_id, face_id", "embedding (id, face_id)"),
    ("candidate", "candidate_face_is_its_references", "reference_id, face_id", "reference (id, face_id)"),
    ("candidate", "candidate_reference_is_its_persons", "reference_id, person_id", "reference (id, person_id)"),
    ("candidate", "candidate_gallery_was_searched", "search_id, gallery_id", "searchedgallery (search_id, gallery_id)"),
    ("candidate", "candidate_person_is_in_its_gallery", "person_id, gallery_id", "person (id, gallery_id)"),
]


def composite_foreign_key_sql(table: str, name: str, columns: str, target: str) -> tuple[str, str]:
    """Return the SQL that adds the foreign key, and the SQL that drops it; target as "table (columns)"."""
    add = f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns}) REFERENCES {target}"
    return add, f"ALTER TABLE {table} DROP CONSTRAINT {name}"


# Corrections: what they replace and what came of them lie in the same photograph.
CORRECTION_FOREIGN_KEYS = [
    (
        "facecorrection",
        "correction_finding_is_in_its_photograph",
        "finding_id, photograph_id",
        "face (id, photograph_id)",
    ),
    ("facecorrection", "correction_face_is_in_its_photograph", "face_id, photograph_id", "face (id, photograph_id)"),
]


def _foreign_keys(rows: list[tuple[str, str, str, str]]) -> list[tuple[str, str]]:
    return [
        composite_foreign_key_sql(f"identification_{table}", name, columns, f"identification_{target}")
        for table, name, columns, target in rows
    ]


FOREIGN_KEY_SQL = _foreign_keys(COMPOSITE_FOREIGN_KEYS)

# What a search said, and who asked for it, can't be changed afterwards.
APPEND_ONLY_SQL = [
    append_only_sql(f"identification_{table}") for table in ("probe", "search", "searchedgallery", "candidate")
]

# Who asked, for what and with which file stays as it was from the first moment.
NEVER_RESTATED_SQL = [
    never_restated_sql("identification_case", "agency_id", "purpose", "gallery_kind", "opened_by_id"),
    never_restated_sql("identification_photograph", "case_id", "uploaded_by_id", "sha256"),
    never_restated_sql("identification_gallery", "agency_id", "kind"),
]

# A vector of up to 512 halves (1 kB) stays in the row: a scan that fetches each from TOAST takes four times as long.
PLAIN_VECTORS_SQL = (
    "ALTER TABLE identification_embedding ALTER COLUMN vector SET STORAGE PLAIN",
    "ALTER TABLE identification_embedding ALTER COLUMN vector SET STORAGE EXTENDED",
)

# What a person corrected stays as it was said; a calibration is replaced by a newer one, never changed.
CORRECTION_SQL = [
    *_foreign_keys(CORRECTION_FOREIGN_KEYS),
    never_restated_sql(
        "identification_facecorrection",
        "photograph_id",
        "kind",
        "finding_id",
        "corrected_by_id",
        '"left"',
        "top",
        "width",
        "height",
    ),
]
CALIBRATION_SQL = [append_only_sql("identification_calibration")]
