"""From the log alone: who could get in, and when. Every way to make, close and open an account is gone through."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import Agency, HeldRole, Role, User
from audit.forms import kind_choices
from audit.models import Entry
from audit.selectors import timeline
from demo import people
from tests.audit_fixtures import written
from tests.desk import NEW_PASSWORD, account_form, changes, page_of, roles_form
from tests.signing_in import sign_in

WITHOUT_PASSWORD = {"usable_password": "false", "unset-password": "on"}


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody hands in a password with the command."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{NEW_PASSWORD}\n" * 3))


def open_account(desk: Client, name: str, **facts: Any) -> User:
    data = {"username": name, "full_name": name.title(), "email": "", "usable_password": "true"}
    data |= {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD} | roles_form() | facts
    assert desk.post(page_of("accounts_user", "add"), data).status_code == 302
    return User.objects.get(username=name)


def save(desk: Client, user: User, *, active: bool, **facts: Any) -> None:
    data = account_form(user, **facts) | {"is_active": "on" if active else ""}
    assert desk.post(page_of("accounts_user", "change", user.pk), data).status_code == 302


def set_password(desk: Client, user: User, **facts: Any) -> None:
    data = {"usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD} | facts
    assert desk.post(reverse("admin:auth_user_password_change", args=[user.pk]), data).status_code == 302


def as_the_log_has_it() -> set[str]:
    """Return the ids of the accounts that could be signed in to by now, from nothing but entries."""
    active: dict[str, bool] = {}
    with_password: dict[str, bool] = {}
    for entry in Entry.objects.filter(kind__startswith="accounts:user:").order_by("id"):
        said = entry.payload or {}
        if entry.kind == "accounts:user:opened/1":
            active[entry.subject_id] = True
        active[entry.subject_id] = said.get("active", active[entry.subject_id])
        with_password[entry.subject_id] = said.get("has_password", with_password.get(entry.subject_id, False))
    return {user for user in active if active[user] and with_password[user]}


def who_gets_in(names: dict[str, str]) -> set[str]:
    """Return the ids of the accounts with which signing in succeeds."""
    accounts = {str(user.pk): user.username for user in User.objects.filter(pk__in=names)}
    return {pk for pk, name in accounts.items() if sign_in(Client(), name, NEW_PASSWORD) == 302}


def test_log_alone_says_who_could_get_in(db: None, typed: None) -> None:
    call_command("agency", "Bureau of somewhere", "somewhere", "root")
    root = User.objects.get()
    desk = Client()
    desk.force_login(root)
    names = {str(root.pk): "root"}

    def holds(*expected: User) -> None:
        assert as_the_log_has_it() == who_gets_in(names) == {str(user.pk) for user in expected}

    holds(root)
    person, other = open_account(desk, "person"), open_account(desk, "other", **WITHOUT_PASSWORD)
    names |= {str(user.pk): user.username for user in (person, other)}
    holds(root, person)
    save(desk, person, active=False)
    holds(root)
    set_password(desk, person)
    holds(root)
    save(desk, person, active=True, full_name="Person Anew")
    holds(root, person)
    set_password(desk, person, **WITHOUT_PASSWORD)
    holds(root)
    call_command("changepassword", "other")
    holds(root, other)


def sentences(viewer: User, kind: str) -> list[str]:
    return [line.sentence for line in timeline(viewer, Entry.objects.filter(kind=kind).order_by("id"))]


def test_closing_and_opening_again_are_told_apart(desk: Client, administrator: User, auditor: User) -> None:
    save(desk, auditor, active=False)
    save(desk, auditor, active=True, full_name="A. Uditor")
    save(desk, auditor, active=True, full_name="Auditor")
    assert changes("accounts:user:changed/1") == [
        {"fields": ["is_active"], "active": False},
        {"fields": ["full_name", "is_active"], "active": True},
        {"fields": ["full_name"]},
    ]
    assert sentences(administrator, "accounts:user:changed/1") == [
        "Administrator closed the account of Auditor (fields changed: is active).",
        "Administrator opened the account of Auditor again (fields changed: full name, is active).",
        "Administrator changed the account of Auditor (full name).",
    ]


def test_new_account_is_no_change_of_one_and_its_entry_names_no_field_of_a_password(
    desk: Client, administrator: User
) -> None:
    open_account(desk, "person", email="person@bureau.example")
    open_account(desk, "other", **WITHOUT_PASSWORD)
    assert changes("accounts:user:opened/1") == [
        {"fields": ["username", "full_name", "email"], "has_password": True},
        {"fields": ["username", "full_name"], "has_password": False},
    ]
    assert not changes("accounts:user:changed/1")
    assert sentences(administrator, "accounts:user:opened/1") == [
        "Administrator opened an account for Person.",
        "Administrator opened an account for Other, without a password to sign in with.",
    ]


def test_password_that_is_taken_away_is_no_new_one(desk: Client, administrator: User, auditor: User) -> None:
    set_password(desk, auditor, **WITHOUT_PASSWORD)
    assert changes("accounts:user:changed/1") == [{"fields": ["password"], "has_password": False}]
    (sentence,) = sentences(administrator, "accounts:user:changed/1")
    assert sentence == "Administrator took the password from the account of Auditor: nobody can sign in to it."


def test_first_agency_its_account_and_its_role_are_on_record(db: None, typed: None) -> None:
    call_command("agency", "Bureau of somewhere", "somewhere", "root")
    root = User.objects.get(username="root")
    assert (root.agency.name, root.roles) == ("Bureau of somewhere", {"administrator"})
    entries = list(Entry.objects.order_by("id"))
    assert [line.sentence for line in timeline(root, entries)] == [
        "The operator added the agency Bureau of somewhere.",
        "The operator opened an account for root.",
        "The operator gave root the role administrator.",
    ]
    assert {(entry.actor, entry.agency, (entry.payload or {})["at"]) for entry in entries} == {
        (None, root.agency, "command-line")
    }
    assert not any("somewhere" in written(entry) or NEW_PASSWORD in written(entry) for entry in entries)


def test_agency_whose_account_cannot_be_is_not_there_either(
    requester: User, typed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match="there already"):
        call_command("agency", "Bureau of somewhere", "somewhere", "REQUESTER")
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    with pytest.raises(CommandError, match="too short"):
        call_command("agency", "Bureau of somewhere", "somewhere", "root")
    assert not Agency.objects.filter(code="somewhere").exists()
    assert not Entry.objects.exists()


def test_demonstration_opens_its_accounts_on_record_and_only_once(db: None) -> None:
    for _ in range(2):
        people.make_staff()
    opened = Entry.objects.filter(kind="accounts:user:opened/1")
    assert set(opened.values_list("subject_id", flat=True)) == {str(user.pk) for user in User.objects.all()}
    assert opened.count() == len(people.ACCOUNTS)
    assert Entry.objects.filter(kind="accounts:agency:added/1").count() == 1
    assert Entry.objects.filter(kind="accounts:role:granted/1").count() == HeldRole.objects.count() > 0
    assert not Entry.objects.exclude(actor=None).exists()
    assert Role.ADMINISTRATOR in User.objects.get(username="administrator").roles


def test_log_can_be_asked_for_new_accounts_and_agencies() -> None:
    offered = dict(dict(kind_choices())["Accounts"])
    assert offered["accounts:user:opened/1"] == "user opened"
    assert offered["accounts:agency:added/1"] == "agency added"
