"""Nothing leads round the two-person rule: no NULL, no delay, no row changed afterwards, no other role."""

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, transaction

from review.models import Assessment, Conclusion
from tests.audit_fixtures import app_connection
from tests.review_scene import Scene, both_find_nobody, execute, insert, insertion, refused


def test_nothing_that_the_rule_leans_on_may_be_missing(scene: Scene) -> None:
    """A foreign key over several columns does not look where one of them is NULL."""
    both_find_nobody(scene)
    assessment = scene.assessment(scene.third, scene.assign(scene.third, 3))
    of_conclusion = ("first_reviewer_id", "second_reviewer_id", "requested_by_id", "finding", "outcome")
    of_assessment = ("assignment_id", "review_id", "reviewer_id", "requested_by_id", "search_id", "part")
    for table, row, columns in (
        ("review_conclusion", scene.conclusion(), of_conclusion),
        ("review_assessment", assessment, of_assessment),
    ):
        for column in columns:
            with pytest.raises(IntegrityError, match="not-null") as caught:
                insert(table, row | {column: None})
            assert caught.value.__cause__.diag.column_name == column  # type: ignore[union-attr]


def test_finding_can_not_be_written_by_hand(scene: Scene) -> None:
    row = scene.assessment(scene.first, scene.assign(scene.first), finding=f"person:{scene.people[0].pk}")
    with pytest.raises(DatabaseError, match='column "finding"'):
        insert("review_assessment", row)


@pytest.mark.parametrize(
    ("level", "finding"), [(3, "person"), (1, "person"), (0, "undecided"), (-1, "none"), (-3, "none"), (None, "none")]
)
def test_only_support_retains_a_person(scene: Scene, level: int | None, finding: str) -> None:
    scene.assess(scene.first, 1, scene.people[0] if level is not None else None, level=level)
    assert Assessment.objects.get().finding.split(":")[0] == finding


def test_models_are_refused_like_plain_sql(scene: Scene) -> None:
    both_find_nobody(scene)
    with refused("conclusion_by_two_different_people"), transaction.atomic():
        Conclusion.objects.create(**scene.conclusion(second_reviewer_id=scene.first.pk))


def test_rules_can_not_be_put_off_to_the_end_of_the_transaction(scene: Scene) -> None:
    execute("SET CONSTRAINTS ALL DEFERRED")
    with refused("conclusion_first_reviewer_signed_this_finding"):
        insert("review_conclusion", scene.conclusion())


def test_what_was_signed_leans_on_rows_that_stay(scene: Scene) -> None:
    """The requester can't be changed into somebody else afterwards, nor a signature given to somebody else."""
    third = scene.third.pk
    attempts = {
        f"UPDATE identification_photograph SET uploaded_by_id = {third} WHERE case_id IS NOT NULL":
            "identification_photograph_never_restates",
        f"UPDATE identification_probe SET requested_by_id = {third}": "identification_probe_is_append_only",
        f"UPDATE review_review SET requested_by_id = {third}": "review_review_never_restates",
        f"UPDATE review_assignment SET requested_by_id = {third}": "review_assignment_never_restates",
        f"UPDATE review_assignment SET reviewer_id = {third} WHERE slot = 1": "review_assignment_never_restates",
        "UPDATE review_assignment SET part = 'adjudicator'": "review_assignment_never_restates",
        "UPDATE review_review SET reviewers_required = 1": "review_review_never_restates",
        "UPDATE identification_purposepolicy SET reviewers = 1": "policy_never_below_two_reviewers",
    }  # fmt: skip
    both_find_nobody(scene)
    for statement, constraint in attempts.items():
        with refused(constraint):
            execute(statement)


def test_requester_is_not_swapped_on_all_sides_by_one_statement_before_anybody_signs(scene: Scene) -> None:
    """Foreign keys are checked at the end of a statement; what keeps the requester must not wait for that."""
    third = scene.third.pk
    with pytest.raises(DatabaseError, match=r"never_restates|append_only"):
        execute(
            f"WITH a AS (UPDATE identification_photograph SET uploaded_by_id = {third} WHERE case_id IS NOT NULL),"
            f" b AS (UPDATE identification_probe SET requested_by_id = {third})"
            f" UPDATE review_review SET requested_by_id = {third}"
        )


@pytest.mark.django_db(transaction=True)
def test_role_of_web_and_workers_concludes_only_what_two_people_signed(scene: Scene) -> None:
    both_find_nobody(scene)
    one_twice = scene.conclusion(second_reviewer_id=scene.first.pk)
    by_requester = scene.conclusion(first_reviewer_id=scene.requester.pk)
    unsigned = scene.conclusion(second_reviewer_id=scene.third.pk)
    with app_connection() as app:
        for row, constraint in (
            (one_twice, "conclusion_by_two_different_people"),
            (by_requester, "conclusion_never_by_the_requester"),
            (unsigned, "conclusion_second_reviewer_signed_this_finding"),
        ):
            with pytest.raises(psycopg.IntegrityError) as caught:
                app.execute(*insertion("review_conclusion", row))
            assert caught.value.diag.constraint_name == constraint
        assert not Conclusion.objects.exists()
        app.execute(*insertion("review_conclusion", scene.conclusion()))
    assert Conclusion.objects.get().outcome == "no_candidate"
