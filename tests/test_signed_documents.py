"""What was signed, and what the log says of it."""

import hashlib
import json
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import rfc8785

from accounts.models import User
from audit.models import Entry
from identification.models import Person
from review.canonical import without_floats
from review.models import Assessment, Assignment, Conclusion, Draft, Review
from review.services import assessment as assessing
from review.services import queue
from review.services.exposure import reveal
from review.signed_document import meaning_of_signature
from tests import factories
from tests.audit_fixtures import written
from tests.review_steps import entries, sign, stays_unwritten

# --- What was signed ---------------------------------------------------------------------------------------------


@pytest.fixture
def signed(review: Review, people: list[Person], first_reviewer: User) -> Assessment:
    place = factories.worked_through(first_reviewer, suitability="limited", retained=people[:2])
    return sign(first_reviewer, place, person_id=people[0].pk, level=2, rationale="  Чоло, брови й підборіддя.  ")


def test_document_is_canonical_and_its_hash_is_kept(signed: Assessment) -> None:
    signed.refresh_from_db()
    assert signed.document_sha256 == hashlib.sha256(signed.document.encode()).hexdigest()
    assert rfc8785.dumps(json.loads(signed.document)) == signed.document.encode()


def test_document_holds_what_was_seen_and_said(signed: Assessment, review: Review, people: list[Person]) -> None:
    document = json.loads(signed.document)
    assert document["signature"] | {"signed_at": ""} == {
        "signer": signed.reviewer_id, "part": "reviewer",
        "meaning": meaning_of_signature(signed.assignment), "signed_at": "",
    }  # fmt: skip
    assert (document["review"], document["case"]["number"]) == (str(review.pk), review.case.number)
    assert document["probe"]["photograph_sha256"] == review.probe.photograph.sha256
    assert document["candidate_list"]["search"] == str(review.search_id)
    assert set(document["candidate_list"]["retained"]) == {str(person.pk) for person in people[:2]}
    assert document["analysis"]["suitability"] == "limited"
    assert document["finding"] == {
        "suitability": "limited", "person": str(people[0].pk), "level": 2,
        "words": "Supports that they are the same person", "rationale": "Чоло, брови й підборіддя.",
    }  # fmt: skip
    assert document["assessments_read"] == []


def test_signature_says_only_what_is_true(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, adjudicator: User
) -> None:
    def signed_words(assessment: Assessment) -> str:
        return json.loads(assessment.document)["signature"]["meaning"]

    place = factories.taken(first_reviewer)
    assessing.record_analysis(actor=first_reviewer, assignment=place, suitability="unsuitable", limitations=[])
    assert "every candidate" not in signed_words(sign(first_reviewer, place, unsuitable=True))
    words = signed_words(factories.signed(second_reviewer, people[0]))
    assert "every candidate" in words
    assert "without knowing what anybody else found" in words
    assert "without knowing" not in signed_words(factories.signed(adjudicator))


def test_document_shows_the_order_and_its_seed_gives_it_again(signed: Assessment, people: list[Person]) -> None:
    listed = json.loads(signed.document)["candidate_list"]
    again = sorted(str(person.pk) for person in people)
    random.Random(int(listed["seed"])).shuffle(again)
    assert [shown["person"] for shown in listed["shown"]] == again
    assert [shown["position"] for shown in listed["shown"]] == [1, 2, 3]


def test_document_holds_every_reference_shown(signed: Assessment, people: list[Person]) -> None:
    shown = {one["person"]: one["references"] for one in json.loads(signed.document)["candidate_list"]["shown"]}
    for person in people:
        reference = person.references.get()
        assert shown[str(person.pk)] == [
            {
                "number": 1, "reference": str(reference.pk), "face": str(reference.face_id),
                "photograph_sha256": reference.photograph.sha256,
            }
        ]  # fmt: skip


def test_document_holds_decisions_and_what_was_compared(signed: Assessment, people: list[Person]) -> None:
    document = json.loads(signed.document)
    listed = document["candidate_list"]
    assert listed["excluded"] == [str(people[2].pk)]
    order = [one["person"] for one in listed["shown"]]
    assert listed["retained"] == [person for person in order if person != str(people[2].pk)]
    compared = {one["person"]: one["compared"] for one in document["comparisons"]}
    assert list(compared) == listed["retained"]
    for content in compared.values():
        assert content["components"]["nose"]["similarity"] == "similar"
        assert content["markers"][0]["probe"] == ["0.5", "0.25"], "fractions as decimal strings"
        assert content["adjustments"] == {"probe": {"zoom": "1.25"}}
    assert not Draft.objects.exists(), "what counts of drafts stands in the document"


def test_document_binds_the_evidence_and_tells_the_times(signed: Assessment, review: Review) -> None:
    document = json.loads(signed.document)
    assert document["evidence_sha256"] == review.evidence_sha256 == signed.evidence_sha256
    times = document["times"]
    assert times["differing_read"] is None
    assert times["taken"] <= times["analysed"] <= times["compared"] <= times["signed"]


