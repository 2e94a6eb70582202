"""PostgreSQL refuses what the two-person rule forbids of assessments and conclusions, whoever writes."""

import hashlib

import pytest

from identification.models import Person
from review.models import Conclusion
from tests.attempts import Attempts
from tests.review_scene import Scene, both_find_nobody, insert

ATTEMPTS = Attempts()
forbidden_by = ATTEMPTS.forbidden_by


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


@forbidden_by("assessment_binds_the_reviews_evidence")
def assessment_on_other_evidence_than_the_reviews(scene: Scene):
    other = {"evidence_sha256": hashlib.sha256(b"another").hexdigest()}
    return "review_assessment", scene.assessment(scene.first, scene.assign(scene.first), **other)


@forbidden_by("conclusion_binds_the_reviews_evidence")
def conclusion_on_other_evidence_than_was_signed(scene: Scene):
    both_find_nobody(scene)
    return "review_conclusion", scene.conclusion(evidence_sha256=hashlib.sha256(b"another").hexdigest())


@forbidden_by("conclusion_fuses_ratings_on_their_scale")
def conclusion_with_a_rating_beyond_the_scale(scene: Scene):
    both_find_nobody(scene)
    return "review_conclusion", scene.conclusion(fused_rating=3.5)


@forbidden_by("conclusion_fuses_ratings_on_their_scale")
def unsuitable_conclusion_with_a_rating(scene: Scene):
    for slot, reviewer in enumerate((scene.first, scene.second), start=1):
        scene.assess(reviewer, slot, suitability="unsuitable")
    row = scene.conclusion(finding="unsuitable", outcome="unsuitable", fused_rating=-1)
    return "review_conclusion", row


@forbidden_by("conclusion_says_what_was_found")
def conclusion_of_two_who_are_undecided_about_the_same_person(scene: Scene):
    for slot, reviewer in enumerate((scene.first, scene.second), start=1):
        scene.assess(reviewer, slot, scene.people[0], level=0)
    return "review_conclusion", scene.conclusion(finding="undecided")


@pytest.mark.parametrize("name", ATTEMPTS)
def test_database_refuses_by_these_constraints_and_by_nothing_else(scene: Scene, name: str) -> None:
    ATTEMPTS.make(name, scene)


def test_what_two_people_agree_on_is_accepted(scene: Scene) -> None:
    """Or the refusals above would say nothing."""
    scene.assess(scene.first, 1, scene.people[0])
    scene.assess(scene.second, 2, scene.people[0], level=1)
    insert("review_conclusion", scene.conclusion(**scene.names(scene.people[0])))
    assert Conclusion.objects.get().person == scene.people[0]
