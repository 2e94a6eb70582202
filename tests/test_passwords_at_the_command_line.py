"""A password is a signature: one that is set at the command line is as good, and as much on record, as any other."""

import getpass
import io
from collections.abc import Callable, Iterator

import pytest
from django.core.management import CommandError, call_command, get_commands
from django.test import Client

from accounts.models import User
from accounts.services import set_password
from audit.models import Entry
from audit.selectors import timeline
from tests.audit_fixtures import written
from tests.conftest import PASSWORD
from tests.signing_in import sign_in

NEW = "a-passphrase-from-the-operator"
Given = Callable[[str], None]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Given:
    """Hand the next command this on its standard input."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Type these at a terminal, one after the other."""

    def typed(*passwords: str) -> None:
        left: Iterator[str] = iter(passwords)
        monkeypatch.setattr("sys.stdin", Terminal())
        monkeypatch.setattr(getpass, "getpass", lambda _: next(left))

    return typed


def has(user: User, password: str) -> bool:
    return User.objects.get(pk=user.pk).check_password(password)


def changed() -> list[Entry]:
    return list(Entry.objects.filter(kind="accounts:user:changed/1").order_by("id"))


def test_new_password_is_on_record_as_set_by_the_operator(auditor: User, given: Given) -> None:
    given(f"{NEW}\n")
    call_command("changepassword", auditor.username)
    assert has(auditor, NEW)
    (entry,) = changed()
    assert (entry.actor, entry.agency, entry.subject_id) == (None, auditor.agency, str(auditor.pk))
    assert entry.payload == {"fields": ["password"], "has_password": True, "at": "command-line"}
    assert NEW not in written(entry)
    (line,) = timeline(auditor, [entry])
    assert line.sentence == f"The operator changed the account of {auditor.full_name} (password)."


def test_the_command_of_django_does_not_win(db: None) -> None:
    assert {name: get_commands()[name] for name in ("changepassword", "createsuperuser")} == {
        "changepassword": "accounts",
        "createsuperuser": "accounts",
    }


def test_password_stays_when_its_entry_cannot_be_written(
    auditor: User, given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("the log can't be written")

    monkeypatch.setattr("audit.receivers.record", fail)
    given(NEW)
    with pytest.raises(RuntimeError, match="log"):
        call_command("changepassword", auditor.username)
    assert has(auditor, PASSWORD)


@pytest.mark.parametrize(
    ("password", "sentence"),
    [("short", "too short"), ("", "too short"), ("a.person@bureau.example", "too similar")],
)
def test_password_that_nobody_may_have_is_refused(auditor: User, given: Given, password: str, sentence: str) -> None:
    User.objects.filter(pk=auditor.pk).update(email="a.person@bureau.example")
    given(password)
    with pytest.raises(CommandError, match=sentence):
        call_command("changepassword", auditor.username)
    assert has(auditor, PASSWORD)
    assert not changed()


def test_account_that_is_not_there_gets_a_sentence(auditor: User, given: Given) -> None:
    given(NEW)
    with pytest.raises(CommandError, match=r"no account with this name.*\.$"):
        call_command("changepassword", "nobody")
    assert not changed()


def test_whoever_types_it_types_it_twice(auditor: User, types: Callable[..., None]) -> None:
    types(NEW, f"{NEW}?")
    with pytest.raises(CommandError, match="differ"):
        call_command("changepassword", auditor.username)
    assert has(auditor, PASSWORD)
    assert not changed()
    types(NEW, NEW)
    call_command("changepassword", auditor.username)
    assert has(auditor, NEW)


def test_sessions_end_with_the_old_password(auditor: User, client: Client, given: Given) -> None:
    assert sign_in(client, auditor.username) == 302
    given(NEW)
    call_command("changepassword", auditor.username)
    assert client.get("/password/").status_code == 302
    assert sign_in(Client(), auditor.username, NEW) == 302


def test_account_that_is_closed_meanwhile_is_not_opened_by_a_new_password(auditor: User) -> None:
    loaded_before = User.objects.get(pk=auditor.pk)
    User.objects.filter(pk=auditor.pk).update(is_active=False)
    set_password(actor=loaded_before, user=loaded_before, password=NEW)
    assert has(auditor, NEW)
    assert not User.objects.get(pk=auditor.pk).is_active


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--noinput", "--username", "root", "--email", "root@example.org", "--full_name", "Root", "--agency", "1"],
        ["--username", "root"],
    ],
)
def test_no_superuser_is_made_and_a_sentence_says_what_to_use(
    auditor: User, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", NEW)
    before = User.objects.count()
    with pytest.raises(CommandError, match=r"use `manage\.py agency NAME CODE USERNAME`"):
        call_command("createsuperuser", *options)
    assert User.objects.count() == before
    assert not Entry.objects.exists()
