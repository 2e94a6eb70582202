"""What keeps people from a page who see, hear or move otherwise, as axe finds it."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def no_serious_violation(page: Page) -> None:
    """Axe finds nothing serious on the page as it stands: WCAG 2.2 AA and what it holds for good practice besides."""
    found = Axe().run(page)
    serious = [one for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
    said = [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in serious]
    assert not said, (page.url, said)
