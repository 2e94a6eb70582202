"""PostgreSQL refuses what the two-person rule forbids, whoever writes.

Every test goes round the services with plain SQL. `ATTEMPTS` names, for each thing forbidden, the constraints that
stand in its way, outermost first. Each attempt is made as things are and then again with these constraints dropped
one after another, until the row goes in: so each of them holds by itself, and a constraint made inert would be noticed.
"""

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import User
from identification.models import Person, PurposePolicy
from review.models import Assessment, Assignment, Conclusion, Review
from tests import factories
from tests.review_scene import Scene, both_find_nobody, execute, insert, refused

Attempt = Callable[[Scene], tuple[str, dict[str, Any]]]
ATTEMPTS: dict[str, tuple[Attempt, tuple[str, ...]]] = {}


def forbidden_by(*constraints: str) -> Callable[[Attempt], Attempt]:
    def note(attempt: Attempt) -> Attempt:
        ATTEMPTS[attempt.__name__] = attempt, constraints
        return attempt

    return note


@forbidden_by("conclusion_by_two_different_people")
def conclusion_with_one_reviewer_twice(scene: Scene):
    both_find_nobody(scene)
    return "review_conclusion", scene.conclusion(second_reviewer_id=scene.first.pk)


@forbidden_by("conclusion_never_by_the_requester", "conclusion_first_reviewer_signed_this_finding")
def conclusion_with_the_requester_as_first_reviewer(scene: Scene):
    both_find_nobody(scene)
    return "review_conclusion", scene.conclusion(first_reviewer_id=scene.requester.pk)


@forbidden_by("conclusion_never_by_the_requester", "conclusion_second_reviewer_signed_this_finding")
def conclusion_with_the_requester_as_second_reviewer(scene: Scene):
    both_find_nobody(scene)
    return "review_conclusion", scene.conclusion(second_reviewer_id=scene.requester.pk)


@forbidden_by("conclusion_requester_is_the_reviews", "conclusion_first_reviewer_signed_this_finding")
def conclusion_by_the_requester_under_another_requesters_name(scene: Scene):
    both_find_nobody(scene)
    row = scene.conclusion(first_reviewer_id=scene.requester.pk, requested_by_id=scene.outsider.pk)
    return "review_conclusion", row


@forbidden_by("conclusion_requester_is_the_reviews")
def conclusion_with_a_misstated_requester(scene: Scene):
    both_find_nobody(scene)
    return "review_conclusion", scene.conclusion(requested_by_id=scene.outsider.pk)


@forbidden_by("conclusion_second_reviewer_signed_this_finding")
def conclusion_of_the_first_reviewers_finding_when_the_second_differs(scene: Scene):
    scene.assess(scene.first, 1, scene.people[0])
    scene.assess(scene.second, 2)
    return "review_conclusion", scene.conclusion(**scene.names(scene.people[0]))


@forbidden_by("conclusion_first_reviewer_signed_this_finding")
def conclusion_of_the_second_reviewers_finding_when_the_first_differs(scene: Scene):
    scene.assess(scene.first, 1, scene.people[0])
    scene.assess(scene.second, 2)
    return "review_conclusion", scene.conclusion()


@forbidden_by("conclusion_second_reviewer_signed_this_finding")
def conclusion_when_both_retain_but_different_people(scene: Scene):
    scene.assess(scene.first, 1, scene.people[0])
    scene.assess(scene.second, 2, scene.people[1])
    return "review_conclusion", scene.conclusion(**scene.names(scene.people[0]))


@forbidden_by("conclusion_second_reviewer_signed_this_finding")
def conclusion_when_one_supports_and_the_other_supports_neither(scene: Scene):
    scene.assess(scene.first, 1, scene.people[0])
    scene.assess(scene.second, 2, scene.people[0], level=0)
    return "review_conclusion", scene.conclusion(**scene.names(scene.people[0]))


@forbidden_by("conclusion_second_reviewer_signed_this_finding")
def conclusion_when_one_found_nobody_and_the_other_the_photograph_unsuitable(scene: Scene):
    scene.assess(scene.first, 1)
    scene.assess(scene.second, 2, suitability="unsuitable")
    return "review_conclusion", scene.conclusion()


