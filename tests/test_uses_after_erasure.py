"""The report of uses after an erasure: what is gone is called erased, and nobody is put in the place of who acted."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.db.models import Q

from accounts.models import User
from audit.erasure_reach import Selection, erase_reached, naming, of_case, survey
from audit.models import Entry
from audit.selectors import NO_FILTERS, timeline
from audit.services import record
from audit.uses import Part, searches, uses
from review.models import Conclusion
from tests import corroboration_scene
from tests.audit_fixtures import payload_for
from tests.corroboration_scene import asserted, confirmed
from tests.sequencing import sequenced

conclusion, recorder = corroboration_scene.conclusion, corroboration_scene.recorder
verifier, asserter = corroboration_scene.verifier, corroboration_scene.asserter


@pytest.fixture
def erase(administrator: User) -> Callable[[Selection], None]:
    """Erase what a selection of entries says."""

    def do(selection: Selection) -> None:
        sequenced()
        reach = survey(selection, administrator.agency)
        assert erase_reached(actor=administrator, reach=reach, basis="request", tell=lambda _done, _every: None)

    return do


@pytest.fixture
def concluded(conclusion: Conclusion, recorder: User, verifier: User, asserter: User) -> Conclusion:
    """A review that ended in an identification."""
    asserted(asserter, conclusion, confirmed(recorder, verifier, conclusion))
    return conclusion


def signers(conclusion: Conclusion) -> set[tuple[int, str]]:
    return {(each.reviewer_id, "reviewer") for each in conclusion.review.assessments.all()}


def test_use_whose_person_was_erased_stays_concluded_and_asserted(
    auditor: User, concluded: Conclusion, asserter: User, erase: Callable[[Selection], None]
) -> None:
    (before,) = uses(searches(auditor, NO_FILTERS))
    assert concluded.person is not None
    erase(naming([concluded.person.pk]))
    (use,) = uses(searches(auditor, NO_FILTERS))
    assert (use.outcome, use.ended_at) == ("erased", before.ended_at)
    assert {(part.person, part.part) for part in use.verified_by} >= {
        *signers(concluded), (asserter.pk, "asserted the identity")
    }  # fmt: skip


def test_use_whose_case_was_erased_still_says_that_two_people_signed(
    auditor: User, concluded: Conclusion, erase: Callable[[Selection], None]
) -> None:
    erase(of_case(str(concluded.review.case_id)))
    (use,) = uses(searches(auditor, NO_FILTERS))
    assert use.outcome == "erased"
    assert use.ended_at is not None
    assert {(part.person, part.part) for part in use.verified_by} >= signers(concluded)


def test_whoever_withdrew_a_reference_is_who_asked_also_when_that_is_erased(
    auditor: User, conclusion: Conclusion, second_reviewer: User, erase: Callable[[Selection], None]
) -> None:
    review, reference = conclusion.review, UUID(int=7)
    said = {"case": str(review.case_id), "probe": str(review.search.probe_id), "cause": "reference_withdrawn"}
    record(
        kind="review:review:withdrawn/2", actor=second_reviewer, subject=review, agency=auditor.agency,
        payload={**said, "signatures": 0, "reference": str(reference)},
    )  # fmt: skip
    search = Entry.objects.get(kind="identification:search:run/1")
    record(
        kind=search.kind, actor=None, subject=review.search, agency=auditor.agency, payload=search.payload or {},
    )  # fmt: skip
    (use, _) = uses(searches(auditor, NO_FILTERS))
    assert use.asked_by == Part(second_reviewer.pk, "withdrew a reference")
    erase(naming([reference]))
    (use, _) = uses(searches(auditor, NO_FILTERS))
    assert use.asked_by == Part(second_reviewer.pk, "found its evidence changed")


def test_nobody_is_said_to_have_asked_where_that_was_erased(
    auditor: User, concluded: Conclusion, erase: Callable[[Selection], None]
) -> None:
    photograph = concluded.review.search.probe.photograph_id
    erase(naming([photograph]))
    (use,) = uses(searches(auditor, NO_FILTERS))
    assert use.asked_by is None or use.asked_by.person is not None
    assert "None" not in str(use.as_row()["asked_by"])


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("review:assignment:lapsed/1", {"held_by": 7}),
        ("identification:photograph:refused/1", {"code": "damaged", "requested_by": 7}),
    ],
)
def test_what_the_program_wrote_for_somebody_is_not_called_its_own_deed(
    auditor: User, erase: Callable[[Selection], None], kind: str, payload: dict[str, object]
) -> None:
    record(kind=kind, actor=None, subject=auditor, agency=auditor.agency, payload={**payload_for(kind), **payload})
    entry = Entry.objects.get(kind=kind)
    erase(Selection("of this test", Q(pk=entry.pk)))
    (line,) = timeline(auditor, Entry.objects.filter(pk=entry.pk).select_related("said__erased_by", "place"))
    assert "somebody" in line.sentence.lower()
    assert "Countersign" not in line.sentence.partition("erased")[0]
