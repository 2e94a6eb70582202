"""Take the README's screenshots from a running demonstration: `make demo` in one terminal, `make screenshots` here."""

import os
import re
import sys
from pathlib import Path

import django
from playwright.sync_api import Page, sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from demo.people import PASSWORD  # noqa: E402  (needs the settings)
from tests.browser import ARGUMENTS, LEFT_OUT, find  # noqa: E402

IMAGES = Path(__file__).parent / "images"
SITE = "http://127.0.0.1:8000"
SIZE = {"width": 1280, "height": 800}


def sign_in(page: Page, name: str) -> None:
    """Sign a demonstration account in."""
    page.goto(f"{SITE}/sign-in/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{SITE}/cases/")


def take(page: Page, name: str) -> None:
    """Take the picture once every image is there."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png")


def picture_case(page: Page) -> None:
    """A case with its photograph, the face found in it, and where its review stands."""
    sign_in(page, "intake")
    page.locator("main li", has_text="several faces").first.get_by_role("link").first.click()
    take(page, "case")


def picture_review(page: Page) -> None:
    """A reviewer's steps: the probe alone, the candidates, side by side, the conclusion."""
    sign_in(page, "reviewer3")
    page.goto(f"{SITE}/review/")
    page.locator(".primary").click()
    (work,) = re.findall(r"[0-9a-f-]{36}", page.url)
    page.goto(f"{SITE}/review/work/{work}/probe/")
    if page.get_by_role("button", name="Show the face").count():
        page.get_by_role("button", name="Show the face").first.click()
    take(page, "probe")
    if page.get_by_label("Suitable for comparison", exact=True).count():
        page.get_by_label("Suitable for comparison", exact=True).check()
        page.locator("button.primary").click()
    page.goto(f"{SITE}/review/work/{work}/candidates/")
    take(page, "candidates")
    page.locator("input[value=retain]").nth(3).check()
    page.locator("input[value=retain]").nth(7).check()
    page.locator("#go-on").click()
    page.get_by_role("button", name="Exclude the rest").click()
    page.wait_for_url("**/compare/**")
    page.get_by_role("button", name="Align eyes").click()
    take(page, "compare")
    page.goto(f"{SITE}/review/work/{work}/conclude/")
    page.locator("input[name=finding][value=nobody]").check()
    take(page, "conclude")


def picture_report(page: Page) -> None:
    """The report of a conclusion that has been asserted, or of the first that there is."""
    sign_in(page, "auditor")
    page.goto(f"{SITE}/cases/")
    case = page.locator("main li", has_text=re.compile("identification|presence|location")).first
    case.get_by_role("link").first.click()
    page.get_by_role("link", name="Read the conclusion").first.click()
    page.get_by_role("link", name="Comparison report").click()
    take(page, "report")


def picture_log(page: Page) -> None:
    """The audit log, verified, and the proof of an entry that a checkpoint covers."""
    sign_in(page, "auditor")
    page.goto(f"{SITE}/audit/verifications/")
    page.get_by_role("button", name="Verify now").click()
    page.get_by_role("heading", name="All of it holds").wait_for()
    page.goto(f"{SITE}/audit/?kind=review:")
    take(page, "audit-log")
    page.get_by_role("link", name=re.compile(r"^Entry \d")).last.click()
    page.locator("#proof").evaluate("proof => proof.scrollIntoView({behavior: 'instant', block: 'start'})")
    take(page, "audit-proof")


def main() -> int:
    """Take all pictures; exit status 1 where there is no browser."""
    path = find()
    if path is None:
        sys.stderr.write(f"No pictures were taken: {LEFT_OUT}.\n")
        return 1
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        for picture in (picture_case, picture_review, picture_report, picture_log):
            context = browser.new_context(viewport=SIZE)
            picture(context.new_page())
            context.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
