"""Many times (make soak: ten thousand) two people at the same moment, and no conclusion that should not stand.

None without two signers who could sign, none on what no longer holds. In each race a review waits for its last
signature. While it is given, the same person gives it once more, a reference is withdrawn, the face is corrected, or
the signer's role is taken away. Whoever takes something away looks, once that is committed, whether the review is
concluded: a conclusion that comes after that look would rest on what was gone.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from accounts.models import HeldRole, Role, User
from identification.models import Encoder, Gallery, Person, Reference, Search
from identification.services.correction import remove_face
from identification.services.withdrawal import withdraw_reference
from review.evidence import changed_evidence
from review.models import Assessment, Assignment, EvidenceChange, Review
from review.services import holding
from review.services.assessment import sign_assessment
from tests import factories
from tests.conftest import PASSWORD
from tests.race_scene import Racers, Ready, is_concluded, many_ready, outcome, racers, readable

pytestmark = pytest.mark.django_db(transaction=True)

RACES = int(os.environ.get("COUNTERSIGN_RACES", "800"))
QUICK = 100
# Seconds within which the other side begins, where a signature takes a moment longer.
WHILE_SIGNING = 0.08
KINDS = ("same person twice", "reference withdrawn", "face corrected", "role removed")


@dataclass
class Track:
    """Where races are run: the people, and reviews ready for a last signature."""

    template: Search
    people: list[Person]
    requester: User
    administrator: User
    first: User
    second: User

    def ready(self, number: int) -> list[Ready]:
        people, self.people = self.people[:number], self.people[number:]
        found = many_ready(self.template, people=people, first=self.first, second=self.second, number=number)
        readable([each.photograph for each in found])
        return found

    def sign(self, ready: Ready) -> Assessment:
        signer = User.objects.get(pk=self.second.pk)
        return sign_assessment(
            actor=signer, assignment=ready.place, rationale="Compared from top to bottom.", password=PASSWORD,
            person_id=ready.person.pk, level=2,
        )  # fmt: skip

    def taking_away(self, kind: str, ready: Ready) -> Callable[[], bool]:
        """Return what takes something away, and then says whether the review was concluded by then."""

        def take() -> bool:
            match kind:
                case "reference withdrawn":
                    reference = Reference.objects.get(person=ready.person)
                    withdraw_reference(actor=self.administrator, reference=reference, reason="Shows a brother.")
                case "face corrected":
                    remove_face(actor=self.requester, face=ready.face)
                case "role removed":
                    HeldRole.objects.filter(user=self.second, role=Role.REVIEWER).delete()
            return is_concluded(ready.review.pk)

        return take


@pytest.fixture
def track(
    requester: User, administrator: User, first_reviewer: User, second_reviewer: User, case: Any, gallery: Gallery,
    encoder: Encoder, random_vectors: Callable,
) -> Callable[[int], Track]:  # fmt: skip
    def lay(number: int) -> Track:
        template = factories.searched(requester, case, encoder, random_vectors())
        vector = random_vectors()
        people = factories.enrol_many(administrator, gallery, encoder, [[vector]] * number)
        found = Person.objects.filter(pk__in=[person.pk for person in people]).select_related("gallery")
        found = found.prefetch_related("references__photograph", "references__face__embeddings")
        return Track(template, list(found), requester, administrator, first_reviewer, second_reviewer)

    return lay


def run(track: Track, kind: str, number: int, running: Racers) -> tuple[Counter[str], list[str]]:
    """Run races of one kind; return how often which side came first, and every violation."""
    came, violations = Counter[str](), []
    for ready in track.ready(number):
        with open_place(ready):
            signed, other = running.run(
                lambda ready=ready: track.sign(ready),
                (lambda ready=ready: track.sign(ready))
                if kind == "same person twice"
                else track.taking_away(kind, ready),
            )
        if kind == "role removed":
            HeldRole.objects.get_or_create(user=track.second, role=Role.REVIEWER)
        concluded = is_concluded(ready.review.pk)
        came["concluded" if concluded else "refused"] += 1
        violations += [f"{kind}: {what} ({signed!r}, {other!r})" for what in broken(track, kind, ready, signed, other)]
    return came, violations


@contextmanager
def open_place(ready: Ready) -> Iterator[None]:
    """One person holds one place at a time, so each is opened for its race."""
    place = Assignment.objects.filter(pk=ready.place.pk)
    place.update(state="open")
    yield
    place.filter(state="open").update(state="lapsed")


def broken(track: Track, kind: str, ready: Ready, signed: Any, other: Any) -> list[str]:
    """Return which rules a race has broken."""
    state, first, second, requester, signers, reopened = outcome(ready.review.pk)
    both = sorted([track.first.pk, track.second.pk])
    found = []
    if first is not None and (sorted([first, second]) != both or signers != both or requester in (first, second)):
        found.append("a conclusion without two distinct signers other than the requester")
    if (first is not None) != (state == "concluded"):
        found.append(f"a review that is {state} with{'out' if first is None else ''} a conclusion")
    if kind == "same person twice":
        won = [isinstance(each, Assessment) for each in (signed, other)]
        return found + ([] if sorted(won) == [False, True] and first else ["not exactly one signature of two"])
    if not isinstance(other, bool):
        return [*found, "what was to be taken away was not"]
    if first is not None and not other:
        found.append("concluded after it was taken away")
    if kind == "reference withdrawn" and (reopened, state) not in {(True, "concluded"), (False, "withdrawn")}:
        found.append(f"neither withdrawn nor reopened, but {state}")
    if kind == "face corrected" and state not in ("concluded", "withdrawn"):
        found.append(f"neither withdrawn nor concluded, but {state}")
    return found


def race_all(track: Callable[[int], Track], number: int) -> None:
    share = number // len(KINDS)
    laid = track(share * len(KINDS))
    total, all_violations = Counter[str](), []
    with racers() as running:
        for kind in KINDS:
            came, violations = run(laid, kind, share, running)
            print(f"{kind}: {share} races, {dict(came)}, {len(violations)} violations")
            total += came
            all_violations += violations
    print(f"{sum(total.values())} races in all, {len(all_violations)} violations")
    assert all_violations == []
    assert sum(total.values()) == share * len(KINDS)


def test_a_hundred_races_break_no_rule(track: Callable[[int], Track]) -> None:
    race_all(track, QUICK)


@pytest.mark.slow
def test_many_races_break_no_rule(track: Callable[[int], Track]) -> None:
    race_all(track, RACES)


@pytest.fixture
def slow_signing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment passes between a signature's checks and what it writes, in which a lock that is missing shows."""

    def changed_a_moment_ago(review: Review) -> EvidenceChange | None:
        changed = changed_evidence(review)
        time.sleep(0.03)
        return changed

    monkeypatch.setattr("review.services.assessment.changed_evidence", changed_a_moment_ago)


@pytest.mark.usefixtures("slow_signing")
def test_races_would_show_a_role_that_is_not_held(
    track: Callable[[int], Track], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the lock, a role taken away while its holder signs doesn't keep them from concluding."""
    monkeypatch.setattr(holding, "_ROLE", holding._ROLE.replace("FOR KEY SHARE OF held", ""))
    with racers() as running:
        running.latest = WHILE_SIGNING
        _, violations = run(track(60), "role removed", 60, running)
    print(f"60 races without the lock on the role, {len(violations)} violations")
    assert any("after it was taken away" in violation for violation in violations)


@pytest.mark.usefixtures("slow_signing")
def test_races_would_show_references_that_are_not_held(
    track: Callable[[int], Track], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the locks on references, a withdrawal in the middle of a signature isn't noticed by it."""
    monkeypatch.setattr(holding, "_REFERENCES", holding._REFERENCES.replace("FOR SHARE", ""))
    monkeypatch.setattr("identification.services.withdrawal.reference_withdrawn.send", lambda **_: None)
    with racers() as running:
        running.latest = WHILE_SIGNING
        _, violations = run(track(60), "reference withdrawn", 60, running)
    print(f"60 races without the lock on references, {len(violations)} violations")
    assert violations
