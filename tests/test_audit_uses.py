"""The report of uses says what Article 12(3) of the EU AI Act asks for, from the entries of the log alone."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import Entry
from audit.selectors import NO_FILTERS, Filters
from audit.uses import SEARCH, named, searches, uses
from identification.models import Candidate, Search
from review.models import Conclusion
from tests import corroboration_scene, factories
from tests.corroboration_scene import asserted, confirmed

conclusion, recorder = corroboration_scene.conclusion, corroboration_scene.recorder
verifier, asserter = corroboration_scene.verifier, corroboration_scene.asserter


def test_use_says_period_database_input_result_and_people(
    auditor: User, conclusion: Conclusion, recorder: User, verifier: User, asserter: User, django_assert_num_queries
) -> None:
    asserted(asserter, conclusion, confirmed(recorder, verifier, conclusion))
    search: Search = conclusion.review.search
    with django_assert_num_queries(3):  # the roles, the searches, and what followed them
        (use,) = uses(searches(auditor, NO_FILTERS))
    row = use.as_row()
    entry = Entry.objects.get(kind=SEARCH)
    assert (use.entry, row["search"], row["case"]) == (entry, str(search.pk), str(search.case_id))
    assert use.ended_at == Entry.objects.get(kind="review:identity:asserted/1").recorded_at
    gallery = search.galleries.get()
    assert (row["galleries"], row["gallery_sizes"], row["gallery_kind"]) == (str(gallery.pk), "3", "humanitarian")
    assert (row["references"], row["persons"], row["list_length"]) == (3, 3, search.list_length)
    assert (row["encoder"], row["weights_sha256"]) == (str(search.encoder), search.encoder.weights_sha256)
    assert (row["photograph_sha256"], row["face"]) == (search.probe.photograph.sha256, str(search.face_id))
    assert len(row["embedding_sha256"]) == 64
    assert row["references_sha256"] == (entry.payload or {})["references_sha256"]
    assert (row["candidates"], row["outcome"]) == (3, "concordant")
    review = conclusion.review
    people = {(part.person, part.part) for part in use.verified_by}
    assert people == {
        *((each.reviewer_id, "reviewer") for each in review.assessments.all()),
        (verifier.pk, "verified an identifier: confirmed"),
        (asserter.pk, "asserted the identity"),
    }


def test_report_holds_when_the_rows_that_it_tells_of_are_gone(auditor: User, conclusion: Conclusion) -> None:
    """Nothing is looked up outside the log: the entry's words stand, whatever the tables say now."""
    before = uses(searches(auditor, NO_FILTERS))[0].as_row()
    encoder = conclusion.review.search.encoder
    encoder.name = "renamed"
    encoder.save()
    assert Candidate.objects.exists()
    assert uses(searches(auditor, NO_FILTERS))[0].as_row() == before


def test_use_that_nobody_has_concluded_yet_has_no_end(auditor: User, review, first_reviewer: User, people) -> None:
    factories.signed(first_reviewer, people[0])
    (use,) = uses(searches(auditor, NO_FILTERS))
    assert (use.ended_at, use.outcome) == (None, "not concluded yet")
    assert [part.person for part in use.verified_by] == [first_reviewer.pk]


def test_filters_and_other_agencies(auditor: User, outside_auditor: User, conclusion: Conclusion) -> None:
    case = str(conclusion.review.case_id)
    assert searches(auditor, Filters(case=case)).count() == 1
    assert not searches(auditor, Filters(case="another")).exists()
    assert not searches(auditor, Filters(until=timezone.localdate() - timedelta(days=2))).exists()
    assert not searches(outside_auditor, NO_FILTERS).exists()


def test_page_names_people_and_the_table_gives_ids(
    auditor: User, conclusion: Conclusion, browser_of: Callable[[User], Client]
) -> None:
    page = browser_of(auditor)
    text = page.get(reverse("audit:uses"), {"case": conclusion.review.case.number}).content.decode()
    for words in ("First_Reviewer (reviewer)", "concordant", conclusion.review.case.number, "3 references of 3 people"):
        assert words in text
    answer = page.get(reverse("audit:uses"), {"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert len(rows) == 1
    assert str(conclusion.first_reviewer_id) in rows[0]["verified_by"]
    assert "First_Reviewer" not in str(rows)
    formats = [entry.payload["format"] for entry in Entry.objects.filter(kind="audit:uses:viewed/1").order_by("id")]
    assert formats == ["page", "csv"]


@pytest.mark.parametrize("query", [{}, {"case": "2020-9"}, {"since": "x"}, {"page": "99"}, {"until": "2020-01-01"}])
def test_empty_report_is_a_page(auditor: User, browser_of: Callable[[User], Client], query: dict[str, Any]) -> None:
    assert browser_of(auditor).get(reverse("audit:uses"), query).status_code == 200


def test_reviewer_reads_no_report(first_reviewer: User, browser_of: Callable[[User], Client]) -> None:
    assert browser_of(first_reviewer).get(reverse("audit:uses")).status_code == 403
    assert named(first_reviewer, uses(searches(first_reviewer, NO_FILTERS))) == []
