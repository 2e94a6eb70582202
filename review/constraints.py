"""The two-person rule as PostgreSQL holds it.

A conclusion is one per review. Each of its two reviewers is tied by a foreign key over (review, reviewer,
finding) to an assessment that this reviewer signed with this very finding, and its requester by one over
(review, requester) to the review. All columns are NOT NULL and CHECKs keep the three people apart
(review/models.py). So the database itself refuses

- a reviewer who signed nothing, or signed another finding: `conclusion_first_reviewer_signed_this_finding`,
  `conclusion_second_reviewer_signed_this_finding`;
- the same person twice: `conclusion_by_two_different_people`, and two assessments by one person:
  `assessment_one_per_reviewer`;
- the requester: `conclusion_never_by_the_requester`, `assessment_never_by_the_requester`; the requester can't be
  misstated, because `probe_requester_is_the_uploader` ties it to the photograph, nor changed later on both sides at
  once: `identification_photograph_never_restates`, `review_review_never_restates`, and probes are append-only.

Foreign keys and checks, unlike code that looks and then writes, hold when two connections race.
Assessments and conclusions are append-only, so what stands can't be changed under a conclusion.

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

APPEND_ONLY_SQL = [append_only_sql(f"review_{table}") for table in ("assessment", "conclusion")]
