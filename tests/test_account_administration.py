"""Accounts, roles and the agency itself in the administration: their own agency alone, every change on record."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Agency, HeldRole, Role, User
from audit.models import Entry
from tests.audit_fixtures import written
from tests.conftest import PASSWORD
from tests.desk import NEW_PASSWORD, account_form, changes, page_of, roles_form


def new_account(**facts: object) -> dict[str, Any]:
    data = {
        "username": "newcomer",
        "full_name": "New Comer",
        "email": "",
        "usable_password": "true",
        "password1": NEW_PASSWORD,
        "password2": NEW_PASSWORD,
    }
    return data | roles_form() | facts


def test_new_person_belongs_to_the_administrators_agency_and_has_no_power_without_a_role(
    desk: Client, administrator: User, other_agency: Agency
) -> None:
    data = new_account(agency=other_agency.pk, is_superuser="on", is_staff="on")
    assert desk.post(page_of("accounts_user", "add"), data).status_code == 302
    newcomer = User.objects.get(username="newcomer")
    assert (newcomer.agency, newcomer.roles, newcomer.is_staff) == (administrator.agency, frozenset(), False)
    entry = Entry.objects.get(kind="accounts:user:opened/1")
    assert (entry.actor, entry.subject_id) == (administrator, str(newcomer.pk))
    assert entry.payload == {"fields": ["username", "full_name"], "has_password": True}
    assert "newcomer" not in written(entry)
    assert newcomer.check_password(NEW_PASSWORD)


@pytest.mark.parametrize(
    "facts",
    [
        {"password1": "short", "password2": "short"},
        {"username": "REQUESTER"},
        {"username": ""},
        {"full_name": ""},
    ],
)
def test_account_that_cannot_be_is_refused_with_a_sentence(
    desk: Client, requester: User, facts: dict[str, str]
) -> None:
    before = User.objects.count()
    answer = desk.post(page_of("accounts_user", "add"), new_account(**facts))
    assert answer.status_code == 200
    assert "Constraint" not in str(answer.context["adminform"].form.errors)
    assert User.objects.count() == before


def test_user_name_taken_in_other_letters_gets_a_sentence_on_change_too(
    desk: Client, requester: User, auditor: User
) -> None:
    answer = desk.post(page_of("accounts_user", "change", auditor.pk), account_form(auditor, username="REQUESTER"))
    assert answer.status_code == 200
    errors = str(answer.context["adminform"].form.errors)
    assert "already exists" in errors
    assert "Constraint" not in errors


def test_roles_granted_and_revoked_leave_an_entry_each(desk: Client, administrator: User, auditor: User) -> None:
    data = account_form(auditor) | roles_form(auditor, Role.REVIEWER, Role.INTAKE, remove=(Role.AUDITOR,))
    assert desk.post(page_of("accounts_user", "change", auditor.pk), data).status_code == 302
    assert set(HeldRole.objects.filter(user=auditor).values_list("role", flat=True)) == {"reviewer", "intake"}
    assert changes("accounts:role:granted/1") == [{"role": "intake"}, {"role": "reviewer"}]
    assert changes("accounts:role:revoked/1") == [{"role": "auditor"}]
    entries = Entry.objects.filter(kind__startswith="accounts:role")
    assert {(entry.actor, entry.subject_id) for entry in entries} == {(administrator, str(auditor.pk))}


def test_role_that_becomes_another_is_revoked_and_granted(desk: Client, auditor: User) -> None:
    data = account_form(auditor, **{"held_roles-0-role": "reviewer"})
    assert desk.post(page_of("accounts_user", "change", auditor.pk), data).status_code == 302
    assert changes("accounts:role:granted/1") == [{"role": "reviewer"}]
    assert changes("accounts:role:revoked/1") == [{"role": "auditor"}]


def test_same_role_twice_gets_a_sentence(desk: Client, auditor: User) -> None:
    data = account_form(auditor) | roles_form(auditor, Role.AUDITOR)
    assert desk.post(page_of("accounts_user", "change", auditor.pk), data).status_code == 200
    assert HeldRole.objects.filter(user=auditor).count() == 1


def test_closing_an_account_is_on_record_and_ends_its_sessions(desk: Client, auditor: User) -> None:
    theirs = Client()
    theirs.force_login(auditor)
    data = account_form(auditor)
    del data["is_active"]
    desk.post(page_of("accounts_user", "change", auditor.pk), data)
    assert changes("accounts:user:changed/1") == [{"fields": ["is_active"], "active": False}]
    assert theirs.get("/audit/").status_code == 302


def test_password_set_by_an_administrator_is_on_record(desk: Client, administrator: User, auditor: User) -> None:
    data = {"usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    answer = desk.post(reverse("admin:auth_user_password_change", args=[auditor.pk]), data)
    assert answer.status_code == 302
    auditor.refresh_from_db()
    assert auditor.check_password(NEW_PASSWORD)
    assert changes("accounts:user:changed/1") == [{"fields": ["password"], "has_password": True}]
    entry = Entry.objects.get(kind="accounts:user:changed/1")
    assert (entry.actor, entry.subject_id) == (administrator, str(auditor.pk))


def test_password_stays_when_the_entry_cannot_be_written(
    desk: Client, auditor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("the log can't be written")

    monkeypatch.setattr("audit.administration.record", fail)
    data = {"usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert desk.post(reverse("admin:auth_user_password_change", args=[auditor.pk]), data).status_code == 500
    auditor.refresh_from_db()
    assert auditor.check_password(PASSWORD)


def test_ones_own_new_password_is_on_record_too(desk: Client, administrator: User) -> None:
    data = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    answer = desk.post("/admin/password_change/", data)
    administrator.refresh_from_db()
    changed = administrator.check_password(NEW_PASSWORD)
    assert changed == (answer.status_code == 302)
    assert changes("accounts:user:changed/1") == ([{"fields": ["password"], "has_password": True}] if changed else [])


def test_another_agencys_people_are_not_there(desk: Client, outsider: User) -> None:
    listed = desk.get(page_of("accounts_user", "changelist"), {"q": "outsider"}).content.decode()
    assert "Outsider" not in listed
    addresses = [page_of("accounts_user", action, outsider.pk) for action in ("change", "history", "delete")]
    for address in addresses:
        answer = desk.get(address)
        assert answer.status_code in (302, 403, 404)
        assert "Outsider" not in answer.content.decode()
    data = {"usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert desk.post(reverse("admin:auth_user_password_change", args=[outsider.pk]), data).status_code in (403, 404)
    desk.post(page_of("accounts_user", "change", outsider.pk), account_form(outsider, full_name="Taken over"))
    outsider.refresh_from_db()
    assert outsider.full_name == "Outsider"
    assert outsider.check_password(PASSWORD)
    other = outsider.agency
    assert other.name not in desk.get(page_of("accounts_agency", "changelist")).content.decode()
    assert desk.get(page_of("accounts_agency", "change", other.pk)).status_code == 302


def test_roles_of_another_agencys_person_cannot_be_slipped_in(desk: Client, auditor: User, outsider: User) -> None:
    theirs = outsider.held_roles.get(role=Role.REVIEWER)
    data = account_form(auditor) | {
        "held_roles-INITIAL_FORMS": 1,
        "held_roles-TOTAL_FORMS": 1,
        "held_roles-0-id": theirs.pk,
        "held_roles-0-user": auditor.pk,
        "held_roles-0-role": "auditor",
        "held_roles-0-DELETE": "on",
    }
    desk.post(page_of("accounts_user", "change", auditor.pk), data)
    assert outsider.held_roles.filter(role=Role.REVIEWER).exists()


def test_agency_is_renamed_by_its_own_administrator_and_that_is_on_record(desk: Client, agency: Agency) -> None:
    answer = desk.post(page_of("accounts_agency", "change", agency.pk), {"name": "New name", "code": agency.code})
    assert answer.status_code == 302
    assert changes("accounts:agency:changed/1") == [{"fields": ["name"]}]