@forbidden_by("conclusion_second_reviewer_signed_this_finding")
def conclusion_with_a_reviewer_who_signed_nothing(scene: Scene):
    scene.assess(scene.first, 1)
    scene.assign(scene.second, 2)
    return "review_conclusion", scene.conclusion()


@forbidden_by("conclusion_first_reviewer_signed_this_finding", "conclusion_second_reviewer_signed_this_finding")
def conclusion_with_two_phantoms(scene: Scene):
    return "review_conclusion", scene.conclusion()


@forbidden_by("conclusion_first_reviewer_signed_this_finding", "conclusion_second_reviewer_signed_this_finding")
def conclusion_with_a_finding_that_nobody_signed(scene: Scene):
    both_find_nobody(scene)
    return "review_conclusion", scene.conclusion(finding="unsuitable", outcome="unsuitable")


@forbidden_by("conclusion_says_what_was_found")
def conclusion_that_names_a_person_whom_the_finding_does_not_name(scene: Scene):
    scene.assess(scene.first, 1, scene.people[0])
    scene.assess(scene.second, 2, scene.people[0])
    return "review_conclusion", scene.conclusion(**scene.names(scene.people[0]) | {"person_id": scene.people[1].pk})


@forbidden_by("conclusion_says_what_was_found")
def conclusion_that_names_a_person_when_nobody_was_found(scene: Scene):
    both_find_nobody(scene)
    return "review_conclusion", scene.conclusion(outcome="concordant", person_id=scene.people[0].pk)


@forbidden_by("review_conclusion_pkey")
def second_conclusion_of_a_review(scene: Scene):
    both_find_nobody(scene)
    scene.assess(scene.third, 3)
    insert("review_conclusion", scene.conclusion())
    return "review_conclusion", scene.conclusion(second_reviewer_id=scene.third.pk)


@forbidden_by("assessment_never_by_the_requester", "assessment_is_by_the_person_assigned")
def assessment_by_the_requester(scene: Scene):
    assignment = scene.assign(scene.first)
    return "review_assessment", scene.assessment(scene.requester, assignment)


@forbidden_by("assessment_requester_is_the_reviews")
def assessment_with_a_misstated_requester(scene: Scene):
    assignment = scene.assign(scene.first)
    return "review_assessment", scene.assessment(scene.first, assignment, requested_by_id=scene.outsider.pk)


@forbidden_by("review_assessment_assignment_id_key", "assessment_one_per_reviewer")
def second_assessment_by_the_same_reviewer(scene: Scene):
    assignment = scene.assign(scene.first)
    insert("review_assessment", scene.assessment(scene.first, assignment))
    return "review_assessment", scene.assessment(scene.first, assignment, person_id=scene.people[0].pk, level=3)


@forbidden_by("assessment_is_by_the_person_assigned")
def assessment_by_somebody_without_a_place(scene: Scene):
    return "review_assessment", scene.assessment(scene.second, scene.assign(scene.first))


@forbidden_by("assessment_is_by_the_person_assigned")
def assessment_in_another_part_than_assigned(scene: Scene):
    return "review_assessment", scene.assessment(scene.first, scene.assign(scene.first), part="adjudicator")


@forbidden_by("assessment_one_adjudication_per_review")
def second_adjudication_of_a_review(scene: Scene):
    both_find_nobody(scene)
    for slot, adjudicator in enumerate((scene.third, scene.outsider), start=1):
        assignment = scene.assign(adjudicator, slot, part="adjudicator")
        row = scene.assessment(adjudicator, assignment, part="adjudicator")
        if adjudicator == scene.third:
            insert("review_assessment", row)
    return "review_assessment", row


@forbidden_by("assessment_person_was_a_candidate")
def assessment_of_a_person_who_was_no_candidate(scene: Scene):
    stranger = Person.objects.create(gallery=scene.people[0].gallery, name="Enrolled later")
    named = {"person_id": stranger.pk, "level": 3}
    return "review_assessment", scene.assessment(scene.first, scene.assign(scene.first), **named)


@forbidden_by("assessment_search_is_the_reviews")
def assessment_of_another_search(scene: Scene):
    other = scene.search_for_another()
    return "review_assessment", scene.assessment(scene.first, scene.assign(scene.first), search_id=other.pk)


