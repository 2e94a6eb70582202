"""Sign-ins stand in the log; what somebody typed as a name doesn't."""

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from tests.audit_fixtures import written
from tests.conftest import PASSWORD

TYPED = "my secret pass phrase in the wrong box"


def sign_in(client: Client, name: str, password: str = PASSWORD) -> int:
    return client.post(reverse("accounts:sign-in"), {"username": name, "password": password}).status_code


def kinds() -> list[str]:
    return list(Entry.objects.order_by("id").values_list("kind", flat=True))


def test_session_is_recorded_from_opening_to_closing(auditor: User, client: Client) -> None:
    assert sign_in(client, "auditor") == 302
    client.post(reverse("accounts:sign-out"))
    assert kinds() == ["accounts:session:opened/1", "accounts:session:closed/1"]
    assert set(Entry.objects.values_list("actor", "agency")) == {(auditor.pk, auditor.agency.pk)}
    assert all(Entry.objects.values_list("request_id", flat=True))


def test_refused_sign_in_keeps_no_typed_name(auditor: User, client: Client) -> None:
    sign_in(client, TYPED)
    entry = Entry.objects.get()
    assert entry.kind == "accounts:session:refused/1"
    assert (entry.actor, entry.agency, entry.subject_id) == (None, None, "")
    assert entry.payload == {"reason": "credentials"}
    assert TYPED not in written(entry)


def test_refused_sign_in_names_the_account_by_its_id(auditor: User, client: Client) -> None:
    sign_in(client, "auditor", "wrong")
    entry = Entry.objects.get()
    assert (entry.actor, entry.agency, entry.subject_id) == (None, auditor.agency, str(auditor.pk))
    assert '"auditor"' not in written(entry)


@override_settings(AXES_FAILURE_LIMIT=2)
def test_lockout_is_recorded_once_per_refusal(auditor: User, client: Client) -> None:
    for _ in range(3):
        sign_in(client, "auditor", "wrong")
    told = [(entry.payload or {})["reason"] for entry in Entry.objects.select_related("said").order_by("id")]
    assert told == ["credentials", "locked_out", "locked_out"]


def test_no_session_opens_without_its_entry(auditor: User, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("the log can't be written")

    monkeypatch.setattr("audit.receivers.record_alone", fail)
    client.raise_request_exception = False
    assert sign_in(client, "auditor") == 500
    assert "_auth_user_id" not in client.session
