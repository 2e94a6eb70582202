"""Reviews, what people sign in them, and what follows. PostgreSQL holds the rules: review/constraints.py."""

from review.models.agreement import Agreement
from review.models.assessment import THIS_PERSON, Assessment, SupplementaryNote
from review.models.choices import EvidenceChange, Level, Limitation, Outcome, Part, ReviewState, Suitability
from review.models.conclusion import Conclusion, Reopening
from review.models.corroboration import Identification, Identifier, Verdict, Verification
from review.models.review import Assignment, Draft, Exposure, Review

__all__ = [
    "THIS_PERSON",
    "Agreement",
    "Assessment",
    "Assignment",
    "Conclusion",
    "Draft",
    "EvidenceChange",
    "Exposure",
    "Identification",
    "Identifier",
    "Level",
    "Limitation",
    "Outcome",
    "Part",
    "Reopening",
    "Review",
    "ReviewState",
    "Suitability",
    "SupplementaryNote",
    "Verdict",
    "Verification",
]
