"""The pages of the log in a real browser: for people who use no mouse, no JavaScript, a phone."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from audit import verification
from audit.models import Checkpoint, Entry, Export, Verification
from identification.models import Case, Encoder
from tests import factories
from tests.audit_fixtures import LONG_NAME, entry_about, erased, verified, write_entries
from tests.barriers import no_barrier
from tests.sequencing import signed

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def every_state_of_an_export(auditor: User) -> None:
    """Write one row for each state that an export can be in, and one that waits to be tried again."""
    now = timezone.now()
    ended = {"finished_at": now, "entries": 12_345, "bytes": 2_345_678, "sha256": "0f" * 32}
    for state, said in (
        ("expired", ended),
        ("failed", {"reason": "There was no room for the file. Ask again when an operator has made some."}),
        ("ready", ended | {"filters": {"kind": "accounts:role:granted/1", "since": "2026-11-01"}}),
        ("running", {"lease": uuid4(), "leased_until": now + timedelta(hours=1), "done": 3712, "total": 12_345}),
        ("waiting", {}),
        ("waiting", {"reason": "The sequencer isn't at work."}),
    ):
        Export.objects.create(asked_by=auditor, agency=auditor.agency, format="bundle", state=state, **said)


@pytest.fixture
def log(auditor: User, case: Case, requester: User, encoder: Encoder, random_vectors: Any) -> dict[str, str]:
    """A log of a few hundred entries; the addresses of its pages."""
    User.objects.filter(pk=auditor.pk).update(full_name=LONG_NAME)
    factories.searched(requester, case, encoder, random_vectors())
    entry = entry_about(case, auditor)
    gone = entry_about(case, auditor)
    older = signed()
    write_entries(auditor, 300)
    erased(auditor, gone)
    newer = signed()
    verified()
    every_state_of_an_export(auditor)
    late = entry_about(case, auditor)
    return {
        "log": "/audit/", "none fits": "/audit/?until=2020-01-01", "case": f"/audit/cases/{case.pk}/",
        "entry": f"/audit/entries/{entry.uid}/", "erased": f"/audit/entries/{gone.uid}/",
        "late": f"/audit/entries/{late.uid}/", "verifications": "/audit/verifications/",
        "checkpoints": "/audit/checkpoints/", "exports": "/audit/exports/",
        "uses": f"/audit/uses/?case={case.number}", "no uses": "/audit/uses/?until=2020-01-01",
        "consistency": f"/audit/checkpoints/proof/?older={older.size}&newer={newer.size}",
        "no consistency": "/audit/checkpoints/proof/?older=1&newer=2",
    }  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier(page_of, auditor: User, log: dict[str, str], scheme: Any) -> None:
    page: Page = page_of(auditor)
    page.emulate_media(color_scheme=scheme)
    for address in log.values():
        page.goto(address)
        no_barrier(page)
    Verification.objects.create(size=500, done=100)
    page.goto(log["verifications"])
    no_barrier(page)


def test_no_page_is_wider_than_a_phone(page_of, auditor: User, log: dict[str, str]) -> None:
    page: Page = page_of(auditor)
    page.set_viewport_size({"width": 360, "height": 740})
    for name, address in log.items():
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name


def test_long_name_takes_one_line_of_the_bar_and_the_pages_of_the_log_one_row(page_of, auditor: User, log) -> None:
    page: Page = page_of(auditor)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        page.goto(log["exports"])
        for place in (".bar .person", ".subnav"):
            box = page.locator(place).bounding_box()
            assert box is not None
            assert box["height"] < 56, (width, place, box)


@pytest.mark.parametrize("javascript", [True, False])
def test_entries_show_at_once_on_a_phone_and_filters_when_asked_for(page_of, auditor: User, log, javascript) -> None:
    page: Page = page_of(auditor, javascript=javascript)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(log["log"])
    what = page.get_by_label("What happened")
    second = page.locator(".timeline > li").nth(1).bounding_box()
    bar = page.locator(".actions").bounding_box()
    assert second is not None
    assert bar is not None
    assert second["y"] + second["height"] < bar["y"], "two entries stand above the bar of actions"
    expect(what).to_be_hidden()
    page.get_by_text("Find an entry, or choose what to show").click()
    what.select_option("accounts:role:")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(what).to_be_visible()
    for address, narrowed in ((log["log"], "What happened"), (log["uses"], "Case number")):
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(address)
        expect(page.get_by_label(narrowed)).to_be_visible()
        expect(page.locator(".folds > summary")).to_be_hidden()


def test_without_javascript_everything_is_asked_and_done(page_of, auditor: User, log, monkeypatch) -> None:
    monkeypatch.setattr(verification.celery, "send_task", lambda *_, **__: None)
    page: Page = page_of(auditor, javascript=False)
    page.goto(log["log"])
    page.get_by_label("What happened").select_option("accounts:role:")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".timeline > li").first).to_contain_text("role")
    entry = Entry.objects.select_related("place").get(place__index=100)
    page.get_by_label("Find one entry").fill(str(entry.uid))
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Entry 100")
    page.goto(log["late"])
    page.get_by_role("button", name="Sign a checkpoint now").click()
    expect(page.get_by_text("A checkpoint was asked for. The sequencer")).to_be_visible()
    assert page.url.endswith(log["late"])
    page.goto(log["verifications"])
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_text("A verification is under way")).to_be_visible()
    page.get_by_role("link", name="Refresh").click()
    expect(page.get_by_text("entries verified")).to_be_visible()


def test_progress_renews_itself_until_the_end(page_of, auditor: User, log, monkeypatch) -> None:
    monkeypatch.setattr(verification.celery, "send_task", lambda *_, **__: None)
    page: Page = page_of(auditor)
    page.goto(log["verifications"])
    page.get_by_role("button", name="Verify now").click()
    size = Verification.objects.get(state="running").size
    expect(page.get_by_text(f"0 of {size} entries verified")).to_be_visible()
    Verification.objects.filter(state="running").update(done=256)
    expect(page.get_by_text(f"256 of {size} entries verified")).to_be_visible(timeout=6000)
    Verification.objects.filter(state="running").update(done=0)
    verified()
    expect(page.get_by_role("heading", name="All of it holds")).to_be_visible(timeout=6000)
    expect(page.get_by_role("button", name="Verify now")).to_be_enabled()


def test_proof_and_checkpoint_are_downloaded(page_of, auditor: User, log: dict[str, str]) -> None:
    page: Page = page_of(auditor)
    page.goto(log["entry"])
    with page.expect_download() as download:
        page.get_by_role("link", name="Proof as JSON").click()
    assert '"countersign-inclusion-proof/1"' in Path(download.value.path()).read_text()
    page.goto(log["checkpoints"])
    with page.expect_download() as download:
        page.get_by_role("link", name="Download it").click()
    assert Path(download.value.path()).read_text() == Checkpoint.objects.latest("id").note


def test_case_log_prints_without_the_frame(page_of, auditor: User, log: dict[str, str]) -> None:
    page: Page = page_of(auditor)
    page.goto(log["case"])
    page.emulate_media(media="print")
    expect(page.get_by_text("As the log stood on")).to_be_visible()
    for unprinted in (".bar", ".subnav", ".choose", ".actions"):
        expect(page.locator(unprinted)).to_be_hidden()
    assert page.pdf(format="A4").startswith(b"%PDF-")
