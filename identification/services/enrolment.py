"""Galleries are opened and known people enrolled, each reference with where it comes from."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from accounts.models import User
from audit.services import record
from identification import policies
from identification.models import Gallery, Person, Photograph, Reference, RefusedFile
from identification.policies import require
from identification.services.intake import HandedInFile, receive_photograph


@transaction.atomic
def open_gallery(*, actor: User, name: str, kind: str, lawful_basis: str, purposes: Sequence[str]) -> Gallery:
    """Open an empty gallery of the actor's agency."""
    require(policies.can_open_gallery(actor), "Opening a gallery needs the administrator role.")
    gallery = Gallery.objects.create(
        agency=actor.agency, name=name, kind=kind, lawful_basis=lawful_basis, purposes=list(purposes)
    )
    said = {"gallery_kind": kind, **terms_of(gallery)}
    record(kind="identification:gallery:opened/1", actor=actor, subject=gallery, payload=said)
    return gallery


def terms_of(gallery: Gallery) -> dict[str, Any]:
    """Return what an entry says of what a gallery is held for; its lawful basis, being free text, by hash."""
    basis = hashlib.sha256(gallery.lawful_basis.encode()).hexdigest()
    return {"purposes": sorted(gallery.purposes), "basis_sha256": basis}


@transaction.atomic
def enrol_person(
    *, actor: User, gallery: Gallery, name: str, registry_number: str = "", born_in: int | None = None, home: str = ""
) -> Person:
    """Enter a known person into a gallery; references are added one by one."""
    require(policies.can_enrol(actor, gallery), "Enrolling people needs the intake role in this agency.")
    person = Person.objects.create(
        gallery=gallery, name=name, registry_number=registry_number, born_in=born_in, home=home
    )
    record(kind="identification:person:enrolled/1", actor=actor, subject=person, payload={"gallery": str(gallery.pk)})
    return person


@transaction.atomic
def add_reference(*, actor: User, person: Person, file: HandedInFile, provenance: str) -> Reference | RefusedFile:
    """Hand in a photograph by which a person is known; it is searched once exactly one face was found in it."""
    received = receive_photograph(actor=actor, file=file, gallery=person.gallery)
    if isinstance(received, RefusedFile):
        return received
    return _tie(actor=actor, person=person, photograph=received, provenance=provenance)


def _tie(*, actor: User, person: Person, photograph: Photograph, provenance: str) -> Reference:
    reference = Reference.objects.create(
        person=person, gallery_id=person.gallery_id, photograph=photograph, provenance=provenance, added_by=actor
    )
    record(
        kind="identification:reference:enrolled/1",
        actor=actor,
        subject=reference,
        payload={"person": str(person.pk), "photograph": str(photograph.pk), "sha256": photograph.sha256},
    )
    return reference
