"""The demonstration takes one case of the deceased the whole way, once for all its runs."""

import io

import pytest

from demo.corroboration import corroborate
from demo.people import ACCOUNTS, PASSWORD, Staff
from demo.report import Report
from review.models import Conclusion, Identification, Identifier
from tests import corroboration_scene

conclusion = corroboration_scene.conclusion


@pytest.fixture
def staff(person_with) -> Staff:
    people = {}
    for name in ("intake", "liaison", "asserter"):
        people[name] = person_with(name, *ACCOUNTS[name][1])
        people[name].set_password(PASSWORD)
        people[name].save()
    return Staff(people)


def test_one_case_becomes_an_identification_however_often_it_runs(conclusion: Conclusion, staff: Staff) -> None:
    report = Report(io.StringIO())
    for _ in range(3):
        assert corroborate(report, staff) == "1 identification asserted, 0 potential"
    assert Identification.objects.get().asserted_by == staff["asserter"]
    assert Identifier.objects.count() == 1
    assert [held for held, _ in report.expectations] == [True, False] * 3


def test_run_that_was_stopped_half_way_goes_on(conclusion: Conclusion, staff: Staff, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("demo.corroboration.verify_identifier", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            corroborate(Report(io.StringIO()), staff)
    corroborate(Report(io.StringIO()), staff)
    assert (Identifier.objects.count(), Identification.objects.count()) == (1, 1)


def test_no_conclusion_of_the_deceased_is_told_and_not_an_error(staff: Staff) -> None:
    report = Report(io.StringIO())
    assert corroborate(report, staff) == "0 identification asserted, 0 potential"
    assert not report.all_held
