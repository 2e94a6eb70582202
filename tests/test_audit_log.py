"""The page of the log: who may read it, what they see, and that reading it is on the record too."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from audit.middleware import HEADER
from audit.models import Entry
from audit.selectors import entries, timeline
from audit.services import record
from audit.views.log import log
from tests.audit_fixtures import write_entries


@pytest.fixture
def page(client: Client) -> Callable[..., Any]:
    def get(viewer: User, **query: Any) -> Any:
        client.force_login(viewer)
        return client.get(reverse("audit:log"), query)

    return get


def test_auditor_reads_sentences(auditor: User, page: Callable[..., Any]) -> None:
    record(kind="accounts:role:granted/1", actor=auditor, subject=auditor, payload={"role": "reviewer"})
    text = page(auditor).content.decode()
    assert "Auditor gave Auditor the role reviewer." in text
    assert Entry.objects.order_by("id")[0].canonical.replace('"', "&quot;") in text


def test_administrator_reads_it_too(page: Callable[..., Any], administrator: User) -> None:
    assert page(administrator).status_code == 200


@pytest.mark.parametrize("role", [Role.INTAKE, Role.REVIEWER, Role.ADJUDICATOR, Role.LIAISON])
def test_nobody_else_reads_or_exports_it(
    page: Callable[..., Any], client: Client, person_with: Callable[..., User], role: Role
) -> None:
    assert page(person_with("somebody", role)).status_code == 403
    assert client.post(reverse("audit:exports"), {"format": "csv"}).status_code == 403


def test_without_signing_in_there_is_only_the_sign_in_page(client: Client, db: None) -> None:
    assert client.get(reverse("audit:log")).status_code == 302
    assert client.post(reverse("audit:exports")).status_code == 302


def test_inactive_auditor_reads_nothing(auditor: User) -> None:
    write_entries(auditor, 3)
    auditor.is_active = False
    assert not entries(auditor).exists()


def test_another_agency_sees_nothing(auditor: User, outside_auditor: User, page: Callable[..., Any]) -> None:
    uids = [str(entry.uid) for entry in write_entries(auditor, 3)]
    text = page(outside_auditor).content.decode()
    assert not any(uid in text for uid in uids)
    assert "Auditor" not in text.replace("auditor", "")


def test_people_of_another_agency_have_no_name_here(auditor: User, outsider: User) -> None:
    entry = record(kind="accounts:session:opened/1", actor=outsider, subject=outsider, agency=auditor.agency)
    assert timeline(auditor, [entry])[0].sentence == "Somebody of another agency signed in."


def test_reading_the_log_is_recorded(auditor: User, page: Callable[..., Any]) -> None:
    answer = page(auditor, kind="audit:log:viewed/1")
    entry = Entry.objects.get(kind="audit:log:viewed/1")
    assert entry.payload == {"filters": {"kind": "audit:log:viewed/1"}}
    assert entry.request_id == answer.headers[HEADER]


def test_page_asks_a_fixed_number_of_questions(auditor: User) -> None:
    counts = []
    for number in (2, 50):
        write_entries(auditor, number)
        with CaptureQueriesContext(connection) as asked:
            timeline(auditor, entries(auditor)[:50])
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_pages_follow_each_other_without_gap(auditor: User, page: Callable[..., Any]) -> None:
    written = [entry.pk for entry in write_entries(auditor, 120)]
    seen: list[int] = []
    before: dict[str, int] = {}
    while True:
        answer = page(auditor, kind="", **before)
        seen += [line.entry.pk for line in answer.context["lines"]]
        if not answer.context["older"]:
            break
        before = {"before": answer.context["older"]}
    assert [pk for pk in seen if pk in set(written)] == written[::-1]


def test_filters_narrow_the_page(auditor: User, administrator: User, page: Callable[..., Any]) -> None:
    other = administrator
    write_entries(auditor, 45)
    write_entries(other, 45)
    today = timezone.localdate().isoformat()
    lines = page(auditor, kind="audit:log:viewed/1", person=other.pk, since=today, until=today).context["lines"]
    assert {(line.entry.kind, line.entry.actor_id) for line in lines} == {("audit:log:viewed/1", other.pk)}
    assert not page(auditor, until="2020-01-01").context["lines"]


@pytest.mark.parametrize(
    "query",
    [{"kind": "nonsense"}, {"person": "0x"}, {"since": "yesterday"}, {"before": "-1"}, {"before": "9" * 30}],
)
def test_odd_addresses_still_give_a_page(auditor: User, page: Callable[..., Any], query: dict[str, str]) -> None:
    assert page(auditor, **query).status_code == 200


def test_person_of_another_agency_cannot_be_asked_for(auditor: User, outsider: User, page: Callable[..., Any]) -> None:
    answer = page(auditor, person=outsider.pk)
    assert "Outsider" not in answer.content.decode()
    assert answer.context["form"].errors["person"]


def test_empty_log_says_what_will_stand_there(auditor: User, client: Client) -> None:
    request = RequestFactory().get("/audit/")
    request.user = auditor
    assert "Nothing has happened yet" in log(request).content.decode()


def test_log_page_holds_nothing_inline(auditor: User, page: Callable[..., Any]) -> None:
    text = page(auditor).content.decode()
    work = text[text.index('id="work"') :]
    assert " style=" not in work
    assert "<script" not in work
    assert " onclick=" not in work


def test_request_id_of_the_client_is_not_taken(client: Client, db: None) -> None:
    answer = client.get(reverse("accounts:sign-in"), headers={HEADER: "mine"})
    assert len(answer.headers[HEADER]) == 36
