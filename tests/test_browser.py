"""Real people's way through the site: real browser, real web server, real worker, real models."""

import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Browser, BrowserContext, Page, expect

from demo.cast import Cast, degrade
from identification.models import Case, Gallery, Photograph
from identification.services import enrolment
from identification.services.encoders import activate_encoder
from review.models import Assignment, Review, ReviewState
from tests.conftest import PASSWORD
from tests.factories import ContentFile
from tests.review_pages import position_of
from tests.stack import no_job_waits, stack, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PORT = 8765
SITE = f"http://127.0.0.1:{PORT}"
GALLERY_SIZE = 6
ASKED_ABOUT = 2


@pytest.fixture(scope="session")
def cast() -> Cast:
    return Cast(seed=5)


@pytest.fixture(scope="module")
def static_files() -> None:
    """Gather static files as a real web server finds them; the tests' own settings leave their names as they are."""
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"], check=True)


@pytest.fixture
def site(browser: Browser, static_files, transactional_db, settings, tmp_path: Path) -> Iterator[str]:
    """The web server, the worker and the scheduler on the tests' database."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    activate_encoder(actor=None, name="dlib-resnet-v1")
    with stack(PORT, names=("web server", "worker", "scheduler", "sequencer"), logs=tmp_path) as processes:
        processes.wait_for_web(f"{SITE}/sign-in/")
        yield SITE
        processes.check()


@pytest.fixture
def signed_in(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Sign somebody in, in a browser window of their own."""
    contexts: list[BrowserContext] = []

    def sign_in(name: str, *, javascript: bool = True) -> Page:
        context = browser.new_context(java_script_enabled=javascript, viewport={"width": 1280, "height": 800})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: _refuse_violations(message.text))
        page.goto(f"{site}/")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{site}/cases/")
        return page

    yield sign_in
    for context in contexts:
        context.close()


def _refuse_violations(text: str) -> None:
    assert "Content Security Policy" not in text, text


@pytest.fixture
def enrolled(site: str, gallery: Gallery, requester, cast: Cast) -> Gallery:
    """A gallery of a few fictional people, enrolled by the worker."""
    for index in range(GALLERY_SIZE):
        person = enrolment.enrol_person(actor=requester, gallery=gallery, name=cast.person(index).name)
        file = ContentFile(portrait(cast, index, 0), name=f"{index}.jpg")
        enrolment.add_reference(actor=requester, person=person, file=file, provenance="Drawn for the test")
    wait_until(no_job_waits, seconds=400, what="the gallery is enrolled")
    return gallery


def portrait(cast: Cast, index: int, shot: int) -> bytes:
    return degrade.to_jpeg(cast.photograph(cast.person(index), shot=shot))


def open_case(page: Page, site: str) -> Case:
    page.get_by_role("link", name="Open a case").first.click()
    page.locator("input[name=purpose][value=missing]").check()
    page.get_by_label("Place").fill("Fictional field")
    page.get_by_label("Authority").fill("Order 7")
    page.get_by_role("button", name="Open").click()
    page.wait_for_url(f"{site}/cases/*-*-*/")
    return Case.objects.latest("opened_at")


