"""What every answer carries: headers, cookies and tokens that keep scripts and other sites out."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Role, User
from tests.signing_in import sign_in
from tests.world import JSON, OPEN_TO_EVERYBODY, World, addresses, read


@pytest.mark.slow
def test_every_answer_carries_the_security_headers(client: Client, world: World, person_with: Callable) -> None:
    # All roles and the reviewer's own work, so that pages and not refusals answer.
    everybody = person_with("everybody", *Role)
    for viewer in (None, everybody, world.assignment.reviewer):
        if viewer:
            client.force_login(viewer)
        for route, address in [*addresses(world.ids()), ("", "/no/such/page/")]:
            answer = read(client.get(address))
            public = route in OPEN_TO_EVERYBODY and answer.status_code == 200
            assert ("public" if public else "no-store") in answer.headers["Cache-Control"], route
            assert answer.headers["X-Frame-Options"] == "DENY", route
            assert answer.headers["X-Content-Type-Options"] == "nosniff", route
            assert answer.headers["Referrer-Policy"] == "same-origin", route
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", route
            policy = answer.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in policy, route
            assert "default-src 'none'" in policy, route
            if not route.startswith("admin/"):
                assert "unsafe" not in policy, route


@pytest.mark.parametrize(
    "address", ["/sign-in/", "/cases/", "/cases/open/", "/galleries/", "/review/", "/audit/", "/audit/verify/"]
)
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
