"""An export is a job: it survives its worker, waits for the sequencer, and is handed to those who may have it."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from audit.exporting import bundle, jobs, work
from audit.exporting.errors import LeaseLost
from audit.models import Entry, Export
from audit.tasks import run_export, sweep_exports
from identification.models import Case
from review.models import Conclusion
from tests import corroboration_scene
from tests.audit_fixtures import write_entries
from tests.exporting import asked, exported, held, sequencer, worked  # noqa: F401
from tests.sequencing import signed

conclusion = corroboration_scene.conclusion


def made() -> int:
    return Entry.objects.filter(kind="audit:export:made/2").count()


def run_out(export: Export) -> None:
    Export.objects.filter(pk=export.pk).update(leased_until=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    monkeypatch.setattr("audit.exporting.jobs.celery.send_task", lambda _, args, **__: sent.append(args[0]))
    return sent


def test_worker_is_called_once_the_row_is_committed(
    auditor: User, calls: list[str], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        export = asked(auditor)
        assert not calls
    assert calls == [str(export.pk)]


def test_running_twice_writes_once(auditor: User) -> None:
    export = exported(auditor)
    before = export.file.read_bytes()
    worked(export)
    assert (export.file.read_bytes(), made(), export.attempts) == (before, 1, 1)


def test_one_export_of_an_agency_is_written_at_a_time(auditor: User, outside_auditor: User, calls: list[str]) -> None:
    first, second, abroad = asked(auditor), asked(auditor), asked(outside_auditor)
    held_by_another = jobs.claim(first.pk)
    assert held_by_another
    assert worked(second).state == "waiting"
    assert (second.attempts, second.reason) == (0, "")
    assert jobs.claim(abroad.pk)
    run_out(first)
    assert worked(second).state == "ready"


def test_next_of_the_agency_is_called_when_one_is_done(auditor: User, calls: list[str]) -> None:
    first, second = asked(auditor), asked(auditor)
    worked(first)
    assert calls == [str(second.pk)]


def test_next_of_the_agency_is_called_though_the_one_before_died(auditor: User, calls: list[str]) -> None:
    """Nobody calls for what has to wait; once the lease has run out, both are called, in their order."""
    first, second = asked(auditor), asked(auditor)
    assert jobs.claim(first.pk)
    Export.objects.update(woken_at=timezone.now() - timedelta(minutes=5))
    sweep_exports()
    assert calls == []
    run_out(first)
    sweep_exports()
    assert calls == [str(first.pk), str(second.pk)]


def test_one_whose_worker_died_is_called_for_after_the_one_that_came_between(auditor: User, calls: list[str]) -> None:
    first, second = asked(auditor), asked(auditor)
    assert jobs.claim(first.pk)
    run_out(first)
    worked(second)
    assert calls == [str(first.pk)]


def test_export_of_a_killed_worker_is_taken_up_again(auditor: User, calls: list[str]) -> None:
    export = asked(auditor)
    killed = jobs.claim(export.pk)
    assert killed is not None
    killed.partial.parent.mkdir(parents=True)
    killed.partial.write_bytes(b"half a bundle")
    assert worked(export).state == "running"  # somebody holds it, as far as anybody knows
    run_out(export)
    Export.objects.filter(pk=export.pk).update(woken_at=timezone.now() - timedelta(minutes=5))
    sweep_exports()
    assert calls == [str(export.pk)]
    held(worked(export))
    sweep_exports()
    assert [path.name for path in export.file.parent.iterdir()] == [export.file.name]


def test_worker_whose_lease_ran_out_records_nothing_and_hands_over_nothing(auditor: User) -> None:
    export = asked(auditor)
    slow = jobs.claim(export.pk)
    assert slow is not None
    run_out(export)
    held(worked(export))
    whole = export.file.read_bytes()
    with pytest.raises(LeaseLost):
        work.write(slow)
    assert (made(), export.file.read_bytes()) == (1, whole)


def test_file_of_who_finished_meanwhile_is_not_overwritten(auditor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow worker has recorded that it made its own; only then another one takes over and ends first."""
    export = asked(auditor)
    slow = jobs.claim(export.pk)
    assert slow is not None
    whole: list[bytes] = []
    hashed = work._sha256_of

    def overtaken(*said: Any) -> str:
        if not whole:
            whole.append(b"")
            run_out(export)
            held(worked(export))
            whole[0] = export.file.read_bytes()
        return hashed(*said)

    monkeypatch.setattr(work._Telling, "keep", lambda _: None)
    monkeypatch.setattr(work, "_sha256_of", overtaken)
    with pytest.raises(LeaseLost):
        work.write(slow)
    assert export.file.read_bytes() == whole[0]
    export.refresh_from_db()
    assert hashlib.sha256(whole[0]).hexdigest() == export.sha256


