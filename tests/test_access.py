"""Who sees what: nobody without an account, nobody beyond their agency, and every look at a face on record."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Role, User
from audit.models import Entry
from identification.models import Case, Encoder, Face, Gallery, Person, Photograph, Probe, Search
from review.models import Assignment, Review
from review.services import queue
from tests import factories
from tests.conftest import PASSWORD, StandInModels
from tests.test_imaging import saved, scene

SIGN_IN = "/sign-in/"
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
        self.review = Review.objects.get()
        self.assignment = queue.take_next(actor=reviewer)
        assert self.assignment is not None

    def ids(self) -> dict[str, UUID]:
        """What stands in the addresses, by the name that the address gives it."""
        return {
            "case_id": self.case.pk,
            "gallery_id": self.gallery.pk,
            "photograph_id": self.photograph.pk,
            "face_id": self.face.pk,
            "probe_id": self.probe.pk,
            "person_id": self.person.pk,
            "review_id": self.review.pk,
            "assignment_id": self.assignment.pk,
        }


@pytest.fixture
def world(
    case: Case, gallery: Gallery, encoder: Encoder, requester: User, first_reviewer: User, random_vectors: Callable
) -> World:
    return World(case, gallery, encoder, requester, first_reviewer, random_vectors)


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
        for written in (f"<{kind}:{name}>", f"<{name}>"):
            address = address.replace(written, str(ids[name]))
    assert "<" not in address, address
    return "/" + address


ADMIN_IDS = {"object_id": 1, "id": 1, "content_type_id": 1, "app_label": "accounts"}


def addresses(world_ids: dict[str, Any]) -> list[tuple[str, str]]:
    """(route, address) of everything; what can't be filled in (the administration's regular expressions) apart."""
    found = []
    for route, pattern in all_patterns():
        if "(?P<app_label>" in route:
            found.append((route, "/admin/accounts/"))
        elif "(?P<url>" in route:
            found.append((route, "/admin/whatever/"))
        else:
            found.append((route, filled(route, pattern, world_ids | ADMIN_IDS)))
    return found


def read(answer: Any) -> Any:
    """Take in a streamed answer to its end, which closes its file."""
    if answer.streaming:
        list(answer.streaming_content)
    return answer


# Without an account


def test_anonymous_visitor_gets_nothing_but_the_way_to_sign_in(client: Client, world: World) -> None:
    seen = {}
    entries = Entry.objects.count()
    for route, address in addresses(world.ids()):
        for method in ("get", "post", "head", "put", "delete", "options"):
            answer = getattr(client, method)(address)
            # The administration first sends everybody to its own address for signing in, which leads there as well.
            ways = (SIGN_IN, "/admin/login/?next=") if route.startswith("admin/") else SIGN_IN
            if not (answer.status_code == 302 and answer.headers["Location"].startswith(ways)):
                seen[route, method] = answer.status_code
    assert seen == {
        ("sign-in/", "get"): 200,
        ("sign-in/", "post"): 200,
        ("sign-in/", "head"): 200,
        ("sign-in/", "put"): 200,
        ("sign-in/", "delete"): 405,
        ("sign-in/", "options"): 200,
    }
    assert Entry.objects.count() == entries


def test_administration_has_no_sign_in_of_its_own(client: Client, requester: User, administrator: User) -> None:
    answer = client.get("/admin/", follow=True)
    assert [address for address, _ in answer.redirect_chain] == ["/admin/login/?next=/admin/", "/sign-in/?next=/admin/"]
    sign_in(client, "administrator")
    assert client.get("/admin/login/").headers["Location"] == "/admin/"
    client.force_login(requester)
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403


def test_address_that_does_not_exist_says_nothing_to_a_visitor(client: Client, db: None) -> None:
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    assert "Sign out" not in answer.content.decode()


def test_the_walk_reaches_every_part_of_the_site(world: World) -> None:
    walked = [address for _, address in addresses(world.ids())]
    for start in ("/cases/", "/galleries/", "/photographs/", "/faces/", "/probes/", "/review/", "/audit/", "/admin/"):
        assert any(address.startswith(start) for address in walked), start
    assert len(walked) > 50


# Another agency


def test_another_agencys_person_gets_404_for_every_object(client: Client, world: World, outsider: User) -> None:
    client.force_login(outsider)
    objects = [
        (route, address)
        for route, address in addresses(world.ids())
        if "<uuid:" in route and not route.startswith("admin/")
    ]
    assert len(objects) >= 16
    entries = Entry.objects.count()
    answered = {}
    for route, address in objects:
        for method in ("get", "post"):
            answered[route, method] = getattr(client, method)(address).status_code
    # A page answers GET and a form POST; what answers neither way would have been walked past.
    assert set(answered.values()) == {404, 405}
    for route, _ in objects:
        assert 404 in (answered[route, "get"], answered[route, "post"]), route
    assert Entry.objects.count() == entries, "nothing was recorded as seen"


def test_what_does_not_exist_looks_the_same_as_what_is_another_agencys(
    client: Client, world: World, outsider: User
) -> None:
    client.force_login(outsider)
    for route, theirs in addresses(world.ids()):
        if "<uuid:" not in route or route.startswith("admin/"):
            continue
        nowhere = theirs
        for value in world.ids().values():
            nowhere = nowhere.replace(str(value), str(uuid4()))
        for method in ("get", "post"):
            answers = [getattr(client, method)(address) for address in (theirs, nowhere)]
            assert answers[0].status_code == answers[1].status_code, route


def test_lists_never_name_another_agencys_things(client: Client, world: World, outsider: User) -> None:
    client.force_login(outsider)
    for name in ("identification:cases", "identification:galleries", "review:queue", "admin:index"):
        page = client.get(reverse(name), follow=True)
        assert page.status_code == 200, name
        text = page.content.decode()
        assert not any(str(value) in text for value in world.ids().values()), name
        assert world.gallery.name not in text
        assert str(world.case.place) not in text


def test_reviewer_of_the_agency_cannot_open_a_colleagues_assignment(
    client: Client, world: World, second_reviewer: User
) -> None:
    client.force_login(second_reviewer)
    for route, address in addresses(world.ids()):
        if "assignment_id" in route:
            assert client.get(address).status_code == 404, route


# Roles

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
        lambda c, _: c.post("/audit/export/", {"form": "jsonl"}),
        frozenset({Role.AUDITOR, Role.ADMINISTRATOR}),
        lambda answer: answer.status_code == 200,
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


# Accounts


def test_deactivated_account_is_out_at_once(client: Client, requester: User) -> None:
    client.force_login(requester)
    assert client.get("/cases/").status_code == 200
    User.objects.filter(pk=requester.pk).update(is_active=False)
    answer = client.get("/cases/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(SIGN_IN)


def test_deactivated_account_cannot_sign_in(client: Client, requester: User) -> None:
    User.objects.filter(pk=requester.pk).update(is_active=False)
    assert sign_in(client, "requester") == 200
    assert "_auth_user_id" not in client.session


def test_role_that_was_taken_away_is_gone_with_the_next_click(client: Client, auditor: User) -> None:
    client.force_login(auditor)
    assert client.get("/audit/").status_code == 200
    auditor.held_roles.all().delete()
    assert client.get("/audit/").status_code == 403


def test_new_password_ends_the_sessions_that_stand(client: Client, requester: User) -> None:
    client.force_login(requester)
    requester.set_password("another-long-passphrase")
    requester.save()
    assert client.get("/cases/").status_code == 302


def test_signing_out_ends_the_session_and_is_no_link(client: Client, requester: User) -> None:
    client.force_login(requester)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").status_code == 302
    assert client.get("/cases/").status_code == 302


def test_sign_in_leads_nowhere_outside(client: Client, requester: User) -> None:
    data = {"username": "requester", "password": PASSWORD}
    assert client.post("/sign-in/?next=https://elsewhere.example/", data).headers["Location"] == "/"


def sign_in(client: Client, name: str, password: str = PASSWORD, address: str = "10.0.0.1") -> int:
    data = {"username": name, "password": password}
    return client.post(SIGN_IN, data, REMOTE_ADDR=address).status_code


def test_guessing_is_stopped_for_the_person_and_address_and_the_owner_still_gets_in_from_elsewhere(
    client: Client, requester: User, first_reviewer: User
) -> None:
    limit = django_settings.AXES_FAILURE_LIMIT
    answers = [sign_in(client, "requester", f"guess {number}") for number in range(limit + 2)]
    assert answers == [200] * (limit - 1) + [429] * 3
    assert sign_in(client, "requester") == 429, "the right password doesn't help the guesser"
    assert "_auth_user_id" not in client.session
    assert sign_in(Client(), "requester", address="10.0.0.2") == 302
    assert sign_in(Client(), "first_reviewer", address="10.0.0.1") == 302


def test_lockout_says_what_to_do(client: Client, requester: User, settings) -> None:
    settings.AXES_FAILURE_LIMIT = 2
    for _ in range(2):
        sign_in(client, "requester", "wrong")
    answer = client.post(SIGN_IN, {"username": "requester", "password": PASSWORD}, REMOTE_ADDR="10.0.0.1")
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.content.decode()


def test_wrong_name_and_wrong_password_look_alike(client: Client, requester: User) -> None:
    pages = []
    for name in ("requester", "nobody"):
        page = client.post(SIGN_IN, {"username": name, "password": "wrong"}).content.decode()
        assert "belong together" in page
        pages.append(page.replace(name, "NAME"))
    assert len(pages[0]) == len(pages[1])


# Headers


def test_every_answer_carries_the_security_headers(client: Client, world: World, person_with: Callable) -> None:
    # All roles and the reviewer's own work, so that pages and not refusals answer.
    everybody = person_with("everybody", *Role)
    for viewer in (None, everybody, world.assignment.reviewer):
        if viewer:
            client.force_login(viewer)
        for route, address in [*addresses(world.ids()), ("", "/no/such/page/")]:
            answer = read(client.get(address))
            assert "no-store" in answer.headers["Cache-Control"], route
            assert answer.headers["X-Frame-Options"] == "DENY", route
            assert answer.headers["X-Content-Type-Options"] == "nosniff", route
            assert answer.headers["Referrer-Policy"] == "same-origin", route
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", route
            policy = answer.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in policy, route
            assert "default-src 'none'" in policy, route
            if not route.startswith("admin/"):
                assert "unsafe" not in policy, route


@pytest.mark.parametrize("address", ["/sign-in/", "/cases/", "/cases/open/", "/galleries/", "/review/", "/audit/"])
def test_pages_hold_no_inline_script_or_style(client: Client, person_with: Callable, address: str) -> None:
    if address != "/sign-in/":
        client.force_login(person_with("everybody", *Role))
    page = client.get(address).content.decode()
    assert "<html" in page
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    for script in page.split("<script")[1:]:
        assert "src=" in script.split(">")[0], script[:80]


def test_session_cookie_is_out_of_reach_of_scripts(client: Client, requester: User) -> None:
    sign_in(client, "requester")
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_posts_need_the_token(world: World, requester: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(requester)
    assert strict.post(f"/cases/{world.case.pk}/photographs/", {}, headers=JSON).status_code == 403


# Looking is on record


def test_every_look_at_a_photograph_or_face_leaves_an_entry(client: Client, world: World, auditor: User) -> None:
    client.force_login(auditor)
    looks = [
        (reverse("identification:photograph-image", args=[world.photograph.pk]), world.photograph, "derivative"),
        (reverse("identification:face-image", args=[world.face.pk]), world.face, "crop"),
        (reverse("identification:face-image", args=[world.reference_face.pk]), world.reference_face, "crop"),
        (reverse("identification:face-image", args=[world.face.pk]), world.face, "crop"),
    ]
    for address, _, _ in looks:
        answer = read(client.get(address))
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    entries = Entry.objects.filter(kind="identification:photograph:viewed/1").order_by("id")
    assert [(entry.subject_type, entry.subject_id) for entry in entries] == [
        (thing._meta.label_lower, str(thing.pk)) for _, thing, _ in looks
    ]
    shown = [json.loads(entry.canonical)["payload"]["variant"] for entry in entries]
    assert shown == [variant for *_, variant in looks]
    assert {entry.actor for entry in entries} == {auditor}
    assert len({entry.request_id for entry in entries}) == 4


def test_no_picture_is_shown_when_the_look_cannot_be_recorded(
    client: Client, world: World, requester: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("the log can't be written")

    monkeypatch.setattr("identification.views.images.record_alone", fail)
    client.force_login(requester)
    client.raise_request_exception = False
    assert client.get(reverse("identification:photograph-image", args=[world.photograph.pk])).status_code == 500


def test_looking_at_a_case_leaves_one_entry_and_its_updates_none(client: Client, world: World, requester: User) -> None:
    client.force_login(requester)
    client.get(world.case.get_absolute_url())
    for _ in range(3):
        assert client.get(world.case.get_absolute_url(), headers={"HX-Request": "true"}).status_code == 200
    entry = Entry.objects.get(kind="identification:case:viewed/1")
    assert (entry.actor, entry.subject_id, entry.purpose) == (requester, str(world.case.pk), world.case.purpose)


def test_case_page_shows_no_candidate_score_or_reviewer(client: Client, world: World, requester: User) -> None:
    client.force_login(requester)
    page = client.get(world.case.get_absolute_url()).content.decode()
    assert world.person.name not in page
    assert "First_Reviewer" not in page
    score = world.search.candidates.get().score
    assert f"{score:.2f}"[1:] not in page
    for word in ("match", "suspect", "score"):
        assert word not in page.lower()


def test_pages_of_many_things_ask_a_fixed_number_of_questions(
    client: Client, case: Case, requester: User, models: StandInModels, django_assert_max_num_queries
) -> None:
    for _ in range(30):
        factories.intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    client.force_login(requester)
    with django_assert_max_num_queries(40):
        assert client.get(case.get_absolute_url()).status_code == 200
