"""The pages of the log: who sees them, what they say, and that looking is on record."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from audit.case_log import WHAT, what_of
from audit.checkpoints import request_checkpoint
from audit.kinds import KINDS
from audit.models import Checkpoint, CheckpointRequest, Entry, TreeState, Verification
from identification.models import Case, Purpose
from tests import factories
from tests.audit_fixtures import LONG_NAME, entry_about, erased, verified, write_entries, write_viewed
from tests.sequencing import sequenced, signed


@pytest.fixture
def get(client: Client) -> Callable[..., Any]:
    def fetch(viewer: User, name: str, *args: Any, **query: Any) -> Any:
        client.force_login(viewer)
        return client.get(reverse(f"audit:{name}", args=args), query)

    return fetch


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer
    return " ".join(answer.content.decode().split())


def every_page(case: Case, entry: Entry) -> list[tuple[str, tuple[Any, ...]]]:
    return [
        ("log", ()), ("case", (case.pk,)), ("entry", (entry.uid,)), ("proof", (entry.uid,)), ("verifications", ()),
        ("checkpoints", ()), ("checkpoint-note", (signed().pk,)), ("consistency-proof", ()),
    ]  # fmt: skip


# --- Who sees them -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.INTAKE, Role.REVIEWER, Role.ADJUDICATOR, Role.LIAISON, Role.ASSERTER])
def test_nobody_else_sees_any_page_of_the_log(get, client: Client, person_with, case: Case, role: Role) -> None:
    person = person_with("somebody", role)
    for name, args in every_page(case, entry_about(case, person)):
        assert get(person, name, *args).status_code == 403, name
    for name in ("verify-now", "sign-now"):
        assert client.post(reverse(f"audit:{name}")).status_code == 403, name
    assert not Verification.objects.exists()
    assert not CheckpointRequest.objects.exists()


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ADJUDICATOR])
def test_auditor_who_reviews_sees_none_of_them(get, person_with, case: Case, role: Role) -> None:
    person = person_with("somebody", Role.AUDITOR, role)
    for name, args in every_page(case, entry_about(case, person)):
        assert get(person, name, *args).status_code == 403, name


def test_another_agency_finds_neither_case_nor_entry(get, case: Case, auditor: User, outside_auditor: User) -> None:
    entry = entry_about(case, auditor)
    sequenced()
    for name, args in (("case", (case.pk,)), ("entry", (entry.uid,)), ("proof", (entry.uid,))):
        assert get(outside_auditor, name, *args).status_code == 404, name
    for asked in (str(entry.uid), str(entry.place.index)):
        assert get(outside_auditor, "log", find=asked).url == reverse("audit:log")
    answer = get(outside_auditor, "log", case=case.number)
    assert answer.context["form"].errors["case"]


def test_case_links_to_its_log_for_those_who_may_read_it(
    client: Client, case: Case, auditor: User, requester: User, first_reviewer: User
) -> None:
    link = reverse("audit:case", args=[case.pk])
    shown = {}
    for person in (auditor, requester, first_reviewer):
        client.force_login(person)
        shown[person.username] = link in client.get(case.get_absolute_url()).content.decode()
    assert shown == {"auditor": True, "requester": False, "first_reviewer": False}


def test_every_look_at_entries_is_recorded(get, case: Case, auditor: User) -> None:
    entry = entry_about(case, auditor)
    signed()
    get(auditor, "case", case.pk, what="views")
    get(auditor, "entry", entry.uid)
    get(auditor, "proof", entry.uid)
    looks = Entry.objects.filter(kind__in=("audit:timeline:viewed/1", "audit:entry:viewed/1")).order_by("id")
    assert [look.kind for look in looks] == ["audit:timeline:viewed/1", *["audit:entry:viewed/1"] * 2]
    assert {look.case for look in looks} == {str(case.pk)}, "who looked into the case stands in its own log"


# --- Asking the log ----------------------------------------------------------------------------------------------


def kinds_on(answer: Any) -> set[str]:
    return {line.entry.kind for line in answer.context["lines"]}


def test_log_is_asked_by_a_whole_group_of_kinds(get, auditor: User) -> None:
    write_entries(auditor, len(KINDS))
    asked = {name for name in KINDS if name.startswith("accounts:")}
    assert kinds_on(get(auditor, "log", kind="accounts:")) == asked
    assert kinds_on(get(auditor, "log", kind="accounts:role:")) == {
        "accounts:role:granted/1",
        "accounts:role:revoked/1",
    }
    assert get(auditor, "log", kind="acc").context["form"].errors["kind"]


def test_log_is_asked_by_case_purpose_and_subject(get, auditor: User, requester: User, case: Case) -> None:
    other = factories.open_case(requester, Purpose.MISSING)
    for each in (case, other):
        entry_about(each, requester)
    by_case = get(auditor, "log", case=f" {case.number} ").context["lines"]
    assert {line.entry.case for line in by_case} == {str(case.pk)}
    by_purpose = get(auditor, "log", purpose="missing").context["lines"]
    assert {line.entry.purpose for line in by_purpose} == {"missing"}
    answer = get(auditor, "log", subject_type="identification.case", subject_id=str(other.pk))
    assert {line.entry.subject_id for line in answer.context["lines"]} == {str(other.pk)}
    assert f"Only about case {other.number}" in text_of(answer)
    viewed = Entry.objects.filter(kind="audit:log:viewed/1").order_by("-id")[0]
    assert viewed.payload == {"filters": {"subject_type": "identification.case", "subject_id": str(other.pk)}}


def test_unknown_case_is_said_and_nothing_is_guessed(get, auditor: User) -> None:
    answer = get(auditor, "log", case="2026-9999")
    assert "Your agency has no case with this number" in text_of(answer)


@pytest.mark.parametrize("way", ["index", "uid", "words"])
def test_entry_is_found_by_number_or_id(get, auditor: User, way: str) -> None:
    entry = write_entries(auditor, 3)[1]
    sequenced()
    entry = Entry.objects.select_related("place").get(pk=entry.pk)
    asked = {
        "index": str(entry.place.index), "uid": f" {str(entry.uid).upper()} ",
        "words": f"Entry {entry.place.index:,}",
    }  # fmt: skip
    assert get(auditor, "log", find=asked[way]).url == reverse("audit:entry", args=[entry.uid])


@pytest.mark.parametrize("asked", ["nothing", "9" * 40, "zz" * 32, "0f" * 32, "-1", "0x1f", "%00", "٣"])
def test_what_cannot_be_found_is_said(get, auditor: User, asked: str) -> None:
    answer = get(auditor, "log", find=asked)
    assert answer.url == reverse("audit:log")
    assert "No entry of your agency has this" in str(*answer.wsgi_request._messages)


def test_entry_without_a_place_says_that_it_waits(get, auditor: User) -> None:
    entry = write_entries(auditor, 1)[0]
    link = f'<a href="{reverse("audit:entry", args=[entry.uid])}">'
    assert f'{link}<span class="visually-hidden">An entry that </span>waits for its place' in text_of(
        get(auditor, "log")
    )
    sequenced()
    assert f"{link}Entry 0</a>" in text_of(get(auditor, "log"))


def test_erased_payload_is_said_in_the_sentence(get, auditor: User) -> None:
    entry = write_viewed(auditor)
    erased(auditor, entry)
    said = "Auditor looked at Auditor (erased). What it said beyond ids was erased by"
    assert f"{said} an entry that waits for its place." in text_of(get(auditor, "log"))
    sequenced()
    assert f"{said} entry 1." in text_of(get(auditor, "log"))
    assert "thumbnail" not in text_of(get(auditor, "entry", entry.uid))
    assert "Erased, its salt with it" in text_of(get(auditor, "entry", entry.uid))


def test_log_says_to_which_entry_it_was_verified(get, auditor: User) -> None:
    assert "Not verified yet" in text_of(get(auditor, "log"))
    write_entries(auditor, 1200)
    signed()
    size = TreeState.objects.get().size
    assert f"Verified to entry {size - 1:,} at {verified(auditor).ended_at:%H:%M}" in text_of(get(auditor, "log"))
    assert f"over {size:,} entries" in text_of(get(auditor, "log"))


@pytest.mark.parametrize("name", ["log", "case", "checkpoints", "verifications", "entry"])
def test_pages_ask_a_fixed_number_of_questions(get, auditor: User, case: Case, name: str) -> None:
    args = {"case": (case.pk,), "entry": (entry_about(case, auditor).uid,)}.get(name, ())
    counts = []
    for number in (3, 60):
        for _ in range(number):
            entry_about(case, auditor)
        signed()
        verified(auditor)
        get(auditor, name, *args)
        with CaptureQueriesContext(connection) as asked:
            get(auditor, name, *args)
        counts.append(len(asked))
    assert counts[1] <= counts[0] + (6 if name == "entry" else 0), (
        counts
    )  # a path is longer by a step for each doubling
    assert counts[1] < 45


# --- A case ------------------------------------------------------------------------------------------------------


def test_case_log_is_told_from_the_first_entry_by_day(get, auditor: User, requester: User, case: Case) -> None:
    other = factories.open_case(requester)
    entry_about(case, requester)
    entry_about(other, requester)
    sequenced()
    entry_about(case, auditor)  # waits for its place
    answer = get(auditor, "case", case.pk)
    lines = [line for day in answer.context["days"] for line in day.lines]
    assert [line.entry.kind for line in lines] == [
        "identification:case:opened/1",
        *["identification:case:viewed/1"] * 2,
    ]
    assert {line.entry.case for line in lines} == {str(case.pk)}
    assert [line.index is None for line in lines] == [False, False, True]
    assert [day.day for day in answer.context["days"]] == [timezone.localdate()]
    assert other.number not in text_of(answer)


def test_case_log_is_narrowed_to_what_is_asked(get, auditor: User, requester: User, case: Case) -> None:
    entry_about(case, requester)
    shown = {what: get(auditor, "case", case.pk, what=what).context["page"].paginator.count for what, _ in WHAT}
    assert shown["photographs"] == 1  # the case was opened
    assert shown["searches"] == shown["reviewing"] == 0
    assert shown["views"] >= 1
    assert get(auditor, "case", case.pk, what="nonsense").context["what"] == ""


def test_every_kind_falls_under_one_of_what_is_offered() -> None:
    assert {what_of(kind) for kind in KINDS} == {value for value, _ in WHAT}
    assert what_of("review:candidates:viewed/1") == what_of("audit:entry:viewed/1") == "views"
    assert what_of("review:assessment:signed/1") == "reviewing"
    assert what_of("identification:search:run/1") == "searches"


def test_case_log_has_pages(get, auditor: User, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.views.case.PAGE", 10)
    for _ in range(25):
        entry_about(case, auditor)
    sequenced()
    seen: list[int] = []
    for page in (1, 2, 3):
        days = get(auditor, "case", case.pk, page=page).context["days"]
        seen += [line.entry.pk for day in days for line in day.lines]
    assert len(seen) == len(set(seen)) >= 26


def test_case_log_is_in_the_order_of_the_log_and_not_of_the_clock(get, auditor: User, case: Case, monkeypatch) -> None:
    sequenced()
    now = timezone.now
    monkeypatch.setattr("audit.services.timezone.now", lambda: now() - timedelta(days=2))
    late = entry_about(case, auditor)
    monkeypatch.undo()
    sequenced()
    days = get(auditor, "case", case.pk).context["days"]
    assert days[-1].lines[-1].entry == late
    assert days[-1].day < days[0].day


def test_long_cyrillic_names_are_shown_whole(get, auditor: User, person_with, case: Case) -> None:
    person = person_with("long", Role.INTAKE)
    User.objects.filter(pk=person.pk).update(full_name=LONG_NAME)
    entry_about(case, User.objects.get(pk=person.pk))
    assert f"{LONG_NAME} looked at case {case.number}." in text_of(get(auditor, "case", case.pk))


# --- Checkpoints -------------------------------------------------------------------------------------------------


def test_page_without_a_checkpoint_says_how_one_comes(get, auditor: User) -> None:
    text = text_of(get(auditor, "checkpoints"))
    assert "Nothing has been signed yet" in text
    assert "has never been seen" in text
    assert "No witness is configured" in text


def test_newest_checkpoint_is_shown_and_downloaded_whole(get, auditor: User) -> None:
    write_entries(auditor, 5)
    checkpoint = signed()
    answer = get(auditor, "checkpoints")
    assert checkpoint.note in answer.content.decode().replace("&quot;", '"').replace("&#x27;", "'").replace(
        "&amp;", "&"
    )
    assert "At work" in text_of(answer)
    file = get(auditor, "checkpoint-note", checkpoint.pk)
    assert file.content.decode() == checkpoint.note
    assert f'filename="checkpoint-{checkpoint.size}.txt"' in file.headers["Content-Disposition"]


def test_sequencer_that_is_away_or_halted_is_said(get, auditor: User) -> None:
    signed()
    TreeState.objects.update(seen_at=timezone.now() - timedelta(minutes=5))
    assert "t been seen since" in text_of(get(auditor, "checkpoints"))
    TreeState.objects.update(halted="Entry 3 isn't what was hashed when it was written.")
    for name in ("checkpoints", "log"):
        text = text_of(get(auditor, name))
        assert "Nothing is signed any more" in text
        assert "Entry 3 isn&#x27;t what was hashed" in text


def test_checkpoint_can_be_asked_for(client: Client, auditor: User) -> None:
    client.force_login(auditor)
    back = reverse("audit:verifications")
    assert client.post(reverse("audit:sign-now"), {"next": back}).url == back
    assert client.post(reverse("audit:sign-now"), {"next": "https://elsewhere.example/"}).url == reverse(
        "audit:checkpoints"
    )
    assert Entry.objects.filter(kind="audit:checkpoint:asked/1", actor=auditor).count() == 2
    checkpoint = signed()
    assert checkpoint.answers == CheckpointRequest.objects.latest("id").pk


def test_waiting_for_a_checkpoint_is_said(get, auditor: User) -> None:
    entry = write_entries(auditor, 1)[0]
    request_checkpoint()
    assert "A checkpoint was asked for and isn" in text_of(get(auditor, "entry", entry.uid))


def test_growth_is_that_of_the_checkpoints(get, auditor: User) -> None:
    write_entries(auditor, 7)
    first = signed()
    write_entries(auditor, 5)
    second = signed()
    plot = get(auditor, "checkpoints").context["plot"]
    assert plot["all"] == plot["most"] == second.size > first.size
    assert [bar["entries"] for bar in plot["bars"]] == [0] * 29 + [second.size]
    assert plot["bars"][-1]["height"] == plot["height"]


def test_rotated_and_lost_keys_are_told_apart(get, auditor: User) -> None:
    from audit.keys import rotate_key

    signed()
    rotate_key()
    signed()
    Path(settings.AUDIT_KEY_FILE).unlink()
    rotate_key(lost=True)
    signed()
    text = text_of(get(auditor, "checkpoints"))
    assert text.count("handed over by the key before") == text.count("nobody handed over") == 1
    assert text.count("the first key") == 1
    assert Checkpoint.objects.values("key").distinct().count() == 3