def test_file_that_cannot_be_put_into_its_place_leaves_the_export_unfinished(auditor: User) -> None:
    export = asked(auditor)
    export.file.mkdir(parents=True)
    assert worked(export).state == "waiting"
    assert export.reason == "The file can't be written: Is a directory."
    export.file.rmdir()
    held(worked(export))


def test_lease_is_kept_while_nothing_is_walked(
    auditor: User, conclusion: Conclusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each silent stretch begins with a lease that is good, however long the one before it took."""
    assert conclusion.review.assessments.exists()  # so that there are documents to add
    good: dict[str, list[bool]] = {}
    export = asked(auditor)

    def silent(what: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def run(*said: Any, **more: Any) -> Any:
            now = Export.objects.get(pk=export.pk)
            good.setdefault(what, []).append(bool(now.leased_until and now.leased_until > timezone.now()))
            answer = real(*said, **more)
            run_out(export)
            return answer

        return run

    monkeypatch.setattr(work, "SAY_EVERY_SECONDS", 0.0)
    answers = iter([None, None, signed, None, None, signed])

    def pause() -> None:
        if answer := next(answers):
            answer()

    for what, name, real in (
        ("wait", "audit.exporting.waiting.pause", pause),
        ("records", "audit.exporting.bundle.records_of", bundle.records_of),
        ("seal", "audit.exporting.bundle.BundleWriter.seal", bundle.BundleWriter.seal),
    ):
        monkeypatch.setattr(name, silent(what, real))
    hashed = work._sha256_of

    def slowly_hashed(*said: Any) -> str:
        run_out(export)
        return silent("hashed", lambda answer: answer)(hashed(*said))

    monkeypatch.setattr(work, "_sha256_of", slowly_hashed)
    held(worked(export))
    assert {what: all(each) for what, each in good.items()} == dict.fromkeys(
        ("wait", "records", "seal", "hashed"), True
    )  # fmt: skip


def test_after_three_silent_ends_it_has_failed(auditor: User) -> None:
    export = asked(auditor)
    for _ in range(3):
        assert jobs.claim(export.pk)
        run_out(export)
    sweep_exports()
    export.refresh_from_db()
    assert (export.state, export.reason) == ("failed", jobs.ENDED_WITHOUT_A_WORD)


def test_without_the_sequencer_it_waits_and_nothing_is_lost(
    auditor: User, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.EXPORT_WAIT_SECONDS = 0.1
    monkeypatch.setattr("audit.exporting.waiting.pause", lambda: None)
    export = exported(auditor)
    assert (export.state, export.attempts, made()) == ("waiting", 0, 0)
    assert export.reason.startswith("The sequencer isn't running: ")
    monkeypatch.setattr("audit.exporting.waiting.pause", signed)
    held(worked(export))
    assert export.reason == ""


def test_disk_that_is_full_is_said_and_tried_again(auditor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    export = asked(auditor)
    with monkeypatch.context() as patch:
        patch.setattr("audit.exporting.work.os.fsync", full)
        worked(export)
    assert (export.state, export.reason) == ("waiting", "The file can't be written: No space left on device.")
    held(worked(export))


def test_old_files_are_removed_and_the_row_says_so(auditor: User, settings: Any) -> None:
    export, newer = exported(auditor), exported(auditor)
    long_ago = timezone.now() - timedelta(days=settings.EXPORT_KEEP_DAYS, minutes=1)
    Export.objects.filter(pk=export.pk).update(finished_at=long_ago)
    sweep_exports()
    export.refresh_from_db()
    assert (export.state, export.file.exists(), newer.file.exists()) == ("expired", False, True)


def test_erasure_leaves_what_the_operator_wrote_and_says_so(
    administrator: User, case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, waiting = tmp_path / "log.zip", exported(administrator)
    call_command("audit", "export", "--out", str(file))
    before, erasing = file.read_bytes(), ("--subject", f"identification.case:{case.pk}", "--basis", "request")
    for more in (["--dry-run"], []):
        capsys.readouterr()
        call_command("audit", "erase", *erasing, "--by", administrator.username, *more)
        assert "written by `manage.py audit export`, stay where they are" in capsys.readouterr().out
    states = dict(Export.objects.values_list("asked_by", "state"))
    assert states == {administrator.pk: "expired", None: "ready"}
    assert (file.read_bytes(), waiting.file.exists()) == (before, False)


def test_broken_id_is_no_concern_of_anybodys(db: None) -> None:
    run_export("00000000-0000-0000-0000-000000000000")
    assert not Export.objects.exists()


# --- Pages -----------------------------------------------------------------------------------------------------------


def address(export: Export) -> str:
    return reverse("audit:download-export", args=[export.pk])


def test_asking_by_the_page_and_downloading(auditor: User, browser_of: Callable[[User], Client]) -> None:
    write_entries(auditor, 20)
    page = browser_of(auditor)
    assert "Nothing was exported yet" in page.get(reverse("audit:exports")).content.decode()
    answer = page.post(reverse("audit:exports"), {"format": "bundle"}, follow=True)
    assert "Waits for a worker" in answer.content.decode()
    export = worked(Export.objects.get())
    assert "Download" in page.get(reverse("audit:exports")).content.decode()
    sent = page.get(address(export))
    assert b"".join(sent.streaming_content) == export.file.read_bytes()
    assert sent.headers["Content-Disposition"].endswith('.zip"')
    entry = Entry.objects.get(kind="audit:export:downloaded/1", subject_id=str(export.pk))
    assert entry.payload == {"format": "bundle", "sha256": export.sha256, "bytes": export.bytes}


@pytest.mark.parametrize("wrong", [{"format": "xml"}, {"format": "csv", "case": "2020-9"}, {"checkpoint": "999999"}])
def test_odd_wishes_come_back_with_a_sentence(
    auditor: User, browser_of: Callable[[User], Client], wrong: dict[str, str]
) -> None:
    answer = browser_of(auditor).post(reverse("audit:exports"), {"format": "bundle"} | wrong)
    assert answer.status_code == 422
    assert not Export.objects.exists()


def test_page_says_what_happened_to_each(auditor: User, browser_of: Callable[[User], Client]) -> None:
    now = timezone.now()
    for state, more in {
        "waiting": {"reason": "The sequencer isn't running: start it."},
        "failed": {"reason": "The disk is full."},
        "expired": {},
    }.items():
        Export.objects.create(asked_by=auditor, agency=auditor.agency, format="csv", state=state, **more)
    running = asked(auditor)
    claimed = jobs.claim(running.pk)
    assert claimed is not None
    jobs.keep(claimed, done=1200, total=5000)
    assert claimed.leased_until > now
    text = browser_of(auditor).get(reverse("audit:exports")).content.decode()
    for words in ("Waits to be tried again", "The disk is full.", "Its time was over", "1,200 of 5,000 entries"):
        assert words in text
    fragment = browser_of(auditor).get(reverse("audit:exports"), headers={"HX-Request": "true"}).content.decode()
    assert "every 2s" in fragment
    assert "<html" not in fragment


def test_page_says_that_one_waits_for_another_of_the_agency(
    auditor: User, administrator: User, browser_of: Callable[[User], Client]
) -> None:
    """Also to an administrator, whose list doesn't show the auditor's."""
    first, second = asked(auditor), asked(administrator)

    def text(viewer: User) -> str:
        return browser_of(viewer).get(reverse("audit:exports")).content.decode()

    assert "Waits for a worker" in text(administrator)
    assert jobs.claim(first.pk)
    assert "Waits for another export of your agency" in text(administrator)
    assert "Interrupted" not in text(auditor)
    run_out(first)
    assert "Waits for a worker" in text(administrator)
    assert "Interrupted; it is begun anew as soon as a worker is free" in text(auditor)
    assert jobs.claim(second.pk)


def test_downloads_are_refused_to_others(
    auditor: User, administrator: User, outside_auditor: User, person_with: Callable[..., User],
    browser_of: Callable[[User], Client],
) -> None:  # fmt: skip
    export = exported(auditor)
    colleague, reviewer = person_with("colleague", Role.AUDITOR), person_with("somebody", Role.REVIEWER)
    expected = {auditor: 200, colleague: 200, administrator: 404, outside_auditor: 404, reviewer: 403}
    answers = {who: browser_of(who).get(address(export)) for who in expected}
    assert {who: answer.status_code for who, answer in answers.items()} == expected
    assert all(b"".join(answers[who].streaming_content) for who in (auditor, colleague))
    assert Client().get(address(export)).status_code == 302
    assert Entry.objects.filter(kind="audit:export:downloaded/1").count() == 2


def test_administrator_has_their_own_only(auditor: User, administrator: User) -> None:
    export, own = exported(auditor), exported(administrator)
    assert list(jobs.exports(administrator)) == [own]
    assert set(jobs.exports(auditor)) == {export, own}


def test_file_that_went_is_not_handed_over(auditor: User, browser_of: Callable[[User], Client]) -> None:
    export = exported(auditor)
    export.file.unlink()
    assert browser_of(auditor).get(address(export)).status_code == 403
    assert not Entry.objects.filter(kind="audit:export:downloaded/1").exists()
