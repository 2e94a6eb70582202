"""What tests of the review's services have in common: signing, counting entries, and a refusal that leaves nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from review.models import Assessment, Assignment
from review.services import assessment as assessing
from tests.conftest import PASSWORD


def sign(actor: User, assignment: Assignment, **said: Any) -> Assessment:
    """Sign nobody at -2 unless told otherwise."""
    usual: dict[str, Any] = {"rationale": "Looked at each of them, top to bottom.", "password": PASSWORD}
    if not said.get("person_id") and not said.get("unsuitable"):
        usual["level"] = -2
    return assessing.sign_assessment(actor=actor, assignment=assignment, **usual | said)


def entries(kind: str) -> int:
    return Entry.objects.filter(kind__startswith=kind).count()


def stays_unwritten(call: Callable[[], Any], error: type[Exception], words: str = "") -> None:
    """Expect a refusal that leaves nothing behind, no entry either."""
    before = (Entry.objects.count(), list(Assignment.objects.order_by("pk").values()), Assessment.objects.count())
    with pytest.raises(error, match=words or None):
        call()
    after = (Entry.objects.count(), list(Assignment.objects.order_by("pk").values()), Assessment.objects.count())
    assert after == before