@forbidden_by("assessment_unsuitable_names_nobody")
def unsuitable_assessment_that_names_a_person(scene: Scene):
    named = {"suitability": "unsuitable", "person_id": scene.people[0].pk, "level": 1}
    return "review_assessment", scene.assessment(scene.first, scene.assign(scene.first), **named)


@forbidden_by("assessment_unsuitable_names_nobody")
def assessment_of_a_suitability_that_nobody_defined(scene: Scene):
    return "review_assessment", scene.assessment(scene.first, scene.assign(scene.first), suitability="fine")


@forbidden_by("assessment_grades_the_person_it_names")
def assessment_with_a_level_for_nobody(scene: Scene):
    return "review_assessment", scene.assessment(scene.first, scene.assign(scene.first), level=2)


@forbidden_by("assessment_grades_the_person_it_names")
def assessment_of_a_person_without_a_level(scene: Scene):
    named = {"person_id": scene.people[0].pk}
    return "review_assessment", scene.assessment(scene.first, scene.assign(scene.first), **named)


@forbidden_by("assessment_grades_the_person_it_names")
def assessment_beyond_the_scale(scene: Scene):
    named = {"person_id": scene.people[0].pk, "level": 4}
    return "review_assessment", scene.assessment(scene.first, scene.assign(scene.first), **named)


@forbidden_by("assessment_gives_a_rationale")
def assessment_without_a_rationale(scene: Scene):
    return "review_assessment", scene.assessment(scene.first, scene.assign(scene.first), rationale="")


@forbidden_by("assessment_hash_is_of_its_document")
def assessment_whose_hash_is_not_its_documents(scene: Scene):
    wrong = {"document_sha256": hashlib.sha256(b"another").hexdigest()}
    return "review_assessment", scene.assessment(scene.first, scene.assign(scene.first), **wrong)


def _assignment(scene: Scene, reviewer: User, **changes: Any) -> tuple[str, dict[str, Any]]:
    """Return the row of a place without writing it."""
    with transaction.atomic():
        found = Assignment.objects.filter(pk=scene.assign(scene.outsider, 9)).values().get()
        transaction.set_rollback(True)
    return "review_assignment", found | {"id": uuid.uuid4(), "slot": 1, "reviewer_id": reviewer.pk} | changes


@forbidden_by("assignment_never_to_the_requester")
def place_for_the_requester(scene: Scene):
    return _assignment(scene, scene.requester)


@forbidden_by("assignment_requester_is_the_reviews")
def place_for_the_requester_under_another_requesters_name(scene: Scene):
    return _assignment(scene, scene.requester, requested_by_id=scene.outsider.pk)


@forbidden_by("assignment_one_per_person", "assignment_one_open_per_person")
def two_places_for_one_person(scene: Scene):
    scene.assign(scene.first, 1)
    return _assignment(scene, scene.first, slot=2)


@forbidden_by("assignment_one_per_person", "assignment_one_open_per_person")
def adjudication_by_one_of_the_reviewers(scene: Scene):
    both_find_nobody(scene)
    return _assignment(scene, scene.second, part="adjudicator")


@forbidden_by("assignment_one_per_person")
def place_for_a_person_who_declined(scene: Scene):
    scene.assign(scene.first, 1, state="declined")
    return _assignment(scene, scene.first)


@forbidden_by("assignment_slot_held_by_one")
def two_people_in_one_slot(scene: Scene):
    scene.assign(scene.first, 1)
    return _assignment(scene, scene.second)


@forbidden_by("assignment_slot_held_by_one")
def slot_of_somebody_who_has_signed(scene: Scene):
    scene.assign(scene.first, 1, state="signed")
    return _assignment(scene, scene.second)


@forbidden_by("assignment_to_a_known_part")
def place_in_a_part_that_does_not_exist(scene: Scene):
    return _assignment(scene, scene.first, part="both")


@forbidden_by("assignment_analysis_is_dated")
def analysis_without_a_date(scene: Scene):
    return _assignment(scene, scene.first, suitability="suitable")


