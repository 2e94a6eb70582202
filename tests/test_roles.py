"""A role allows its own work and nothing else."""

from collections.abc import Callable
from uuid import uuid4

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from audit.models import Entry
from identification.models import Case, Encoder, Face, Person, Photograph, Probe, Search
from review.models import Assignment
from tests import factories
from tests.made_pictures import saved, scene
from tests.world import JSON, World, read

MATRIX: dict[str, tuple[Callable[[Client, World], HttpResponse], frozenset[str], Callable[[HttpResponse], bool]]] = {
    "open a case": (
        lambda c, _: c.post(
            "/cases/open/",
            {"purpose": "deceased", "place": "Here", "occurred_on": "2026-11-01", "authority": "Order 7"},
        ),
        frozenset({Role.INTAKE}),
        lambda answer: answer.status_code == 302,
    ),
    "add photographs": (
        lambda c, w: c.post(
            f"/cases/{w.case.pk}/photographs/",
            {"files": [SimpleUploadedFile("a.jpg", saved(scene(), comment=uuid4().bytes))]},
            headers=JSON,
        ),
        frozenset({Role.INTAKE}),
        lambda answer: answer.status_code == 200 and answer.json()["files"][0]["state"] == "received",
    ),
    "enrol": (
        lambda c, w: c.post(
            f"/galleries/{w.gallery.pk}/enrol/",
            {
                "name": "Somebody",
                "provenance": "From the register",
                "files": [SimpleUploadedFile("a.jpg", saved(scene(), comment=uuid4().bytes))],
            },
        ),
        frozenset({Role.INTAKE, Role.ADMINISTRATOR}),
        lambda answer: answer.status_code == 302,
    ),
    "read the audit log": (
        lambda c, _: c.get("/audit/"),
        frozenset({Role.AUDITOR, Role.ADMINISTRATOR}),
        lambda answer: answer.status_code == 200,
    ),
    "export the audit log": (
        lambda c, _: c.post("/audit/exports/", {"format": "jsonl"}),
        frozenset({Role.AUDITOR, Role.ADMINISTRATOR}),
        lambda answer: answer.status_code == 302,
    ),
    "see the administration": (
        lambda c, _: c.get("/admin/"),
        frozenset({Role.ADMINISTRATOR}),
        lambda answer: answer.status_code == 200,
    ),
    "see the accounts": (
        lambda c, _: c.get("/admin/accounts/user/"),
        frozenset({Role.ADMINISTRATOR}),
        lambda answer: answer.status_code == 200,
    ),
    "take a review": (
        lambda c, _: c.post("/review/next/"),
        frozenset({Role.REVIEWER}),
        lambda answer: answer.status_code == 302 and "/review/work/" in answer.headers["Location"],
    ),
}


@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role.value if role else "no role")
@pytest.mark.parametrize("action", MATRIX)
def test_role_allows_its_own_work_and_nothing_else(
    client: Client, world: World, person_with: Callable[..., User], action: str, role: Role | None
) -> None:
    actor = person_with("somebody", *([role] if role else []))
    client.force_login(actor)
    act, allowed, succeeded = MATRIX[action]
    before = _counts()
    answer = read(act(client, world))
    assert answer.status_code < 500
    assert succeeded(answer) == (role in allowed), (answer.status_code, answer.headers.get("Location"))
    if role not in allowed:
        assert _counts() == before
        assert not Entry.objects.filter(actor=actor).exclude(kind__startswith="accounts:session").exists()


def _counts() -> list[int]:
    return [model.objects.count() for model in (Case, Photograph, Person, Face, Probe, Search, Assignment)]


@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role.value if role else "no role")
def test_only_intake_asks_who_a_face_is(
    client: Client,
    case: Case,
    requester: User,
    encoder: Encoder,
    person_with: Callable[..., User],
    random_vectors: Callable[[], np.ndarray],
    role: Role | None,
) -> None:
    client.force_login(person_with("somebody", *([role] if role else [])))
    empty = factories.searched(requester, case, encoder, random_vectors()).probe
    photograph = factories.intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    face = factories.analysed(photograph, encoder, random_vectors(), random_vectors())[0]
    client.post(reverse("identification:choose-probe", args=[face.pk]))
    assert Probe.objects.filter(face=face).exists() == (role == Role.INTAKE)
    client.post(reverse("identification:search-again", args=[empty.pk]))
    assert factories.Job.objects.filter(subject_id=empty.pk, state="due").exists() == (role == Role.INTAKE)


def test_requester_is_never_asked_for_by_somebody_else(
    client: Client, case: Case, requester: User, encoder: Encoder, person_with: Callable, random_vectors: Callable
) -> None:
    colleague = person_with("colleague", Role.INTAKE)
    photograph = factories.intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    face = factories.analysed(photograph, encoder, random_vectors(), random_vectors())[0]
    client.force_login(colleague)
    client.post(reverse("identification:choose-probe", args=[face.pk]))
    assert Probe.objects.get(face=face).requested_by == requester
    entry = Entry.objects.get(kind="identification:probe:chosen/1")
    assert entry.actor == colleague


@pytest.mark.parametrize("role", Role)
def test_bar_leads_nobody_where_they_may_not_go(client: Client, person_with: Callable[..., User], role: Role) -> None:
    client.force_login(person_with("somebody", role))
    page = client.get("/cases/")
    for entry in page.context["nav_entries"]:
        assert client.get(entry.url).status_code == 200, entry.label
