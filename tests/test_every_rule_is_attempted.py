"""A constraint of the review without an attempt would be one that nobody has seen at work."""

from django.apps import apps

from review.constraints import COMPOSITE_FOREIGN_KEYS, WORKSTATION_FOREIGN_KEYS
from tests import (
    test_rules_of_agreements_and_notes,
    test_rules_of_corroboration,
    test_rules_of_reviews,
    test_two_person_rule,
)

FILES = (
    test_two_person_rule, test_rules_of_reviews, test_rules_of_corroboration, test_rules_of_agreements_and_notes,
)  # fmt: skip

# These only carry foreign keys: they are unique because they contain a key.
CARRIERS = {
    "review_with_requester", "review_with_search", "review_with_case", "review_with_evidence",
    "assignment_with_its_person", "assessment_with_finding", "assessment_with_reviewer", "conclusion_with_its_people",
    "identifier_with_its_recorder",
}  # fmt: skip


def test_every_rule_of_the_review_is_attempted() -> None:
    attempted = set().union(*(file.ATTEMPTS.constraints for file in FILES))
    declared = {name for _, name, _, _ in [*COMPOSITE_FOREIGN_KEYS, *WORKSTATION_FOREIGN_KEYS]}
    models = apps.get_app_config("review").get_models()
    declared |= {constraint.name for model in models for constraint in model._meta.constraints}
    assert declared - attempted == CARRIERS
