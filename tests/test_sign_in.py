"""Accounts and their sessions: who gets in, who no longer does, and how guessing is stopped."""

from django.conf import settings as django_settings
from django.test import Client

from accounts.models import User
from tests.conftest import PASSWORD
from tests.signing_in import SIGN_IN, sign_in


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
