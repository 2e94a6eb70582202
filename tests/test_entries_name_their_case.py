"""Every entry about something in a case carries the case, so that its timeline leaves nothing out."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from identification.models import Photograph
from identification.services import intake
from review.errors import SignatureRefused
from review.models import Conclusion
from tests import corroboration_scene, factories
from tests.corroboration_scene import asserted, confirmed

conclusion, recorder = corroboration_scene.conclusion, corroboration_scene.recorder
verifier, asserter = corroboration_scene.verifier, corroboration_scene.asserter
# What these are about belongs to no case: accounts, galleries and whom they hold, encoders, the log.
OUTSIDE = (
    "accounts:", "audit:", "identification:gallery:", "identification:person:", "identification:reference:",
    "identification:encoder:", "identification:policy:", "review:agreement:", "review:exposure:",
)  # fmt: skip


def without_a_case() -> set[str]:
    """Return the kinds of the entries that should name a case and don't."""
    of_galleries = {str(pk) for pk in Photograph.objects.filter(case=None).values_list("pk", flat=True)}
    found = Entry.objects.filter(case="").exclude(
        subject_type="identification.photograph", subject_id__in=of_galleries
    )  # fmt: skip
    return {kind for kind in found.values_list("kind", flat=True) if not kind.startswith(OUTSIDE)}


def kinds() -> set[str]:
    return set(Entry.objects.values_list("kind", flat=True))


def test_identification_from_its_case_to_its_assertion(
    conclusion: Conclusion, recorder: User, verifier: User, asserter: User, first_reviewer: User
) -> None:
    with pytest.raises(SignatureRefused):
        asserted(asserter, conclusion, confirmed(recorder, verifier, conclusion), password="wrong")
    asserted(asserter, conclusion, confirmed(recorder, verifier, conclusion, kind="dna"))
    assert without_a_case() == set()
    assert kinds() >= {
        "identification:case:opened/1", "identification:probe:chosen/1", "review:review:opened/1",
        "review:assignment:taken/1", "review:assessment:signed/1",
        "review:conclusion:reached/1", "review:signature:refused/1", "review:identifier:recorded/1",
        "review:identifier:verified/1", "review:identity:asserted/1",
    }  # fmt: skip


def test_pages_about_a_case(
    conclusion: Conclusion, requester: User, administrator: User, browser_of: Callable[[User], Client]
) -> None:
    case = conclusion.review.case
    opened = browser_of(requester).get(reverse("identification:case", args=[case.pk]))
    assert opened.status_code == 200
    assert "identification:case:viewed/1" in kinds()
    assert without_a_case() == set()


def test_photograph_that_is_received_refused_and_found_empty(requester: User, photograph: Photograph) -> None:
    again = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=photograph.case)
    assert again is not None
    assert "identification:photograph:received/1" in kinds()
    assert without_a_case() == set()
    assert set(Entry.objects.exclude(case="").values_list("case", flat=True)) == {str(photograph.case_id)}
