"""What people hand in: every file gets its own answer, is taken whole or not at all, and nobody is kept waiting."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from celery import Celery
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from PIL import Image

from accounts.models import User
from audit.models import Entry
from config.celery import app as celery_app
from identification import storage
from identification.errors import NotPermitted
from identification.models import Case, Gallery, Job, Photograph, RefusedFile
from identification.services import intake, jobs
from identification.services.work import run_job
from tests import factories
from tests.audit_fixtures import written
from tests.made_pictures import deep_rgb_png, frames, png_claiming, saved, scene
from tests.threads import in_threads
from tests.uploads import a_photograph, upload

# One answer per file

BAD: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "no-image.jpg": (lambda: b"Dear colleagues, see attached.", "not-an-image", "Save the photograph as JPEG or PNG"),
    "letter.pdf": (lambda: b"%PDF-1.7 ...", "not-an-image", "PDF document"),
    "nothing.jpg": (lambda: b"", "empty", "empty"),
    "heavy.jpg": (lambda: a_photograph() + bytes(200_000), "too-large", "larger than 0.1 MB"),
    "bomb.png": (lambda: png_claiming(60_000, 60_000), "too-many-pixels", "million pixels"),
    "moving.gif": (lambda: frames("GIF"), "animated", "moving pictures"),
    "moving.png": (lambda: frames("PNG"), "animated", "moving pictures"),
    "printed.jpg": (lambda: saved(Image.new("CMYK", (20, 20))), "cmyk", "CMYK"),
    "deep.png": (deep_rgb_png, "sixteen-bit", "8 bits"),
}


def test_each_bad_file_gets_its_own_sentence_and_the_others_go_on(
    hand_in: Callable[..., Any], case: Case, settings
) -> None:
    settings.UPLOAD_MAX_BYTES = 100_000
    files = [upload("first.jpg", a_photograph(1))]
    files += [upload(name, make()) for name, (make, _, _) in BAD.items()]
    files += [upload("last.jpg", a_photograph(2))]
    answers = {answer["name"]: answer for answer in hand_in(*files)}
    assert list(answers) == ["first.jpg", *BAD, "last.jpg"]
    assert {name for name, answer in answers.items() if answer["state"] == "received"} == {"first.jpg", "last.jpg"}
    for name, (_, _, words) in BAD.items():
        assert answers[name]["state"] == "refused"
        assert words in answers[name]["reason"]
        assert answers[name]["reason"].count(".") >= 2, "says what is wrong and what to do"
    assert dict(RefusedFile.objects.values_list("file_name", "code")) == {name: bad[1] for name, bad in BAD.items()}
    assert Photograph.objects.filter(case=case).count() == Job.objects.count() == 2


def test_every_refusal_is_on_the_case_page_and_in_the_log(
    hand_in: Callable[..., Any], client: Client, case: Case
) -> None:
    hand_in(upload("nothing.jpg", b""), upload("letter.pdf", b"%PDF-1.7 ..."))
    page = client.get(reverse("identification:case", args=[case.pk])).content.decode()
    for refused in RefusedFile.objects.all():
        assert refused.file_name in page
        assert escape(refused.reason) in page
    entries = Entry.objects.filter(kind="identification:photograph:refused/1").order_by("id")
    codes = [entry.payload["code"] for entry in entries]
    assert codes == ["empty", "not-an-image"]
    assert not any("letter.pdf" in written(entry) for entry in entries)


def test_plain_form_without_script_takes_many_files_and_shows_the_case(
    client: Client, case: Case, requester: User
) -> None:
    client.force_login(requester)
    files = [upload(f"{number}.jpg", a_photograph(number)) for number in range(40)] + [upload("nothing.jpg", b"")]
    answer = client.post(reverse("identification:add-photographs", args=[case.pk]), {"files": files}, follow=True)
    assert answer.redirect_chain == [(case.get_absolute_url(), 302)]
    assert case.photographs.count() == 40
    assert "The file is empty." in answer.content.decode()


def test_only_an_empty_file_still_gets_a_sentence(hand_in: Callable[..., Any]) -> None:
    (answer,) = hand_in(upload("nothing.jpg", b""))
    assert answer["reason"].startswith("The file is empty.")


@pytest.mark.parametrize("json_wanted", [True, False])
def test_no_file_at_all_gets_a_sentence(client: Client, case: Case, requester: User, json_wanted: bool) -> None:
    client.force_login(requester)
    headers = {"accept": "application/json"} if json_wanted else {}
    answer = client.post(
        reverse("identification:add-photographs", args=[case.pk]), {}, headers=headers, follow=not json_wanted
    )
    assert answer.status_code == (422 if json_wanted else 200)
    assert "Choose at least one photograph." in answer.content.decode()


def test_same_file_twice_in_one_upload_is_taken_once_and_the_rest_goes_on(
    hand_in: Callable[..., Any], case: Case
) -> None:
    same = a_photograph(3)
    answers = hand_in(upload("one.jpg", same), upload("two.jpg", same), upload("other.jpg", a_photograph(4)))
    assert [answer["state"] for answer in answers] == ["received", "refused", "received"]
    assert answers[1]["reason"].startswith("This very file is in the case already.")
    assert case.photographs.count() == 2


def test_same_file_later_is_refused_with_a_sentence_and_kept_once(hand_in: Callable[..., Any], case: Case) -> None:
    hand_in(upload("one.jpg", a_photograph(3)))
    (answer,) = hand_in(upload("again.jpg", a_photograph(3)))
    assert answer["state"] == "refused"
    assert "already" in answer["reason"]
    assert case.photographs.get().file_name == "one.jpg"
    assert RefusedFile.objects.get().code == "same-file-twice"


def test_same_file_may_lie_in_two_cases(requester: User, case: Case) -> None:
    other = factories.open_case(requester)
    for home in (case, other):
        received = intake.receive_photograph(actor=requester, file=ContentFile(a_photograph(), "a.jpg"), case=home)
        assert isinstance(received, Photograph)


def test_same_file_from_many_people_at_once_is_taken_once(case: Case, requester: User) -> None:
    # Two inserts in two savepoints of one connection follow the same path as two connections that lost the race.
    results = [
        intake.receive_photograph(actor=requester, file=ContentFile(a_photograph(), f"{n}.jpg"), case=case)
        for n in range(5)
    ]
    assert [type(result).__name__ for result in results] == ["Photograph"] + ["RefusedFile"] * 4


def test_file_refused_earlier_is_not_called_done_when_it_comes_again(case: Case, requester: User) -> None:
    broken = saved(scene((400, 300)))[:-300]
    first = intake.receive_photograph(actor=requester, file=ContentFile(broken, "a.jpg"), case=case)
    assert isinstance(first, Photograph)
    run_job(job_id=Job.objects.get(subject_id=first.pk).pk)
    again = intake.receive_photograph(actor=requester, file=ContentFile(broken, "b.jpg"), case=case)
    assert isinstance(again, RefusedFile)
    assert "nothing to do" not in again.reason
    assert "ends in the middle" in again.reason


@pytest.mark.django_db(transaction=True)
def test_same_file_sent_at_the_same_moment_is_taken_once(requester: User) -> None:
    case = factories.open_case(requester)
    data = a_photograph()
    results = in_threads(
        6, lambda n: intake.receive_photograph(actor=requester, file=ContentFile(data, f"{n}.jpg"), case=case)
    )
    assert sorted(type(result).__name__ for result in results) == ["Photograph"] + ["RefusedFile"] * 5
    assert Job.objects.count() == 1


# Truncated: the header is whole, so only the worker sees it


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_truncated_file_is_taken_in_and_refused_by_the_worker_with_a_sentence(
    hand_in: Callable[..., Any], client: Client, case: Case, kind: str
) -> None:
    whole = saved(scene((400, 300)), kind)
    cut = whole[: len(whole) * 2 // 3]
    answers = hand_in(upload("cut.jpg", cut), upload("whole.jpg", a_photograph()))
    assert [answer["state"] for answer in answers] == ["received", "received"]
    photograph = case.photographs.get(file_name="cut.jpg")
    run_job(job_id=Job.objects.get(subject_id=photograph.pk).pk)
    photograph.refresh_from_db()
    assert photograph.state == Photograph.State.REFUSED
    assert photograph.reason.startswith("The file ends in the middle of the photograph.")
    assert "upload it anew" in photograph.reason
    assert Job.objects.get(subject_id=photograph.pk).state == Job.State.DONE
    assert storage.original_path(photograph.sha256).read_bytes() == cut
    assert escape(photograph.reason) in client.get(case.get_absolute_url()).content.decode()
    assert case.photographs.get(file_name="whole.jpg").state == Photograph.State.WAITING


def test_truncated_webp_is_seen_at_once(hand_in: Callable[..., Any]) -> None:
    (answer,) = hand_in(upload("cut.webp", saved(scene((400, 300)), "WEBP")[:-300]))
    assert answer["state"] == "refused"
    assert answer["reason"].startswith("The file ends in the middle of the photograph.")


# Who may


def test_adding_photographs_needs_the_intake_role_and_nothing_is_kept(
    client: Client, case: Case, first_reviewer: User, settings
) -> None:
    client.force_login(first_reviewer)
    answer = client.post(
        reverse("identification:add-photographs", args=[case.pk]),
        {"files": [upload("a.jpg", a_photograph())]},
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 403
    assert "intake role" in answer.json()["error"]
    assert not Photograph.objects.exists()
    assert not list(settings.MEDIA_ROOT.rglob("*"))


def test_service_refuses_another_agencys_person(case: Case, outsider: User) -> None:
    with pytest.raises(NotPermitted, match="intake role"):
        intake.receive_photograph(actor=outsider, file=factories.picture_file(), case=case)


# Whole or not at all, and without waiting


def test_nothing_is_written_when_the_transaction_fails(
    case: Case, requester: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("the log can't be written")

    entries = Entry.objects.count()
    monkeypatch.setattr("identification.services.intake.record", fail)
    with pytest.raises(RuntimeError):
        intake.receive_photograph(actor=requester, file=ContentFile(a_photograph(), "a.jpg"), case=case)
    with pytest.raises(RuntimeError):
        intake.receive_photograph(actor=requester, file=ContentFile(b"", "b.jpg"), case=case)
    assert not Photograph.objects.exists()
    assert not RefusedFile.objects.exists()
    assert not Job.objects.exists()
    assert Entry.objects.count() == entries


def test_upload_rolled_back_by_its_caller_leaves_no_row_and_calls_nobody(
    case: Case, requester: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks
) -> None:
    called: list[object] = []
    monkeypatch.setattr(jobs, "call_worker", called.append)

    def receive_and_fail() -> None:
        with transaction.atomic():
            intake.receive_photograph(actor=requester, file=ContentFile(a_photograph(), "a.jpg"), case=case)
            raise ZeroDivisionError

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(ZeroDivisionError):
        receive_and_fail()
    assert not Photograph.objects.exists()
    assert not Job.objects.exists()
    assert not called


@pytest.fixture
def redis_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery as it is configured, though at an address where nobody listens."""
    away = Celery("away", broker="redis://127.0.0.1:1/0", set_as_current=False)
    away.conf.broker_transport_options = celery_app.conf.broker_transport_options
    away.conf.task_ignore_result = True
    monkeypatch.setattr(jobs, "celery", away)
    monkeypatch.setattr(jobs, "_silent_until", 0.0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_is_away")
def test_upload_neither_fails_nor_waits_when_redis_is_away(client: Client, requester: User) -> None:
    case = factories.open_case(requester)
    client.force_login(requester)
    files = [upload(f"{number}.jpg", a_photograph(number)) for number in range(10)]
    began = time.monotonic()
    address = reverse("identification:add-photographs", args=[case.pk])
    answer = client.post(address, {"files": files}, headers={"accept": "application/json"})
    took = time.monotonic() - began
    assert [file["state"] for file in answer.json()["files"]] == ["received"] * 10
    assert Job.objects.filter(state=Job.State.DUE).count() == 10
    assert took < 5, f"10 photographs took {took:.1f} s without Redis"


# Where references are handed in


def test_too_small_a_file_limit_says_its_size(gallery: Gallery, administrator: User, settings) -> None:
    settings.UPLOAD_MAX_BYTES = 2_000_000
    refused = intake.receive_photograph(
        actor=administrator, file=ContentFile(bytes(2_000_001), "a.jpg"), gallery=gallery
    )
    assert isinstance(refused, RefusedFile)
    assert "larger than 2 MB" in refused.reason
    assert refused.gallery == gallery
