"""The two-person rule as PostgreSQL holds it.

A conclusion is one per review. Each of its two reviewers is tied by a foreign key over (review, reviewer,
finding) to an assessment that this reviewer signed with this very finding, and its requester by one over
(review, requester) to the review. All columns are NOT NULL and CHECKs keep the three people apart
(review/models). So the database itself refuses

- a reviewer who signed nothing, or signed another finding: `conclusion_first_reviewer_signed_this_finding`,
  `conclusion_second_reviewer_signed_this_finding`;
- the same person twice: `conclusion_by_two_different_people`, and two assessments by one person:
  `assessment_one_per_reviewer`;
- the requester: `conclusion_never_by_the_requester`, `assessment_never_by_the_requester`; the requester can't be
  misstated, because `probe_requester_is_the_uploader` ties it to the photograph, nor changed later on both sides at
  once: `identification_photograph_never_restates`, `review_review_never_restates`, and probes are append-only.

Foreign keys and checks, unlike code that looks and then writes, hold when two connections race.
Assessments and conclusions are append-only, so what stands can't be changed under a conclusion.

The same way hold: every signature and the conclusion bind the review's own evidence
(`assessment_binds_the_reviews_evidence`, `conclusion_binds_the_reviews_evidence`); an identifier counts when another
person than its recorder confirmed it (`verification_by_another_than_recorded_it`); an identification is of what was
concluded, by somebody else than asked or reviewed, and rests on a confirmed identifier.

What constraints can't see: whether a row in somebody's name was written by that person. Who can write as the web's role
can write in anybody's name, and an administrator can give a person a new password. Both leave their trace elsewhere.
"""

from audit.append_only import append_only_sql, never_restated_sql
from identification.constraints import composite_foreign_key_sql

_REVIEW_WITH_REQUESTER = "review_review (id, requested_by_id)"
_SIGNED_FINDING = "review_assessment (review_id, reviewer_id, finding)"

# (table, name, its columns, what they refer to)
COMPOSITE_FOREIGN_KEYS = [
    ("review", "review_probe_is_in_its_case", "probe_id, case_id", "identification_probe (id, case_id)"),
    ("review", "review_search_is_for_its_probe", "search_id, probe_id", "identification_search (id, probe_id)"),
    (
        "review",
        "review_requester_is_the_probes",
        "probe_id, requested_by_id",
        "identification_probe (id, requested_by_id)",
    ),
    ("assignment", "assignment_requester_is_the_reviews", "review_id, requested_by_id", _REVIEW_WITH_REQUESTER),
    ("assessment", "assessment_requester_is_the_reviews", "review_id, requested_by_id", _REVIEW_WITH_REQUESTER),
    ("assessment", "assessment_search_is_the_reviews", "review_id, search_id", "review_review (id, search_id)"),
    (
        "assessment",
        "assessment_person_was_a_candidate",
        "search_id, person_id",
        "identification_candidate (search_id, person_id)",
    ),
    (
        "assessment",
        "assessment_is_by_the_person_assigned",
        "assignment_id, review_id, reviewer_id, part",
        "review_assignment (id, review_id, reviewer_id, part)",
    ),
    ("conclusion", "conclusion_requester_is_the_reviews", "review_id, requested_by_id", _REVIEW_WITH_REQUESTER),
    (
        "conclusion",
        "conclusion_first_reviewer_signed_this_finding",
        "review_id, first_reviewer_id, finding",
        _SIGNED_FINDING,
    ),
    (
        "conclusion",
        "conclusion_second_reviewer_signed_this_finding",
        "review_id, second_reviewer_id, finding",
        _SIGNED_FINDING,
    ),
]

FOREIGN_KEY_SQL = [
    composite_foreign_key_sql(f"review_{table}", name, columns, target)
    for table, name, columns, target in COMPOSITE_FOREIGN_KEYS
]

NEVER_RESTATED_SQL = [
    never_restated_sql(
        "review_review", "case_id", "probe_id", "search_id", "requested_by_id", "reviewers_required", "opened_at"
    ),
    never_restated_sql("review_assignment", "review_id", "reviewer_id", "requested_by_id", "part", "seed"),
]

# Every signature and the conclusion bind the same evidence: the review's own.
_REVIEW_WITH_EVIDENCE = "review_review (id, evidence_sha256)"
_CONCLUSION_WITH_PEOPLE = (
    "review_conclusion (review_id, person_id, first_reviewer_id, second_reviewer_id, requested_by_id)"
)
WORKSTATION_FOREIGN_KEYS = [
    (
        "assessment",
        "assessment_binds_the_reviews_evidence",
        "review_id, evidence_sha256",
        _REVIEW_WITH_EVIDENCE,
    ),
    (
        "conclusion",
        "conclusion_binds_the_reviews_evidence",
        "review_id, evidence_sha256",
        _REVIEW_WITH_EVIDENCE,
    ),
    (
        "supplementarynote",
        "note_is_by_who_signed_the_assessment",
        "assessment_id, author_id",
        "review_assessment (id, reviewer_id)",
    ),
    (
        "verification",
        "verification_recorder_is_the_identifiers",
        "identifier_id, conclusion_id, recorded_by_id",
        "review_identifier (id, conclusion_id, recorded_by_id)",
    ),
    (
        "identification",
        "identification_is_of_what_was_concluded",
        "conclusion_id, person_id, first_reviewer_id, second_reviewer_id, requested_by_id",
        _CONCLUSION_WITH_PEOPLE,
    ),
    (
        "identification",
        "identification_is_in_the_reviews_case",
        "conclusion_id, case_id",
        "review_review (id, case_id)",
    ),
    (
        "identification",
        "identification_keeps_the_cases_purpose",
        "case_id, purpose",
        "identification_case (id, purpose)",
    ),
    (
        "identification",
        "identification_leading_identifier_was_confirmed",
        "leading_identifier_id, conclusion_id, leading_verdict",
        "review_verification (identifier_id, conclusion_id, verdict)",
    ),
]
WORKSTATION_SQL = [
    composite_foreign_key_sql(f"review_{table}", name, columns, target)
    for table, name, columns, target in WORKSTATION_FOREIGN_KEYS
]
WORKSTATION_NEVER_RESTATED_SQL = [
    never_restated_sql("review_agreement", "holder_id", "helper_id", "purposes", "basis", "proposed_by_id"),
]
# A trigger of its own: the one above carries its columns since it was made.
EVIDENCE_NEVER_RESTATED_SQL = (
    (
        "CREATE TRIGGER review_review_never_restates_evidence BEFORE UPDATE ON review_review FOR EACH ROW"
        " WHEN (OLD.evidence IS DISTINCT FROM NEW.evidence OR OLD.evidence_sha256 IS DISTINCT FROM NEW.evidence_sha256"
        " OR OLD.refers_to_id IS DISTINCT FROM NEW.refers_to_id) EXECUTE FUNCTION audit_refuse_restating();"
        " ALTER TABLE review_review ENABLE ALWAYS TRIGGER review_review_never_restates_evidence;"
    ),
    "DROP TRIGGER review_review_never_restates_evidence ON review_review",
)
WORKSTATION_APPEND_ONLY_SQL = [
    append_only_sql(f"review_{table}")
    for table in ("supplementarynote", "reopening", "identifier", "verification", "identification")
]

APPEND_ONLY_SQL = [append_only_sql(f"review_{table}") for table in ("assessment", "conclusion")]
