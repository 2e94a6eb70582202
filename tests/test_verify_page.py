"""The page on which anybody verifies a bundle, as the server hands it over, and the verifier as a file."""

import pytest
from django.test import Client
from django.urls import reverse

from audit.views.verify import VERIFIER
from config import static_headers

pytestmark = pytest.mark.django_db


def test_everybody_gets_the_page_and_the_verifier_without_an_account(client: Client) -> None:
    page = client.get(reverse("audit:verify-bundle"))
    assert page.status_code == 200
    text = page.content.decode()
    assert "The file never leaves your computer." in text
    assert reverse("audit:verifier") in text
    assert "Sign out" not in text


def test_page_may_start_a_worker_and_open_no_connection(client: Client) -> None:
    policy = client.get(reverse("audit:verify-bundle")).headers["Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["worker-src"] == "'self'"
    assert rules["connect-src"] == "'none'"
    elsewhere = client.get(reverse("accounts:sign-in")).headers["Content-Security-Policy"]
    assert "worker-src" not in elsewhere


def test_page_says_what_to_do_without_javascript(client: Client) -> None:
    text = client.get(reverse("audit:verify-bundle")).content.decode()
    assert "python verify.py BUNDLE" in text
    assert '<form class="form" id="verify" data-worker="/static/js/verify/worker.js" hidden>' in text


def test_verifier_is_handed_over_byte_for_byte(client: Client) -> None:
    answer = client.get(reverse("audit:verifier"))
    assert answer.headers["Content-Type"] == "text/x-python"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="verify.py"'
    assert answer.content == VERIFIER.read_bytes()


@pytest.mark.parametrize(
    ("url", "bound"),
    [
        ("/static/js/verify/worker.js", True),
        ("/static/js/verify/worker.0123456789ab.js", True),
        ("/static/js/verify/page.js", False),
    ],
)
def test_worker_that_reads_the_bundle_comes_with_a_policy_of_its_own(url: str, bound: bool) -> None:
    headers: dict[str, str] = {}
    static_headers.add(headers, "", url)
    assert (headers == {"Content-Security-Policy": "default-src 'none'; script-src 'self'"}) is bound
