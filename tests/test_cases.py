"""Cases: their numbers, and the kind of gallery that their purpose searches."""

import pytest

from accounts.models import User
from identification.models import Purpose
from tests import factories
from tests.threads import in_threads


def test_cases_are_numbered_by_year_and_agency(requester: User, outsider: User) -> None:
    numbers = [factories.open_case(actor).number for actor in (requester, requester, outsider)]
    year = numbers[0][:4]
    assert numbers == [f"{year}-0001", f"{year}-0002", f"{year}-0001"]


def test_kind_of_gallery_follows_from_the_purpose(requester: User) -> None:
    kinds = {purpose: factories.open_case(requester, purpose).gallery_kind for purpose in Purpose}
    assert kinds.pop(Purpose.INCIDENT) == "incident"
    assert set(kinds.values()) == {"humanitarian"}


@pytest.mark.django_db(transaction=True)
def test_cases_opened_at_the_same_moment_have_different_numbers(requester: User) -> None:
    numbers = in_threads(8, lambda _: [factories.open_case(requester).number for _ in range(5)])
    drawn = [number for some in numbers for number in some]
    assert sorted(drawn) == [f"{drawn[0][:4]}-{n:04d}" for n in range(1, 41)]