def _review(scene: Scene, **changes: Any) -> tuple[str, dict[str, Any]]:
    """Return the row of one more review of the same probe, over a second search."""
    Review.objects.filter(pk=scene.review.pk).update(state="inconclusive")
    search = scene.review.search
    search.pk = uuid.uuid4()
    search._state.adding = True
    search.save()
    row = Review.objects.filter(pk=scene.review.pk).values().get()
    return "review_review", row | {"id": uuid.uuid4(), "search_id": search.pk, "state": "open"} | changes


@forbidden_by("review_requester_is_the_probes")
def review_with_a_misstated_requester(scene: Scene):
    return _review(scene, requested_by_id=scene.first.pk)


@forbidden_by("review_by_two_or_more")
def review_by_one(scene: Scene):
    return _review(scene, reviewers_required=1)


@forbidden_by("review_one_unfinished_per_probe")
def two_unfinished_reviews_of_one_probe(scene: Scene):
    table, row = _review(scene)
    Review.objects.filter(pk=scene.review.pk).update(state="discordant")
    return table, row


@forbidden_by("review_in_a_known_state")
def review_in_a_state_that_does_not_exist(scene: Scene):
    return _review(scene, state="confirmed")


@forbidden_by("review_search_is_for_its_probe")
def review_of_a_search_for_somebody_else(scene: Scene):
    table, row = _review(scene)
    other = scene.search_for_another()
    Review.objects.filter(search=other).delete()
    return table, row | {"search_id": other.pk}


@forbidden_by("review_probe_is_in_its_case")
def review_in_another_case_than_its_probe(scene: Scene):
    return _review(scene, case_id=factories.open_case(scene.requester).pk)


def _probe(scene: Scene, **changes: Any) -> tuple[str, dict[str, Any]]:
    """Return the row of a probe of another face in the same photograph."""
    face = scene.review.probe.face
    face.pk, face.ordinal, face._state.adding = uuid.uuid4(), 2, True
    face.save()
    row = type(scene.review.probe).objects.filter(pk=scene.review.probe_id).values().get()
    return "identification_probe", row | {"id": uuid.uuid4(), "face_id": face.pk} | changes


@forbidden_by("probe_requester_is_the_uploader")
def probe_with_a_misstated_requester(scene: Scene):
    return _probe(scene, requested_by_id=scene.first.pk)


@forbidden_by("policy_never_below_two_reviewers")
def policy_of_one_reviewer(scene: Scene):
    row = PurposePolicy.objects.filter(purpose="deceased").values().get()
    execute("DELETE FROM identification_purposepolicy WHERE purpose = 'deceased'")
    return "identification_purposepolicy", row | {"reviewers": 1}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_database_refuses_by_these_constraints_and_by_nothing_else(scene: Scene, name: str) -> None:
    attempt, constraints = ATTEMPTS[name]
    table, row = attempt(scene)
    execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing may be pending in a table that is altered
    for constraint in constraints:
        with refused(constraint):
            insert(table, row)
        drop(table, constraint)
    insert(table, row)


def drop(table: str, constraint: str) -> None:
    """Drop a constraint, or the unique index that a partial one is, with what leans on it; the test rolls back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s", [constraint])
        found = cursor.fetchone()
    execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint} CASCADE" if found else f"DROP INDEX {constraint}")


def test_every_rule_of_the_review_is_attempted() -> None:
    """A constraint without an attempt in this file would be one that nobody has seen at work."""
    from review.constraints import COMPOSITE_FOREIGN_KEYS

    attempted = {constraint for _, constraints in ATTEMPTS.values() for constraint in constraints}
    models = (Review, Assignment, Assessment, Conclusion)
    declared = {name for _, name, _, _ in COMPOSITE_FOREIGN_KEYS}
    declared |= {constraint.name for model in models for constraint in model._meta.constraints}
    # These four only carry foreign keys: they are unique because they contain a key.
    carriers = {"review_with_requester", "review_with_search", "assignment_with_its_person", "assessment_with_finding"}
    assert declared - attempted == carriers


def test_what_two_people_agree_on_is_accepted(scene: Scene) -> None:
    """Or the refusals above would say nothing."""
    scene.assess(scene.first, 1, scene.people[0])
    scene.assess(scene.second, 2, scene.people[0], level=1)
    insert("review_conclusion", scene.conclusion(**scene.names(scene.people[0])))
    assert Conclusion.objects.get().person == scene.people[0]
