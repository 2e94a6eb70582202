"""What stands under each key of a payload, in all kinds alike; a kind says where it differs.

Words that the apps choose from (roles, purposes, findings) are repeated here, as the log reads no app but accounts;
a test holds them to what the apps have.
"""

from audit.kinds.values import (
    CODE,
    COUNT,
    DAY,
    DECIMAL,
    DIGITS,
    KEY_ID,
    KIND,
    MODEL,
    NAME,
    NAME_AND_VERSION,
    NO_SHA256,
    NOTHING,
    ROLE_NAME,
    SHA256,
    UUID,
    VERIFIER_KEY,
    VERSION,
    YES_OR_NO,
    Shape,
    either,
    like,
    list_of,
    object_of,
    one_of,
)

# Where somebody stood who has no account here: the operator.
AT_COMMAND_LINE = "command-line"
ROLE = one_of("intake", "reviewer", "adjudicator", "liaison", "asserter", "auditor", "administrator")
PURPOSE = one_of("deceased", "captured", "missing", "incident")
SUITABILITY = one_of("suitable", "limited", "unsuitable")
LIMITATION = one_of("pose", "light", "sharpness", "occlusion", "expression", "injury", "post_mortem")
IDENTIFIER_KIND = one_of(
    "fingerprints", "dental", "dna", "document", "tattoo", "scar", "effects", "statement", "location"
)
FINDING = like("person:[0-9a-f-]{36}|none|unsuitable|undecided", "a finding", "none")
# A policy goes by its purpose.
SUBJECT_ID = either(UUID, DIGITS, PURPOSE)
# As audit/selectors.py has them, and `not_said` where some were left out of an entry that everybody may read.
FILTERS = object_of(
    {
        "kind": KIND,
        "person": COUNT,
        "since": DAY,
        "until": DAY,
        "case": UUID,
        "purpose": PURPOSE,
        "subject_type": MODEL,
        "subject_id": SUBJECT_ID,
        "not_said": list_of(CODE),
    }
)
DISSENT = list_of(object_of({"assessment": UUID, "document_sha256": SHA256}, whole=True))

_GROUPS: dict[Shape, str] = {
    UUID: "assessment calibration case correction embedding export face finding gallery home identifier person"
    " photograph probe reference review search uid",
    list_of(UUID): "assessments candidate_ids candidate_references face_ids galleries identifiers",
    SHA256: "basis_sha256 data_sha256 document_sha256 embedding_sha256 file_sha256 header_sha256 manifest_sha256"
    " reason_sha256 references_sha256 root settings_sha256 source_sha256 weights_sha256",
    either(SHA256, NO_SHA256, NOTHING): "sha256 signed_root",
    list_of(SHA256): "documents",
    COUNT: "answers_for asked_by attempts before bytes candidate candidates cap comparisons count dimension done drawn"
    " embedded embeddings_deleted embeddings_kept entries faces gallery_size height held_by helper holder index"
    " lease_seconds left_out list_length listed number orientation people persons requested_by retained reviews rows"
    " signatures signed_size size width",
    list_of(COUNT): "gallery_sizes hold reviewers",
    YES_OR_NO: "active adjudicated handed_over has_password pictures",
    DIGITS: "seed",
    list_of(DECIMAL): "box landmarks scores",
    either(DECIMAL, NOTHING): "cut_off",
    list_of(CODE): "fields sections",
    either(COUNT, CODE): "page",
    NAME_AND_VERSION: "encoder",
    NAME: "name",
    VERSION: "version",
    KEY_ID: "key_id",
    VERIFIER_KEY: "vkey",
    ROLE_NAME: "database_role",
    ROLE: "role",
    PURPOSE: "purpose",
    list_of(PURPOSE): "purposes",
    SUITABILITY: "suitability",
    list_of(LIMITATION): "limitations",
    IDENTIFIER_KIND: "identifier_kind",
    either(UUID, NOTHING): "refers_to",
    one_of("humanitarian", "incident"): "gallery_kind",
    one_of("reviewer", "adjudicator"): "part",
    one_of("confirmed", "not_confirmed"): "verdict",
    one_of(AT_COMMAND_LINE): "at",
    one_of("exact"): "method",
    one_of("request", "retention", "unlawful", "order"): "basis",
    one_of("photographs", "searches", "reviewing", "views"): "what",
    like("image/[a-z]{2,10}", "a type of picture", "image/jpeg"): "media_type",
    like("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z", "a time", "2026-11-14T14:05:00Z"): "until",
    one_of("bundle", "csv", "jsonl"): "format",
    CODE: "code",
    one_of("derivative", "crop", "box", "close", "whole", "report"): "variant",
    FILTERS: "filters",
    DISSENT: "dissent",
}
# Keys that hold an account: who is behind what the program wrote by itself, and so has no actor.
PEOPLE = ("answers_for", "asked_by", "held_by", "requested_by")
KEYS: dict[str, Shape] = {key: shape for shape, keys in _GROUPS.items() for key in keys.split()}
