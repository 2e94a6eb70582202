"""One agency at work, and every address of the site with its things in it."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Agency, User
from audit.models import Entry, Export
from identification.models import Case, Encoder, FaceCorrection, Gallery
from identification.recognition.encoders import SHIPPED
from review.models import Agreement, Review
from review.services import queue
from tests import factories

JSON = {"accept": "application/json"}


class World:
    """One agency at work: a case with a searched probe, a gallery with a person, a review that somebody has taken."""

    def __init__(
        self, case: Case, gallery: Gallery, encoder: Encoder, requester: User, reviewer: User, vectors: Callable
    ) -> None:
        self.case, self.gallery = case, gallery
        self.person = factories.enrol(requester, gallery, encoder, "Known", vectors())
        self.search = factories.searched(requester, case, encoder, vectors())
        self.probe = self.search.probe
        self.face = self.search.face
        self.photograph = self.face.photograph
        self.reference_face = self.person.references.get().face
        self.correction = FaceCorrection.objects.create(
            photograph=self.photograph, kind="added", left=1, top=1, width=20, height=20, state="landmarks",
            corrected_by=requester,
        )  # fmt: skip
        self.review = Review.objects.get()
        self.assignment = queue.take_next(actor=reviewer)
        assert self.assignment is not None
        self.agreement = Agreement.objects.create(
            holder=case.agency, helper=Agency.objects.create(name="Neighbours", code="neighbours"),
            purposes=["missing"], basis="Treaty", proposed_by=requester,
        )  # fmt: skip
        self.export = Export.objects.create(asked_by=requester, agency=case.agency, format="jsonl", filters={})
        entry = Entry.objects.filter(agency=case.agency).last()
        assert entry is not None
        self.entry = entry

    def ids(self) -> dict[str, Any]:
        """What stands in the addresses, by the name that the address gives it."""
        return {
            "case_id": self.case.pk,
            "gallery_id": self.gallery.pk,
            "photograph_id": self.photograph.pk,
            "face_id": self.face.pk,
            "correction_id": self.correction.pk,
            "probe_id": self.probe.pk,
            "person_id": self.person.pk,
            "reference_id": self.person.references.get().pk,
            "review_id": self.review.pk,
            "assignment_id": self.assignment.pk,
            "agreement_id": self.agreement.pk,
            "export_id": self.export.pk,
            "uid": self.entry.uid,
            "checkpoint_id": 10**9,  # of nothing: none is signed here
            "identifier_id": uuid4(),  # of nothing: there is none before a review has ended
        }


def all_patterns(patterns: list[Any] | None = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address that the resolver knows, as "prefix/<uuid:case_id>/"."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from all_patterns(pattern.url_patterns, before + str(pattern.pattern))
        else:
            yield before + str(pattern.pattern), pattern


def filled(route: str, pattern: URLPattern, ids: dict[str, Any]) -> str:
    """The address with ids in it; a name that isn't among them is a mistake of the test."""
    address = route
    for name, converter in pattern.pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower()
        kind = "str" if kind == "string" else kind
        for written in (f"<{kind}:{name}>", f"<{name}>"):
            address = address.replace(written, str(ids[name]))
    assert "<" not in address, address
    return "/" + address


# What says nothing about anybody and is read without signing in (audit/views/public.py).
OPEN_TO_EVERYBODY = {
    "audit/checkpoint", "audit/checkpoint/<int:entries>", "audit/checkpoints.txt",
    "audit/consistency/<int:older>/<int:newer>", "audit/keys", "audit/keys.jsonl",
}  # fmt: skip
ADMIN_IDS = {"object_id": 1, "id": 1, "content_type_id": 1, "app_label": "accounts"}
# Encoders are every agency's.
SHARED_IDS = {"encoder_name": "dlib-resnet-v1", "encoder_version": SHIPPED["dlib-resnet-v1"].version}


IN_THE_LOG = {"entries": 1, "older": 1, "newer": 1}
# A picture and a draft in a reviewer's place.
IN_A_PLACE = {"size": "crop", "position": 1, "number": 1, "section": "analysis"}


def addresses(world_ids: dict[str, Any]) -> list[tuple[str, str]]:
    """(route, address) of everything; what can't be filled in (the administration's regular expressions) apart."""
    found = []
    for route, pattern in all_patterns():
        if "(?P<app_label>" in route:
            found.append((route, "/admin/accounts/"))
        elif "(?P<url>" in route:
            found.append((route, "/admin/whatever/"))
        else:
            found.append((route, filled(route, pattern, world_ids | ADMIN_IDS | SHARED_IDS | IN_THE_LOG | IN_A_PLACE)))
    return found


def read(answer: Any) -> Any:
    """Take in a streamed answer to its end, which closes its file."""
    if answer.streaming:
        list(answer.streaming_content)
    return answer
