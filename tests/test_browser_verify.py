"""A bundle verified in a real browser by somebody without an account: the right verdict, and nothing is sent."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.barriers import no_barrier
from tests.bundles import MadeLog, made_bundle, made_log, some_of
from tests.stack import stack

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PORT = 8767
SITE = f"http://127.0.0.1:{PORT}"
ADDRESS = f"{SITE}/audit/verify/"
MANY = 4_000
STATIC = Path(__file__).parent.parent / "static/js/verify"


@pytest.fixture(scope="module")
def site(browser: Browser, django_db_setup, tmp_path_factory) -> Iterator[None]:
    """The web server as it is served for work: static files gathered, headers as WhiteNoise sends them."""
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"], check=True)
    with stack(PORT, names=("web server",), logs=tmp_path_factory.mktemp("logs")) as processes:
        processes.wait_for_web(ADDRESS)
        yield
        processes.check()


@pytest.fixture
def log() -> MadeLog:
    return made_log(7, 40, keys=2, checkpoints=4)


@pytest.fixture
def bundle(log: MadeLog, tmp_path: Path) -> Path:
    """A good one, in which some entries are hidden."""
    path = tmp_path / "good.zip"
    path.write_bytes(made_bundle(log, some_of(7)))
    return path


@pytest.fixture
def bad_bundle(bundle: Path, tmp_path: Path) -> Path:
    """The same with one digit of a payload changed."""
    path, data = tmp_path / "bad.zip", bundle.read_bytes()
    assert b'"cutoff":"0.45"' in data
    path.write_bytes(data.replace(b'"cutoff":"0.45"', b'"cutoff":"0.46"', 1))
    return path


@pytest.fixture
def requests() -> list[Request]:
    """What the page's browser asked for."""
    return []


@pytest.fixture
def opened(browser: Browser, transactional_db, site, requests) -> Iterator[Callable[..., Page]]:
    """Open the page, not signed in, in a window of its own."""
    contexts: list[BrowserContext] = []

    def open_page(**options) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
        contexts.append(context)
        context.on("request", lambda request: requests.append(request))  # noqa: PLW0108  (Playwright marks what it calls)
        page = context.new_page()
        page.on("console", lambda message: _refuse_violations(message.text))
        page.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))
        page.goto(ADDRESS)
        return page

    yield open_page
    for context in contexts:
        context.close()


def _refuse_violations(text: str) -> None:
    assert "Content Security Policy" not in text or "?leak" in text, text


def verified(page: Page, path: Path, *, key: str = "", checkpoint: str = "") -> None:
    """Choose a bundle, say what one knows from elsewhere, and verify."""
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_label("The log's public key").fill(key)
    page.get_by_label("A checkpoint that you kept").fill(checkpoint)
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("region", name="Verdict")).to_be_visible(timeout=30_000)


def fact(page: Page, term: str) -> str:
    return page.locator("#result dl > div", has_text=term).locator("dd").first.inner_text()


def test_good_bundle_holds_and_says_what_it_shows(opened, bundle: Path, log: MadeLog) -> None:
    page = opened()
    verified(page, bundle)
    notice = page.locator("#result .notice")
    expect(notice).to_contain_text("This bundle holds.")
    expect(notice).to_contain_text(f"of the log {log.origin}")
    expect(page.get_by_text("The key came with the bundle")).to_be_visible()
    assert " of 40; of the other " in fact(page, "Entries shown")
    assert fact(page, "The key in full") == log.keys[0].vkey or fact(page, "The key in full") == log.keys[1].vkey
    assert fact(page, "Exported") == "14 Nov 2026, 14:05 UTC, by person number 7"
    assert fact(page, "Chosen by") == "kind review:assessment:signed/1"
    assert fact(page, "Your checkpoint") == "none was given"


def test_bad_bundle_says_what_does_not_hold_and_where(opened, bad_bundle: Path) -> None:
    page = opened()
    verified(page, bad_bundle)
    notice = page.locator("#result .notice")
    expect(notice).to_contain_text("This bundle doesn't hold.")
    expect(notice).to_contain_text("The payload isn't the one that the entry commits to (entries.jsonl, line")
    expect(page.locator("#result dl > div")).to_have_count(0)


def test_known_key_and_kept_checkpoint_are_compared(opened, bundle: Path, log: MadeLog) -> None:
    page = opened()
    # As one copies it: with spaces around, and without the last newline.
    verified(page, bundle, key=f" {log.keys[0].vkey}\n", checkpoint=f"\n{log.checkpoints[0].note.rstrip()}  ")
    expect(page.locator("#result .notice")).to_contain_text("This bundle holds.")
    expect(page.get_by_text("The key came with the bundle")).to_have_count(0)
    assert "trusted by the key that you gave" in fact(page, "Signing key")
    assert "agrees" in fact(page, "Your checkpoint")