def test_document_tells_which_pictures_were_revealed(review: Review, first_reviewer: User) -> None:
    place = factories.taken(first_reviewer)
    for picture in ("face", "photograph"):
        reveal(actor=first_reviewer, assignment=place, variant=picture)
    document = json.loads(sign(first_reviewer, factories.worked_through(first_reviewer, assignment=place)).document)
    assert [one["picture"] for one in document["pictures_revealed"]] == ["face", "photograph"]
    assert all(one["shown_at"] < document["times"]["signed"] for one in document["pictures_revealed"])


@pytest.mark.parametrize(
    ("value", "written"),
    [(1.25, "1.25"), (1, 1), (1e-7, "0.0000001"), (2**60, "1152921504606846976"), (True, True), ("1.5", "1.5"),
     (None, None), ({"a": [0.1, {"b": -0.5}]}, {"a": ["0.1", {"b": "-0.5"}]})],
)  # fmt: skip
def test_fractions_are_signed_as_decimal_strings(value: Any, written: Any) -> None:
    assert without_floats(value) == written


def test_nobody_is_graded_in_words_for_nobody(review: Review, first_reviewer: User) -> None:
    document = json.loads(sign(first_reviewer, factories.worked_through(first_reviewer), level=-3).document)
    assert document["finding"]["words"] == "Strongly supports that nobody here is this person"


def test_document_holds_no_score_rank_or_name(signed: Assessment, people: list[Person]) -> None:
    for word in ("score", "rank", *(person.name for person in people), signed.reviewer.username):
        assert word not in signed.document


def test_document_keeps_the_analysis_as_it_was_recorded(review: Review, first_reviewer: User) -> None:
    """Whoever finds at the end that the photograph was not good enough did not record that at the beginning."""
    document = json.loads(sign(first_reviewer, factories.worked_through(first_reviewer), unsuitable=True).document)
    assert document["analysis"]["suitability"] == "suitable"
    assert document["finding"]["suitability"] == "unsuitable"


def test_adjudicators_document_names_what_was_read(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, adjudicator: User
) -> None:
    read = [factories.signed(first_reviewer, people[0]), factories.signed(second_reviewer)]
    document = json.loads(factories.signed(adjudicator).document)
    assert set(document["assessments_read"]) == {assessment.document_sha256 for assessment in read}
    assert document["times"]["analysed"] <= document["times"]["differing_read"] <= document["times"]["compared"]


# --- The record --------------------------------------------------------------------------------------------------


def test_each_step_leaves_exactly_one_entry(
    review: Review, people: list[Person], first_reviewer: User, second_reviewer: User, third_reviewer: User
) -> None:
    def kinds_of(step: Callable[[], Any]) -> list[str]:
        before = set(Entry.objects.values_list("pk", flat=True))
        step()
        return sorted(Entry.objects.exclude(pk__in=before).values_list("kind", flat=True))

    assert entries("review:review:opened") == 1
    queue.decline(actor=third_reviewer, assignment=factories.taken(third_reviewer), reason="distressing")
    assert entries("review:assignment:declined") == 1
    for reviewer, concluding in ((first_reviewer, []), (second_reviewer, ["review:conclusion:reached/1"])):
        assert kinds_of(lambda: queue.take_next(actor=reviewer)) == ["review:assignment:taken/1"]  # noqa: B023
        assert kinds_of(lambda: queue.take_next(actor=reviewer)) == []  # noqa: B023 - held already
        place = Assignment.objects.get(reviewer=reviewer)
        analysis = partial(
            assessing.record_analysis, actor=reviewer, assignment=place, suitability="suitable", limitations=[]
        )
        assert kinds_of(analysis) == ["review:analysis:recorded/1"]
        place.refresh_from_db()
        assert kinds_of(
            lambda: assessing.record_comparison(actor=reviewer, assignment=place, retained=[])  # noqa: B023
        ) == ["review:comparison:recorded/1"]
        place.refresh_from_db()
        assert kinds_of(lambda: sign(reviewer, place)) == ["review:assessment:signed/1", *concluding]  # noqa: B023


def test_entries_name_nobody_and_hold_no_rationale(signed: Assessment, people: list[Person]) -> None:
    log = " ".join(written(entry) for entry in Entry.objects.filter(kind__startswith="review:"))
    for word in (*(person.name for person in people), signed.rationale, "score"):
        assert word not in log
    assert signed.document_sha256 in log


def test_signature_and_its_entry_stand_or_fall_together(
    review: Review, first_reviewer: User, second_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last signature fails whole when the conclusion can't be recorded."""
    factories.signed(first_reviewer)
    place = factories.worked_through(second_reviewer)

    def fails(**_: Any) -> None:
        raise RuntimeError("the log is full")

    monkeypatch.setattr("review.services.conclusion.record", fails)
    stays_unwritten(lambda: sign(second_reviewer, place), RuntimeError)
    review.refresh_from_db()
    assert (review.state, Conclusion.objects.count()) == ("open", 0)
