"""Where the browser is for the tests, and `python -m tests.browser`, which tries to get one.

A system's Chromium or Chrome comes first, then Playwright's own download; without either the
browser tests are left out, and the last lines of the test run say so.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DOWNLOAD_WITHIN_SECONDS = 180
LEFT_OUT = "no browser: install Chromium (Debian: apt-get install chromium)"
# No sandbox only as root, which Chromium refuses otherwise; nothing but this machine is to be asked for anything.
ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
]


def find() -> str | None:
    """Return the path of a Chromium, or None."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None) or _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def get() -> bool:
    """Try Playwright's own download; whether there is a browser afterwards."""
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=DOWNLOAD_WITHIN_SECONDS)
    except (subprocess.SubprocessError, OSError):
        return False
    return _playwrights_own() is not None


if __name__ == "__main__":
    if not find() and not get():
        print("No browser was found and none could be downloaded; the browser tests will be left out.")
        print("To run them too, install Chromium (Debian: apt-get install chromium).")