def file_of(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def damaged(data: bytes) -> bytes:
    return data[: len(data) // 2]


def test_one_case_from_upload_to_a_conclusion_by_two_people(
    signed_in, site, enrolled, cast, first_reviewer, second_reviewer
) -> None:
    page = signed_in("requester")
    case = open_case(page, site)
    good, bad = portrait(cast, ASKED_ABOUT, 1), damaged(portrait(cast, 4, 1))
    page.locator("input[type=file]").set_input_files(
        [file_of("good.jpg", good), file_of("cut.jpg", bad), file_of("note.jpg", b"no photograph")]
    )
    _send_if_plain(page)
    wait_until(
        lambda: Photograph.objects.filter(case=case).count() == 2 and no_job_waits(), seconds=120, what="analysed"
    )
    expect(page.get_by_text("ends in the middle of the photograph").first).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Waiting for reviewers", exact=False).first).to_be_visible(timeout=15_000)
    for name in ("first_reviewer", "second_reviewer"):
        assess(signed_in(name), site, choose=True)
    review = Review.objects.get(case=case)
    assert review.state == ReviewState.CONCLUDED
    assert review.conclusion.person.name == cast.person(ASKED_ABOUT).name
    page.goto(f"{site}/review/{review.pk}/")
    expect(page.get_by_text("potential location").first).to_be_visible()
    expect(page.get_by_text(cast.person(ASKED_ABOUT).name).first).to_be_visible()


def _send_if_plain(page: Page) -> None:
    """With a script the files go by themselves; without one there is a button."""
    button = page.get_by_role("button", name="Add photographs")
    if button.count() and button.first.is_visible():
        button.first.click()


def assess(page: Page, site: str, *, choose: bool) -> None:
    """Work through a review as a person would: probe, candidates, comparison, signature."""
    page.goto(f"{site}/review/")
    page.get_by_role("button", name="Next case").click()
    page.get_by_label("Suitable for comparison", exact=True).check()
    page.locator("button.primary").click()
    page.wait_for_url("**/candidates/")
    assert page.locator("input[value=retain]").count() == GALLERY_SIZE
    assert "score" not in page.content().lower()
    if choose:
        position = _position_asked_about()
        page.locator(f"input[name=decision-{position}][value=retain]").check()
        page.locator("button.primary").click()
        page.get_by_role("button", name="Exclude the rest").click()
        page.wait_for_url("**/compare/**")
        page.locator("button.primary").click()
    else:
        page.get_by_role("button", name="None of these").click()
    page.wait_for_url("**/conclude/")
    page.locator(f"input[name=finding][value='{position if choose else 'nobody'}']").check()
    page.locator("input[name=level][value='2']" if choose else "input[name=level_of_nobody][value='-2']").check()
    page.locator("textarea[name=rationale]").fill("Brows, nose and chin agree." if choose else "Nobody here agrees.")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign", exact=True).click()
    page.wait_for_url("**/signed/")


def _position_asked_about() -> int:
    """Return where the person asked about is shown to whoever works on a review just now."""
    person = Gallery.objects.get().persons.get(name=Cast(seed=5).person(ASKED_ABOUT).name)
    return position_of(Assignment.objects.get(state=Assignment.State.OPEN), person)


def test_photographs_are_dropped_anywhere_on_the_page_of_a_case(signed_in, site, requester, cast) -> None:
    page = signed_in("requester")
    case = open_case(page, site)
    drag = """([type, bytes]) => {
      const carried = new DataTransfer();
      carried.items.add(new File([Uint8Array.from(bytes)], "dropped.jpg", { type: "image/jpeg" }));
      const over = new DragEvent(type, { dataTransfer: carried, bubbles: true, cancelable: true });
      document.querySelector("h1").dispatchEvent(over);
      return over.defaultPrevented;
    }"""
    page.evaluate(drag, ["dragenter", []])
    expect(page.locator("#intake .drop.over")).to_be_visible()
    assert page.evaluate(drag, ["dragover", []]), "the browser would open the photograph in place of the page"
    page.evaluate(drag, ["drop", list(portrait(cast, ASKED_ABOUT, 1))])
    expect(page.locator("#intake .drop.over")).to_have_count(0)
    expect(page.get_by_text("1 of 1 received")).to_be_visible(timeout=60_000)
    assert Photograph.objects.filter(case=case).count() == 1
    wait_until(no_job_waits, seconds=120, what="analysed")


def negative(cast: Cast, index: int) -> bytes:
    """A photographic negative: people see that there is a face, the detector doesn't."""
    return degrade.to_jpeg(ImageOps.invert(cast.photograph(cast.person(index), shot=2)))


# Around the face in that negative, and the middle of eyes, nose and mouth in it, in its 480 by 600 pixels.
BOX = (140, 140, 184, 240)
POINTS = ((196, 234), (276, 233), (231, 283), (200, 324), (269, 324))


def drawn_over(page: Page, *points: tuple[int, int]) -> list[tuple[float, float]]:
    """Where on the screen points of the photograph are shown."""
    point_of = "([x, y]) => { const p = new DOMPoint(x, y).matrixTransform(turned.getScreenCTM()); return [p.x, p.y]; }"
    page.locator("#stage").scroll_into_view_if_needed()
    return [tuple(page.evaluate(point_of, list(point))) for point in points]


def handed_in(page: Page, site: str, data: bytes) -> Photograph:
    case = open_case(page, site)
    page.locator("input[type=file]").set_input_files([file_of("negative.jpg", data)])
    _send_if_plain(page)
    wait_until(lambda: Photograph.objects.filter(case=case).exists() and no_job_waits(), seconds=120, what="analysed")
    photograph = Photograph.objects.get(case=case)
    assert photograph.state == Photograph.State.ANALYSED
    return photograph


def test_a_face_that_was_not_found_is_drawn_placed_by_hand_and_searched_for(signed_in, site, enrolled, cast) -> None:
    page = signed_in("requester")
    photograph = handed_in(page, site, negative(cast, ASKED_ABOUT))
    assert not photograph.faces.exists()
    page.goto(f"{site}/cases/{photograph.case_id}/")
    page.get_by_role("link", name="Correct the faces").click()
    start, end = drawn_over(page, BOX[:2], (BOX[0] + BOX[2], BOX[1] + BOX[3]))
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Place them").click(timeout=60_000)
    for point in drawn_over(page, *POINTS):
        page.mouse.click(*point)
    expect(page.get_by_text("All five are placed")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("img", name="Face 1")).to_be_visible(timeout=60_000)
    face = photograph.faces.get()
    assert [face.left, face.top, face.width, face.height] == pytest.approx(BOX, abs=2)
    assert face.landmarks == pytest.approx([coordinate for point in POINTS for coordinate in point], abs=2)
    assert face.detector == "by hand"
    wait_until(lambda: Review.objects.filter(probe__face=face).exists(), seconds=180, what="it was searched for")
    page.goto(f"{site}/cases/{photograph.case_id}/")
    expect(page.get_by_text("Waiting for reviewers").first).to_be_visible()


def test_a_box_is_moved_by_keys_and_taken_out_after_a_question(signed_in, site, enrolled, cast) -> None:
    page = signed_in("requester")
    photograph = handed_in(page, site, portrait(cast, ASKED_ABOUT, 1))
    found = photograph.faces.get()
    page.goto(f"{site}/photographs/{photograph.pk}/faces/")
    page.get_by_role("button", name="Face 1.").focus()
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("img", name="Face 2")).to_be_visible(timeout=60_000)
    moved = photograph.faces.get(ordinal=2)
    assert moved.left < found.left
    assert moved.top < found.top
    assert moved.width > found.width
    assert moved.detector.startswith("by hand, landmarks by mtcnn")
    page.get_by_role("button", name="Face 2.").focus()
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Take it out").click()
    expect(page.get_by_text("No face stands in this photograph")).to_be_visible()
    assert photograph.corrections.count() == 2


def test_a_box_is_drawn_and_placed_in_numbers_without_javascript(signed_in, site, enrolled, cast) -> None:
    page = signed_in("requester", javascript=False)
    photograph = handed_in(page, site, negative(cast, ASKED_ABOUT))
    page.goto(f"{site}/photographs/{photograph.pk}/faces/")
    page.get_by_text("In numbers").click()
    for name, number in zip(("left", "top", "width", "height"), BOX, strict=True):
        page.locator(f"input[name={name}]").fill(str(number))
    page.get_by_role("button", name="Save").click()
    wait_until(no_job_waits, seconds=180, what="the box is read")
    page.reload()
    page.get_by_role("link", name="Place them").click()
    page.get_by_text("In numbers").click()
    for number, point in enumerate(POINTS):
        for axis, coordinate in zip("xy", point, strict=True):
            page.locator(f"input[name=landmark_{number}_{axis}]").fill(str(coordinate))
    page.get_by_role("button", name="Save").click()
    wait_until(photograph.faces.exists, seconds=180, what="the face is read")


def test_a_case_can_be_uploaded_reviewed_and_signed_without_javascript(
    signed_in, site, enrolled, cast, first_reviewer
) -> None:
    page = signed_in("requester", javascript=False)
    case = open_case(page, site)
    page.locator("input[type=file]").set_input_files([file_of("good.jpg", portrait(cast, ASKED_ABOUT, 2))])
    page.get_by_role("button", name="Add photographs").first.click()
    wait_until(lambda: Review.objects.filter(case=case).exists(), seconds=120, what="a review is open")
    assess(signed_in("first_reviewer", javascript=False), site, choose=False)
    assert Review.objects.get(case=case).assessments.get().finding == "none"


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_window(signed_in, site, enrolled, case, auditor, administrator, width) -> None:
    reference = enrolled.references.first()
    for name, paths in {
        "requester": ["/cases/", "/cases/open/", f"/cases/{case.pk}/", "/galleries/", f"/galleries/{enrolled.pk}/",
                      f"/galleries/{enrolled.pk}/enrol/", f"/photographs/{reference.photograph_id}/faces/",
                      f"/faces/{reference.face_id}/remove/", "/review/"],
        "auditor": ["/audit/"],
    }.items():  # fmt: skip
        page = signed_in(name)
        page.set_viewport_size({"width": width, "height": 800})
        for path in paths:
            page.goto(site + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.fixture
def exporter(site: str, tmp_path: Path) -> Iterator[None]:
    with stack(PORT, names=("exporter",), logs=tmp_path) as processes:
        yield
        processes.check()


def test_the_exported_log_downloads_and_verifies(signed_in, site, exporter, auditor, tmp_path) -> None:
    from audit.verify import verify

    page = signed_in("auditor")
    page.goto(f"{site}/audit/")
    page.get_by_role("link", name="Export", exact=True).click()
    page.get_by_role("button", name="Ask for the export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").first.click(timeout=60_000)
    exported = tmp_path / download.value.suggested_filename
    download.value.save_as(exported)
    verdict = verify(exported)
    assert verdict.ok, verdict.sentence
    assert verdict.facts["shown"] > 0


@pytest.mark.parametrize(("scheme", "paper_is_light"), [("light", True), ("dark", False)])
def test_sign_in_is_legible_in_both_schemes(
    browser: Browser, site: str, scheme: Literal["light", "dark"], *, paper_is_light: bool
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{site}/sign-in/")
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        red, green, blue = picture.convert("RGB").getpixel((5, picture.height - 5))
    ink = [float(number) for number in re.findall(r"[0-9.]+", page.evaluate("getComputedStyle(document.body).color"))]
    assert (min(red, green, blue) > 200) is paper_is_light
    assert (max(ink[:3]) < 100) is paper_is_light
    context.close()
