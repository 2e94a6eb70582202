"""What keeps people from a page who see, hear or move otherwise, as axe finds it."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def no_barrier(page: Page) -> None:
    """WCAG 2.2 AA as axe checks it, and what axe calls good practice; a minor violation fails as well."""
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    said = [(one["id"], one["impact"], [node["html"][:160] for node in one["nodes"][:3]]) for one in found]
    assert not said, (page.url, said)
