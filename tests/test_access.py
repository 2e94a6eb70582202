"""Who sees what: nobody without an account, nobody beyond their agency, and every look at a face on record."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from identification.models import Case
from tests import factories
from tests.conftest import StandInModels
from tests.signing_in import SIGN_IN, sign_in
from tests.world import OPEN_TO_EVERYBODY, World, addresses, read

RARE = ("head", "put", "delete", "options")

# Without an account


@pytest.mark.parametrize("method", ["get", "post", *(pytest.param(rare, marks=pytest.mark.slow) for rare in RARE)])
def test_anonymous_visitor_gets_nothing_but_the_way_to_sign_in(client: Client, world: World, method: str) -> None:
    seen = {}
    entries = Entry.objects.count()
    for route, address in addresses(world.ids()):
        if route in OPEN_TO_EVERYBODY:
            continue
        answer = read(getattr(client, method)(address))
        # The administration first sends everybody to its own address for signing in, which leads there as well.
        ways = (SIGN_IN, "/admin/login/?next=") if route.startswith("admin/") else SIGN_IN
        if not (answer.status_code == 302 and answer.headers["Location"].startswith(ways)):
            seen[route] = answer.status_code
    # An outsider verifies a bundle without an account.
    verifier = dict.fromkeys(("audit/verify/", "audit/verify/verify.py"), 200 if method in ("get", "head") else 405)
    assert seen == verifier | {"sign-in/": 405 if method == "delete" else 200}
    assert Entry.objects.count() == entries


def test_what_is_open_to_everybody_is_all_that_is(client: Client, world: World) -> None:
    walked = dict(addresses(world.ids()))
    assert walked.keys() >= OPEN_TO_EVERYBODY
    for route in OPEN_TO_EVERYBODY:
        answer = client.get(walked[route])
        assert answer.status_code in (200, 404), route
        assert answer.headers["Content-Type"].startswith("text/plain"), route
        assert client.post(walked[route]).status_code == 405, route


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
    for start in (
        "/cases/",
        "/galleries/",
        "/encoders/",
        "/photographs/",
        "/faces/",
        "/probes/",
        "/review/",
        "/audit/",
        "/admin/",
    ):
        assert any(address.startswith(start) for address in walked), start
    assert len(walked) > 50


# Another agency


def test_another_agencys_person_gets_404_for_every_object(client: Client, world: World, outsider: User) -> None:
    """But for the log, whose pages are closed to all who review, whatever they name."""
    client.force_login(outsider)
    objects = [
        (route, address)
        for route, address in addresses(world.ids())
        if "<uuid:" in route and not route.startswith(("admin/", "audit/"))
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


@pytest.mark.slow
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
            answer = client.get(address)
            if answer.status_code == 405:  # there is only something to be done there
                answer = client.post(address)
            assert answer.status_code == 404, route


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
    shown = [entry.payload["variant"] for entry in entries]
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
