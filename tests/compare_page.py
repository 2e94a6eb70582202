"""The page of two pictures side by side, opened in a real browser, and what is read off it."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Page, expect

from demo.cast import Cast
from identification.models import Person, Purpose
from review.models import Assignment
from tests import comparison_scene, factories
from tests.comparison_scene import Shot
from tests.stack import stack

PORT = 8767
SITE = f"http://127.0.0.1:{PORT}"
PEOPLE, REFERENCES = 3, 2

# What each eye of a pane's picture lies at, in pixels of the pane: by the picture's own matrix.
EYES = """() => {
  const data = JSON.parse(document.getElementById("comparison-data").textContent);
  const shown = document.querySelector("#references [aria-current]")?.dataset.reference ?? 1;
  const now = data.candidates.find((one) => one.page === location.pathname);
  const at = (name, eyes) => {
    const image = document.querySelector(`[data-pane=${name}] > img`);
    const matrix = new DOMMatrix(image.style.transform);
    return eyes.map(([x, y]) => {
      const point = new DOMPoint(x * image.naturalWidth, y * image.naturalHeight).matrixTransform(matrix);
      return [point.x, point.y];
    });
  };
  return [at("probe", data.probe.eyes), at("candidate", now.references[shown - 1].eyes)];
}"""


@pytest.fixture(scope="module")
def shots() -> dict[tuple[int, int], Shot]:
    """Portraits of different sizes, each person framed differently; (0, 0) is the probe, framed like none of them."""
    cast = Cast(seed=5)
    sizes = {(0, 0): 1.5, (0, 1): 1.0, (0, 2): 2.0, (1, 0): 0.5, (1, 1): 1.0, (2, 0): 1.0, (2, 1): 1.2}
    aside = {(0, 0): 30.0}
    return {
        (index, number): comparison_scene.shot(
            cast, index, number, scale=scale, aside=aside.get((index, number), 9.0 * index)
        )
        for (index, number), scale in sizes.items()
    }


@pytest.fixture(scope="module")
def static_files() -> None:
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"], check=True)


@pytest.fixture(scope="module")
def site(browser: Browser, django_db_setup, static_files, tmp_path_factory) -> Iterator[Path]:
    """The web server alone, for all tests of this file, and where it finds its files."""
    media = tmp_path_factory.mktemp("media")
    with override_settings(MEDIA_ROOT=media), stack(PORT, names=("web server",), logs=media) as processes:
        processes.wait_for_web(f"{SITE}/sign-in/")
        yield media
        processes.check()


@pytest.fixture
def place(
    transactional_db, site, settings, shots, requester, administrator, gallery, encoder, first_reviewer, random_vectors
) -> Assignment:
    """Somebody's place in a review with three people, all of them retained, two references each."""
    settings.MEDIA_ROOT = site
    for of_person in [((0, 1), (0, 2)), ((1, 0), (1, 1)), ((2, 0), (2, 1))]:
        taken = [shots[one] for one in of_person]
        comparison_scene.enrolled(administrator, gallery, encoder, taken, [random_vectors() for _ in of_person])
    case = factories.open_case(requester, Purpose.MISSING)
    comparison_scene.review_of(requester, case, encoder, shots[0, 0], random_vectors())
    return factories.worked_through(first_reviewer, retained=list(Person.objects.all()), comparing=False)


@pytest.fixture
def opened(browser: Browser, place: Assignment, settings, browser_of) -> Iterator[Callable[..., Page]]:
    """Open the comparison, signed in, in a browser window of its own."""
    contexts: list[BrowserContext] = []
    session = browser_of(place.reviewer).cookies[settings.SESSION_COOKIE_NAME].value

    def open_page(**options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
        contexts.append(context)
        context.set_default_timeout(60_000)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": SITE}])
        page = context.new_page()
        page.on("console", lambda message: _refuse_violations(message.text))
        page.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))
        page.goto(f"{SITE}/review/work/{place.pk}/compare/")
        if options.get("java_script_enabled", True):
            page.wait_for_function("document.querySelector('[data-pane=candidate] > img')?.complete")
        return page

    yield open_page
    for context in contexts:
        context.close()


def _refuse_violations(text: str) -> None:
    assert "Content Security Policy" not in text, text


def matrix(page: Page, pane: str) -> list[float]:
    said = page.locator(f"[data-pane={pane}] > img").evaluate("(image) => image.style.transform")
    return [float(number) for number in re.findall(r"-?[0-9.]+", said)]


def light(page: Page, pane: str) -> str:
    return str(page.locator(f"[data-pane={pane}] > img").evaluate("(image) => image.style.filter"))


def width_on_screen(page: Page, pane: str) -> float:
    box = page.locator(f"[data-pane={pane}] > img").bounding_box()
    assert box is not None
    return box["width"]


def apart(page: Page) -> float:
    """How far from one another the two pictures' eyes lie in their panes, in pixels, at the most."""
    probe, candidate = page.evaluate(EYES)
    return max(abs(a - b) for one, other in zip(probe, candidate, strict=True) for a, b in zip(one, other, strict=True))


def mark(page: Page, where: tuple[int, int], on_candidate: tuple[int, int]) -> None:
    page.locator("[data-pane=probe]").click(position={"x": where[0], "y": where[1]})
    page.locator("[data-pane=candidate]").click(position={"x": on_candidate[0], "y": on_candidate[1]})


def saved(page: Page) -> None:
    expect(page.locator("[data-draft-status]")).to_contain_text("Saved", timeout=15_000)
