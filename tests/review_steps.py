"""What tests of the review's services have in common: signing, counting entries, and a refusal that leaves nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from identification.models import Job, Person, Reference
from identification.services.work import run_job
from review.models import Assessment, Assignment, Review
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


def reference_of(person: Person) -> Reference:
    return person.references.get()


def search_again(review: Review) -> Review | None:
    """Let the worker do the search that is owed; return the review that it opens, if it does."""
    owed = Job.objects.unfinished().get(kind=Job.Kind.SEARCH_PROBE, subject_id=review.probe_id)
    run_job(job_id=owed.pk)
    return Review.objects.unfinished().filter(probe=review.probe_id).first()
