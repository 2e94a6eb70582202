"""Known people come into a gallery with where their references come from, or not at all."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from PIL import Image

from accounts.models import User
from audit.models import Entry
from identification import selectors
from identification.errors import NotPermitted
from identification.models import Face, Gallery, GalleryKind, Job, Person, Photograph, Probe, Purpose, Reference
from identification.services import enrolment
from identification.services.work import run_job
from tests import factories
from tests.audit_fixtures import written
from tests.conftest import StandInModels
from tests.made_pictures import saved, scene


def portrait(name: str = "portrait.jpg") -> SimpleUploadedFile:
    """A photograph, the same bytes for the same name."""
    return SimpleUploadedFile(name, saved(Image.new("RGB", (60, 80), (90, 60, 40)), comment=name.encode()))


@pytest.fixture
def enrol(client: Client, requester: User, gallery: Gallery) -> Callable[..., Any]:
    """Fill in the form for enrolling and send it."""
    client.force_login(requester)

    def send(*files: SimpleUploadedFile, **facts: object) -> Any:
        data = {"name": "Somebody", "provenance": "Register of 2020", "registry_number": "", "born_in": "", "home": ""}
        address = reverse("identification:enrol", args=[gallery.pk])
        return client.post(address, data | facts | {"files": list(files)}, follow=True)

    return send


def test_person_is_enrolled_with_several_references_and_their_provenance(
    enrol: Callable[..., Any], gallery: Gallery, requester: User
) -> None:
    answer = enrol(portrait("a.jpg"), portrait("b.jpg"), name="Одарка", registry_number="R-7", born_in=1970, home="Sea")
    assert answer.redirect_chain == [(gallery.get_absolute_url(), 302)]
    person = gallery.persons.get()
    assert (person.name, person.registry_number, person.born_in, person.home) == ("Одарка", "R-7", 1970, "Sea")
    assert [r.provenance for r in person.references.all()] == ["Register of 2020"] * 2
    assert {r.added_by for r in person.references.all()} == {requester}
    assert Job.objects.filter(kind=Job.Kind.ANALYSE_PHOTOGRAPH).count() == 2
    kinds = list(Entry.objects.filter(actor=requester).order_by("id").values_list("kind", flat=True))
    received, enrolled = "identification:photograph:received/1", "identification:reference:enrolled/1"
    viewed = "identification:gallery:viewed/1"
    assert kinds[-6:] == ["identification:person:enrolled/1", received, enrolled, received, enrolled, viewed]
    assert not any("Одарка" in written(entry) for entry in Entry.objects.all()), "the log holds no names"


def test_bad_reference_gets_its_sentence_and_the_good_one_is_kept(enrol: Callable[..., Any], gallery: Gallery) -> None:
    answer = enrol(SimpleUploadedFile("letter.pdf", b"%PDF-1.7"), portrait())
    assert gallery.persons.get().references.count() == 1
    assert "letter.pdf: This is a PDF document." in answer.content.decode()


@pytest.mark.parametrize(
    ("facts", "files", "sentence"),
    [
        ({"provenance": ""}, 1, "This field is required."),
        ({"name": ""}, 1, "This field is required."),
        ({}, 0, "Choose at least one photograph."),
        ({"born_in": "long ago"}, 1, "Enter a whole number."),
        ({"registry_number": "R-1"}, 1, "Somebody is enrolled here under this number already."),
    ],
)
def test_form_says_what_is_missing_and_enrols_nobody(
    enrol: Callable[..., Any], gallery: Gallery, requester: User, facts: dict[str, str], files: int, sentence: str
) -> None:
    enrolment.enrol_person(actor=requester, gallery=gallery, name="First", registry_number="R-1")
    answer = enrol(*[portrait() for _ in range(files)], **facts)
    assert escape(sentence) in answer.content.decode()
    assert gallery.persons.count() == 1
    assert not Photograph.objects.exists()


def test_same_file_is_taken_once_in_a_gallery(enrol: Callable[..., Any], gallery: Gallery) -> None:
    enrol(portrait("a.jpg"))
    answer = enrol(portrait("a.jpg"), name="Somebody else")
    assert "This very file is in the gallery already." in answer.content.decode()
    assert Reference.objects.count() == 1


def test_reference_takes_part_once_exactly_one_face_was_found(
    gallery: Gallery, requester: User, models: StandInModels, random_vectors: Callable[[], np.ndarray]
) -> None:
    person = enrolment.enrol_person(actor=requester, gallery=gallery, name="Somebody")
    reference = enrolment.add_reference(actor=requester, person=person, file=portrait(), provenance="Test")
    assert reference.face is None
    models.vectors = [random_vectors()]
    run_job(job_id=Job.objects.get().pk)
    reference.refresh_from_db()
    assert reference.face == Face.objects.get()
    assert not Probe.objects.exists()
    assert not Job.objects.filter(kind=Job.Kind.SEARCH_PROBE).exists()


@pytest.mark.parametrize(("faces", "words"), [(0, "No face was found."), (3, "3 faces were found.")])
def test_reference_with_no_face_or_several_is_refused_where_the_gallery_shows_it(
    client: Client,
    gallery: Gallery,
    requester: User,
    models: StandInModels,
    random_vectors: Callable[[], np.ndarray],
    faces: int,
    words: str,
) -> None:
    person = enrolment.enrol_person(actor=requester, gallery=gallery, name="Somebody")
    reference = enrolment.add_reference(actor=requester, person=person, file=portrait(), provenance="Test")
    models.vectors = [random_vectors() for _ in range(faces)]
    run_job(job_id=Job.objects.get().pk)
    reference.refresh_from_db()
    assert reference.face is None
    assert reference.photograph.reason.startswith(words)
    assert list(selectors.refused_references(requester, gallery)) == [reference]
    client.force_login(requester)
    assert escape(reference.photograph.reason) in client.get(gallery.get_absolute_url()).content.decode()


def test_damaged_reference_is_refused_by_the_worker_and_shown(
    client: Client, gallery: Gallery, requester: User, encoder: object
) -> None:
    person = enrolment.enrol_person(actor=requester, gallery=gallery, name="Somebody")
    cut = ContentFile(saved(scene((400, 300)))[:-400], "cut.jpg")
    reference = enrolment.add_reference(actor=requester, person=person, file=cut, provenance="Test")
    run_job(job_id=Job.objects.get().pk)
    client.force_login(requester)
    assert "ends in the middle" in client.get(gallery.get_absolute_url()).content.decode()
    assert selectors.galleries(requester).get().references_count == 0
    reference.refresh_from_db()
    assert reference.photograph.state == Photograph.State.REFUSED


def test_reference_and_its_photograph_are_written_together(
    gallery: Gallery, requester: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("cut off")

    person = enrolment.enrol_person(actor=requester, gallery=gallery, name="Somebody")
    entries = Entry.objects.count()
    monkeypatch.setattr(enrolment, "_tie", fail)
    with pytest.raises(RuntimeError):
        enrolment.add_reference(actor=requester, person=person, file=portrait(), provenance="Test")
    assert not Photograph.objects.exists()
    assert not Job.objects.exists()
    assert Entry.objects.count() == entries


def test_reference_without_provenance_is_refused_by_the_database(gallery: Gallery, requester: User) -> None:
    person = enrolment.enrol_person(actor=requester, gallery=gallery, name="Somebody")
    with pytest.raises(DatabaseError, match="reference_states_its_provenance"), transaction.atomic():
        enrolment.add_reference(actor=requester, person=person, file=portrait(), provenance="")
    assert not Photograph.objects.exists()


def test_registry_number_names_one_person_in_a_gallery(gallery: Gallery, requester: User) -> None:
    for _ in range(2):
        enrolment.enrol_person(actor=requester, gallery=gallery, name="Without a number")
    enrolment.enrol_person(actor=requester, gallery=gallery, name="First", registry_number="R-1")
    with pytest.raises(DatabaseError, match="person_registry_number_once_per_gallery"), transaction.atomic():
        enrolment.enrol_person(actor=requester, gallery=gallery, name="Second", registry_number="R-1")


@pytest.mark.parametrize("who", ["first_reviewer", "auditor", "outsider"])
def test_enrolling_needs_intake_or_administrator_in_the_gallerys_agency(
    gallery: Gallery, requester: User, request: pytest.FixtureRequest, who: str
) -> None:
    actor = request.getfixturevalue(who)
    person = enrolment.enrol_person(actor=requester, gallery=gallery, name="Somebody")
    with pytest.raises(NotPermitted):
        enrolment.enrol_person(actor=actor, gallery=gallery, name="Another")
    with pytest.raises(NotPermitted):
        enrolment.add_reference(actor=actor, person=person, file=portrait(), provenance="Test")
    assert Person.objects.count() == 1
    assert not Photograph.objects.exists()


def test_opening_a_gallery_needs_the_administrator(requester: User, administrator: User) -> None:
    facts: dict[str, Any] = {
        "name": "New",
        "kind": GalleryKind.HUMANITARIAN,
        "lawful_basis": "Law 1",
        "purposes": [Purpose.MISSING],
    }
    with pytest.raises(NotPermitted, match="administrator"):
        enrolment.open_gallery(actor=requester, **facts)
    gallery = enrolment.open_gallery(actor=administrator, **facts)
    assert gallery.agency == administrator.agency
    entry = Entry.objects.get(kind="identification:gallery:opened/1")
    basis = hashlib.sha256(b"Law 1").hexdigest()
    assert entry.payload == {"gallery_kind": "humanitarian", "purposes": ["missing"], "basis_sha256": basis}


@pytest.mark.parametrize(
    ("kind", "purposes"),
    [
        ("humanitarian", ["incident"]),
        ("humanitarian", ["deceased", "incident"]),
        ("incident", ["deceased"]),
        ("incident", ["incident", "missing"]),
        ("humanitarian", []),
        ("incident", []),
        ("humanitarian", ["curiosity"]),
    ],
)
def test_purposes_of_a_gallery_fit_its_kind(administrator: User, kind: str, purposes: list[str]) -> None:
    with pytest.raises(DatabaseError, match="gallery_purposes_are_of_its_kind"):
        enrolment.open_gallery(actor=administrator, name="Wrong", kind=kind, lawful_basis="Law 1", purposes=purposes)


def test_photograph_lies_in_a_case_or_in_a_gallery_never_in_both(photograph: Photograph, gallery: Gallery) -> None:
    with pytest.raises(DatabaseError, match="photograph_in_a_case_or_a_gallery"):
        Photograph.objects.filter(pk=photograph.pk).update(gallery=gallery)


def test_faces_of_references_are_never_searched_for(
    client: Client,
    gallery: Gallery,
    requester: User,
    encoder: Any,
    random_vectors: Callable[[], np.ndarray],
) -> None:
    person = factories.enrol(requester, gallery, encoder, "Somebody", random_vectors())
    client.force_login(requester)
    face = person.references.get().face
    assert client.post(reverse("identification:choose-probe", args=[face.pk])).status_code == 404
    assert not Probe.objects.exists()


def test_photograph_of_a_reference_lies_in_its_persons_gallery(
    gallery: Gallery, administrator: User, requester: User, encoder: Any, random_vectors: Callable[[], np.ndarray]
) -> None:
    person = factories.enrol(requester, gallery, encoder, "Somebody", random_vectors())
    other = enrolment.open_gallery(
        actor=administrator, name="Other", kind="humanitarian", lawful_basis="Law 1", purposes=["missing"]
    )
    with pytest.raises(DatabaseError, match="reference"):
        Photograph.objects.filter(reference__person=person).update(gallery=other)