def test_checkpoint_of_another_history_does_not_agree(opened, bundle: Path, log: MadeLog) -> None:
    page = opened()
    log.append("accounts:session:opened/1", {"after": "the bundle"})
    verified(page, bundle, checkpoint=log.signed().note)
    expect(page.locator("#result .notice")).to_contain_text("cut back, or this is an older copy")
    verified(page, bundle, key=made_log(8, 1).keys[0].vkey)
    expect(page.locator("#result .notice")).to_contain_text("isn't one that you gave")
    verified(page, bundle, key="not a key")
    expect(page.locator("#result .notice")).to_contain_text("Nothing could be verified.")


def test_another_file_than_a_bundle_is_told(opened, tmp_path: Path) -> None:
    page = opened()
    (tmp_path / "letter.txt").write_text("Dear auditor" * 50)
    verified(page, tmp_path / "letter.txt")
    expect(page.locator("#result .notice")).to_contain_text("This is no bundle")


def test_nothing_is_sent_anywhere(opened, requests: list[Request], bundle: Path, log: MadeLog) -> None:
    page = opened()
    verified(page, bundle, key=log.keys[0].vkey, checkpoint=log.checkpoints[0].note)
    expect(page.locator("#result .notice")).to_contain_text("This bundle holds.")
    assert len(requests) > 10  # the page, its style, its scripts and the worker's
    assert {(request.method, request.post_data) for request in requests} == {("GET", None)}
    assert all(request.url == ADDRESS or request.url.startswith(f"{SITE}/static/") for request in requests)


def test_worker_could_not_send_anything_even_if_it_tried(opened, requests: list[Request]) -> None:
    page = opened()
    try_to_send = "fetch('/audit/verify/?leak').then(() => 'sent', () => 'refused')"
    with page.expect_worker() as started:
        page.evaluate("new Worker(document.getElementById('verify').dataset.worker, { type: 'module' }) && null")
    for sender in (started.value, page):
        assert sender.evaluate(try_to_send) == "refused"
    assert not any("leak" in request.url for request in requests)


def test_large_bundle_shows_how_far_it_is_and_can_be_stopped(opened, tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    path.write_bytes(made_bundle(made_log(9, MANY)))
    page = opened()
    page.evaluate("""() => {
      window.seen = [];
      new MutationObserver(() => window.seen.push(document.querySelector("#running p").textContent))
        .observe(document.querySelector("#running p"), { childList: true, characterData: true, subtree: true });
    }""")
    verified(page, path)
    assert fact(page, "Entries shown") == f"{MANY:,} of {MANY:,}"
    seen = page.evaluate("window.seen")
    assert len(seen) > 2
    assert "entries walked" in seen[-1]
    page.get_by_role("button", name="Verify").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#running")).to_be_hidden()
    expect(page.get_by_role("region", name="Verdict")).to_be_hidden()


def test_file_is_dropped_anywhere_on_the_page(opened, bundle: Path) -> None:
    page = opened()
    page.evaluate(
        """(bytes) => {
      const carried = new DataTransfer();
      carried.items.add(new File([Uint8Array.from(bytes)], "dropped.zip"));
      document.querySelector("h1").dispatchEvent(
        new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
    }""",
        list(bundle.read_bytes()),
    )
    expect(page.get_by_text("dropped.zip")).to_be_visible()
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("#result .notice")).to_contain_text("This bundle holds.", timeout=30_000)


def test_browser_without_ed25519_says_so(opened, bundle: Path) -> None:
    page = opened()
    # What such a browser answers: it knows no algorithm of this name.
    unable = "SubtleCrypto.prototype.importKey = async () => { throw new DOMException('', 'NotSupportedError'); };"
    worker = (STATIC / "worker.js").read_text()
    page.route(
        "**/verify/worker*.js", lambda route: route.fulfill(content_type="text/javascript", body=worker + unable)
    )
    verified(page, bundle)
    expect(page.locator("#result .notice")).to_contain_text("This browser can't check Ed25519 signatures.")


def test_without_javascript_the_page_says_what_to_run(opened) -> None:
    page = opened(java_script_enabled=False)
    expect(page.get_by_text("JavaScript, which isn't running")).to_be_visible()
    expect(page.get_by_role("button", name="Verify")).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("link", name="Take verify.py").click()
    assert download.value.suggested_filename == "verify.py"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier(opened, scheme: str, bundle: Path, bad_bundle: Path) -> None:
    page = opened(color_scheme=scheme)
    for path in (None, bundle, bad_bundle):
        if path:
            verified(page, path)
        no_barrier(page)


@pytest.mark.parametrize("size", [(390, 844), (820, 1180), (1280, 800), (1920, 1080)])
def test_page_fits_the_window(opened, size: tuple[int, int], bundle: Path) -> None:
    page = opened(viewport={"width": size[0], "height": size[1]})
    verified(page, bundle)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
