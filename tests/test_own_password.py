"""Everybody chooses the password that they sign with."""

from django.test import Client

from accounts.models import User
from audit.models import Entry
from tests.audit_fixtures import written
from tests.conftest import PASSWORD

NEW = "another-passphrase-of-mine"


def change(client: Client, old: str) -> int:
    return client.post("/password/", {"old_password": old, "new_password1": NEW, "new_password2": NEW}).status_code


def test_person_changes_their_own_password_and_the_log_says_so(client: Client, first_reviewer: User) -> None:
    client.force_login(first_reviewer)
    assert client.get("/password/").status_code == 200
    assert change(client, PASSWORD) == 302
    first_reviewer.refresh_from_db()
    assert first_reviewer.check_password(NEW)
    entry = Entry.objects.get(kind="accounts:user:changed/1")
    assert (entry.actor, entry.subject_id) == (first_reviewer, str(first_reviewer.pk))
    assert NEW not in written(entry)


def test_password_stays_without_the_old_one(client: Client, first_reviewer: User) -> None:
    client.force_login(first_reviewer)
    assert change(client, "not-the-old-passphrase") == 200
    first_reviewer.refresh_from_db()
    assert first_reviewer.check_password(PASSWORD)
    assert not Entry.objects.filter(kind="accounts:user:changed/1").exists()
