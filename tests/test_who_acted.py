"""An entry's actor is who acted, signed in; what a worker writes has none, and the report of uses says who asked."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from audit.models import Entry
from audit.selectors import NO_FILTERS, Filters, entries, timeline
from audit.uses import SEARCH, Use, named, searches, uses
from identification.models import Case, Encoder, Face, Gallery, Job, Person, Photograph, Probe
from identification.services import correction as correcting
from identification.services import intake
from identification.services.probes import choose_probe, search_again
from identification.services.withdrawal import withdraw_reference
from identification.services.work import run_job
from review.models import Review
from review.services.reopening import reopen_review
from tests import exporting, factories
from tests.conftest import StandInModels
from tests.correction_scene import BOX, LANDMARKS, photograph_with, read, read_and_searched, reference_with
from tests.exporting import exported, shown
from tests.job_steps import job_of
from tests.odd_entries import write_odd
from tests.staged import newest_id

sequencer = exporting.sequencer


@pytest.fixture
def colleague(person_with: Callable[..., User]) -> User:
    """May choose faces and search again in the cases of others."""
    return person_with("colleague", Role.INTAKE)


@pytest.fixture
def face(case: Case, requester: User, encoder: Encoder, random_vectors: Callable[[], Any]) -> Face:
    """One of two in a photograph that the requester added; nobody has chosen it."""
    return photograph_with(requester, case, encoder, random_vectors(), random_vectors()).faces.earliest("ordinal")


def work(subject: Any) -> list[Entry]:
    """Do what is due about something, and return the entries that this left."""
    before = newest_id()
    for job in Job.objects.filter(subject_id=subject.pk, state=Job.State.DUE):
        run_job(job_id=job.pk)
    return list(Entry.objects.filter(pk__gt=before).order_by("id"))


def reported(auditor: User) -> list[Use]:
    """The uses, the earliest first."""
    return named(auditor, uses(searches(auditor, NO_FILTERS)))[::-1]


def asked(use: Use) -> tuple[int | None, str]:
    assert use.asked_by is not None
    return use.asked_by.person, use.asked_by.part


def of_kind(kind: str) -> Entry:
    return Entry.objects.filter(kind=kind).latest("id")


# --- Who asked for a search ------------------------------------------------------------------


def test_who_chose_the_face_asked_for_it_and_whose_photograph_it_is_is_the_requester(
    auditor: User, requester: User, colleague: User, face: Face, people: list[Person]
) -> None:
    probe = choose_probe(actor=colleague, face=face)
    left = work(probe)
    assert [(entry.kind, entry.actor, entry.leaf["actor_roles"]) for entry in left] == [
        ("identification:search:run/1", None, []),
        ("review:review:opened/1", None, []),
    ]
    assert {entry.agency for entry in left} == {requester.agency}
    assert [(entry.payload or {})["requested_by"] for entry in left] == [requester.pk] * 2
    assert Review.objects.get(probe=probe).requested_by == requester, "the two-person rule goes by the uploader"
    (use,) = reported(auditor)
    assert (use.requester, *asked(use)) == (requester.pk, colleague.pk, "chose the face")


def test_page_and_table_say_requester_and_who_asked(
    auditor: User, colleague: User, requester: User, face: Face, browser_of: Callable[[User], Client]
) -> None:
    work(choose_probe(actor=colleague, face=face))
    page = " ".join(browser_of(auditor).get(reverse("audit:uses")).content.decode().split())
    assert "<dt>Requester</dt><dd>Requester</dd>" in page
    assert "<dt>Asked by</dt><dd>Colleague (chose the face)</dd>" in page
    answer = browser_of(auditor).get(reverse("audit:uses"), {"format": "csv"})
    (row,) = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode()))
    assert (row["requester"], row["asked_by"]) == (str(requester.pk), f"{colleague.pk} (chose the face)")


def test_each_search_has_the_one_who_asked_for_it_last(
    auditor: User, requester: User, colleague: User, face: Face, person_with: Callable[..., User]
) -> None:
    third = person_with("third", Role.INTAKE)
    probe = choose_probe(actor=colleague, face=face)
    work(probe)
    search_again(actor=third, probe=probe)
    work(probe)
    search_again(actor=colleague, probe=probe)
    assert [asked(use) for use in reported(auditor)] == [
        (colleague.pk, "chose the face"), (third.pk, "searched again"),
    ], "what is asked for afterwards led to neither"  # fmt: skip
    assert {use.requester for use in reported(auditor)} == {requester.pk}


def test_face_of_another_photograph_was_asked_for_by_others(
    auditor: User, requester: User, colleague: User, face: Face
) -> None:
    work(choose_probe(actor=colleague, face=face))
    work(choose_probe(actor=requester, face=face.photograph.faces.exclude(pk=face.pk).get()))
    assert [asked(use)[0] for use in reported(auditor)] == [colleague.pk, requester.pk]


def test_who_reopened_a_review_asked_for_its_new_search(
    auditor: User, colleague: User, review: Review, people: list[Person], first_reviewer: User, second_reviewer: User
) -> None:
    for reviewer in (first_reviewer, second_reviewer):
        factories.signed(reviewer, people[0])
    review.refresh_from_db()
    reopen_review(actor=colleague, review=review, reason="A dental record has come.")
    work(review.probe)
    assert asked(reported(auditor)[-1]) == (colleague.pk, "opened the review anew")


@pytest.mark.parametrize("concluded", [False, True])
def test_who_withdrew_a_reference_asked_for_what_is_searched_without_it(
    auditor: User, requester: User, administrator: User, review: Review, people: list[Person], first_reviewer: User,
    second_reviewer: User, *, concluded: bool,
) -> None:  # fmt: skip
    for reviewer in (first_reviewer, second_reviewer) if concluded else ():
        factories.signed(reviewer, people[0])
    withdraw_reference(actor=administrator, reference=people[0].references.get(), reason="Shows a brother.")
    work(review.probe)
    first, second = reported(auditor)
    assert asked(first) == (requester.pk, "added its photograph")
    assert asked(second) == (administrator.pk, "withdrew a reference")


def test_who_corrected_a_face_asked_for_its_search(
    auditor: User, requester: User, colleague: User, review: Review, models: StandInModels, random_vectors
) -> None:
    models.vectors = [random_vectors()]
    moved = correcting.move_face(actor=colleague, face=review.probe.face, box=BOX, landmarks=LANDMARKS)
    read_and_searched(moved)
    chosen = of_kind("identification:probe:chosen/1")
    assert (chosen.actor, chosen.payload["asked_by"]) == (None, colleague.pk)  # type: ignore[index]
    (line,) = timeline(auditor, [chosen])
    assert line.sentence.endswith("was chosen to be identified, a face that Colleague corrected.")
    last = reported(auditor)[-1]
    assert (last.requester, *asked(last)) == (requester.pk, colleague.pk, "corrected the face")


# --- Entries from before, and odd ones -------------------------------------------------------


def test_older_entries_name_the_requester_as_their_actor_and_stay_readable(
    auditor: User, requester: User, colleague: User, case: Case, browser_of: Callable[[User], Client]
) -> None:
    about = {"case": str(case.pk), "subject_type": "identification.probe", "subject_id": "a probe"}
    write_odd(colleague, "identification:probe:chosen/1", "{}", **about)
    older = write_odd(requester, SEARCH, '{"persons":3,"probe":"a probe"}', **about | {"subject_id": "a search"})
    (use,) = reported(auditor)
    assert (use.entry, use.requester, *asked(use)) == (older, requester.pk, colleague.pk, "chose the face")
    assert "Asked by</dt><dd>Colleague (chose the face)" in str(browser_of(auditor).get(reverse("audit:uses")).content)
    (line,) = timeline(auditor, [older])
    assert "looked through the references of 3 people" in line.sentence


def test_search_of_which_no_entry_says_who_asked_for_it_is_shown(
    auditor: User, case: Case, browser_of: Callable[[User], Client]
) -> None:
    write_odd(auditor, SEARCH, "{}", case=str(case.pk), actor=None)
    (use,) = reported(auditor)
    assert (use.requester, use.asked_by, use.as_row()["asked_by"]) == (None, None, "")
    assert str(browser_of(auditor).get(reverse("audit:uses")).content).count("<dd>Not stated</dd>") == 2


# --- What somebody did ------------------------------------------------------------------------


def test_export_by_actor_finds_what_a_person_asked_for(
    auditor: User, requester: User, colleague: User, face: Face, people: list[Person]
) -> None:
    work(choose_probe(actor=colleague, face=face))
    kinds = {entry.kind for entry in entries(auditor, Filters(person=colleague.pk))}
    assert kinds == {"identification:probe:chosen/1"}
    bundle = exported(auditor, filters=Filters(person=colleague.pk))
    (line,) = shown(bundle.file)
    probe = Probe.objects.get(face=face)
    assert (line["entry"]["kind"], line["entry"]["subject_id"]) == ("identification:probe:chosen/1", str(probe.pk))
    assert SEARCH not in {entry.kind for entry in entries(auditor, Filters(person=requester.pk))}


def test_nothing_that_a_worker_writes_has_an_actor(
    requester: User, colleague: User, auditor: User, case: Case, gallery: Gallery, encoder: Encoder,
    models: StandInModels, random_vectors: Callable[[], Any],
) -> None:  # fmt: skip
    left: list[Entry] = []
    models.vectors = [random_vectors()]
    left += work(_received(requester, case))  # analysed, and its one face chosen
    left += work(Probe.objects.get())
    models.failure = RuntimeError("poison")
    poison = _received(requester, case)
    for _ in range(3):
        run_job(job_id=job_of(poison).pk)
    left += Entry.objects.filter(kind="identification:photograph:quarantined/1")
    models.failure, models.vectors = None, [random_vectors()]
    before = newest_id()
    read(correcting.add_face(actor=colleague, photograph=poison_free(requester, case, encoder), box=BOX))
    reference = reference_with(requester, gallery, encoder)  # without a face: refused
    read(correcting.add_face(actor=colleague, photograph=reference.photograph, box=BOX, landmarks=LANDMARKS))
    written_by_people = {"photograph:received", "person:enrolled", "reference:enrolled", "face:added"}
    later = Entry.objects.filter(pk__gt=before).order_by("id")
    left += [entry for entry in later if entry.kind.partition(":")[2].partition("/")[0] not in written_by_people]
    assert {entry.kind.partition(":")[2] for entry in left} == {
        "photograph:analysed/1", "photograph:quarantined/1", "probe:chosen/1", "search:run/1", "face:read/1",
        "reference:refused/1", "reference:settled/1",
    }  # fmt: skip
    assert {(entry.actor, entry.agency) for entry in left} == {(None, requester.agency)}
    lines = timeline(auditor, left)
    said = {line.entry.kind.partition(":")[2]: line.sentence for line in lines}
    assert said["face:read/1"].startswith("A box that Colleague drew in")
    assert "after its correction by Colleague" in said["reference:settled/1"]
    assert "Countersign" not in str(said.values())


def _received(actor: User, case: Case) -> Photograph:
    photograph = intake.receive_photograph(actor=actor, file=factories.picture_file(), case=case)
    assert isinstance(photograph, Photograph)
    return photograph


def poison_free(actor: User, case: Case, encoder: Encoder) -> Photograph:
    """A photograph in which no face was found."""
    return photograph_with(actor, case, encoder)
