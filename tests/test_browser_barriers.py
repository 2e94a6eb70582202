"""Every page that the site answers with, as axe sees it, for people who see, hear or move otherwise."""

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page

from accounts.models import User
from review.models import Assignment, Conclusion
from tests import corroboration_scene
from tests.barriers import no_barrier
from tests.corroboration_scene import confirmed, recorded
from tests.world import World, addresses, read

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

conclusion, recorder = corroboration_scene.conclusion, corroboration_scene.recorder
verifier, asserter = corroboration_scene.verifier, corroboration_scene.asserter

# The administration's pages are django-unfold's; signing in and out would change who looks.
APART = ("admin/", "sign-")


def pages(world: World, viewer: User) -> set[str]:
    """Return the addresses at which this person gets a page."""
    client = Client()
    client.force_login(viewer)
    asked = [address for route, address in addresses(world.ids()) if not route.startswith(APART)]
    answers = {address: read(client.get(address)) for address in asked}
    return {address for address, answer in answers.items() if is_page(answer)}


def is_page(answer) -> bool:
    return answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")


def test_no_page_has_a_barrier(
    page_of, world: World, requester: User, first_reviewer: User, auditor: User, administrator: User
) -> None:
    seen: set[str] = set()
    for viewer in (requester, first_reviewer, auditor, administrator):
        page: Page = page_of(viewer)
        for address in sorted(pages(world, viewer) - seen):
            page.goto(address)
            no_barrier(page)
            seen.add(address)
    assert len(seen) > 20, seen


def test_no_page_has_a_barrier_for_who_is_not_signed_in(browser: Browser, live_server) -> None:
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    for address in ("/sign-in/", "/audit/verify/", "/nothing-stands-here/"):
        page.goto(address)
        no_barrier(page)
    context.close()


def test_no_page_of_what_follows_a_conclusion_has_a_barrier(
    page_of,
    conclusion: Conclusion,
    requester: User,
    first_reviewer: User,
    recorder: User,
    verifier: User,
    asserter: User,
) -> None:
    ended = conclusion.pk
    identifier = recorded(recorder, conclusion)
    confirmed(recorder, verifier, conclusion, "dna")
    signed = Assignment.objects.get(review=conclusion.review, reviewer=first_reviewer)
    looks = [(recorder, "record-identifier", ended), (verifier, "verify-identifier", identifier.pk)]
    looks += [(requester, name, ended) for name in ("conclusion", "history", "report")]
    looks += [(first_reviewer, "signed", signed.pk), (asserter, "assert-identity", ended)]
    for viewer, name, thing in looks:
        page: Page = page_of(viewer)
        answer = page.goto(reverse(f"review:{name}", args=[thing]))
        assert answer is not None
        assert answer.ok, name
        no_barrier(page)
