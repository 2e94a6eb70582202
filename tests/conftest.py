"""The cast of the tests, in one place, and what several test files need."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError
from django.db import OperationalError, connection
from django.test import Client, TransactionTestCase
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from accounts.models import Agency, HeldRole, Role, User
from audit.append_only import guarded_tables
from audit.witnesses import pauses
from identification.encoder_standing import from_spec
from identification.models import Case, Encoder, Face, Gallery, GalleryKind, Person, Photograph, Purpose
from identification.recognition.encoders import SHIPPED
from identification.recognition.types import Box, DetectedFace
from identification.services import enrolment, intake, jobs
from review.models import Review
from tests import browser as chromium
from tests import factories
from tests.preparing import brought, faces_in, only_stand_in_for
from tests.review_scene import Scene
from tests.world import World

PASSWORD = "a-long-enough-passphrase"


@pytest.fixture(autouse=True)
def _fast_and_private(settings, tmp_path: Path) -> None:
    """Each test keeps its files and failures to itself; passwords are hashed fast where hashing isn't tested."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.AUDIT_KEY_FILE = tmp_path / "signer" / "audit-key.pem"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    pauses.forget()


@pytest.fixture(autouse=True, scope="session")
def _flush_append_only_tables() -> Iterator[None]:
    """Let the owner of the tables empty them between tests that commit; nobody else can."""
    tear_down = TransactionTestCase._fixture_teardown

    def without_triggers(self) -> None:
        tables = sorted(guarded_tables(connection))
        _alter(tables, "DISABLE TRIGGER {table}_is_never_truncated")
        try:
            _once_nobody_is_in_the_way(lambda: tear_down(self))
        finally:
            _alter(tables, "ENABLE ALWAYS TRIGGER {table}_is_never_truncated")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", without_triggers)
        yield


def _once_nobody_is_in_the_way(empty: Callable[[], None], tries: int = 5) -> None:
    """Empty the tables; a page that was just closed may still be answered, and hold some of them."""
    for left in reversed(range(tries)):
        try:
            return empty()
        except (CommandError, OperationalError):
            if not left:
                raise
            time.sleep(0.5)
    return None


def _alter(tables: list[str], change: str) -> None:
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} {change.format(table=table)}")


@pytest.fixture
def agency(db) -> Agency:
    return Agency.objects.create(name="Bureau", code="bureau")


@pytest.fixture
def other_agency(db) -> Agency:
    return Agency.objects.create(name="Another bureau", code="another")


@pytest.fixture
def person_with(agency: Agency) -> Callable[..., User]:
    """Make a person with roles."""

    def make(name: str, *roles: Role, agency: Agency = agency) -> User:
        user = User.objects.create_user(name, password=PASSWORD, full_name=name.title(), agency=agency)
        HeldRole.objects.bulk_create(HeldRole(user=user, role=role) for role in roles)
        return user

    return make


@pytest.fixture
def requester(person_with) -> User:
    """Opens cases and uploads; holds the reviewer's role too, so that only the rule keeps them out."""
    return person_with("requester", Role.INTAKE, Role.REVIEWER, Role.ADJUDICATOR)


@pytest.fixture
def first_reviewer(person_with) -> User:
    return person_with("first_reviewer", Role.REVIEWER)


@pytest.fixture
def second_reviewer(person_with) -> User:
    return person_with("second_reviewer", Role.REVIEWER)


@pytest.fixture
def adjudicator(person_with) -> User:
    return person_with("adjudicator", Role.ADJUDICATOR)


@pytest.fixture
def auditor(person_with) -> User:
    return person_with("auditor", Role.AUDITOR)


@pytest.fixture
def administrator(person_with) -> User:
    return person_with("administrator", Role.ADMINISTRATOR)


@pytest.fixture
def outsider(person_with, other_agency: Agency) -> User:
    """Holds every role, in another agency."""
    return person_with("outsider", *Role, agency=other_agency)


@pytest.fixture
def outside_auditor(person_with, other_agency: Agency) -> User:
    return person_with("abroad", Role.AUDITOR, agency=other_agency)


@pytest.fixture
def encoder(db) -> Encoder:
    """The active encoder's row; its vectors are made by the tests."""
    row = from_spec(SHIPPED["dlib-resnet-v1"])
    row.active = True
    row.save()
    return row


@pytest.fixture
def weights_dir(settings, tmp_path: Path) -> Path:
    """Where encoders are installed, empty."""
    settings.WEIGHTS_DIR = tmp_path / "weights"
    return settings.WEIGHTS_DIR


@pytest.fixture
def faces(requester: User, case: Case, gallery: Gallery, encoder: Encoder, random_vectors) -> dict[str, Face]:
    """A reference, a probe, and one of two faces that nobody has asked about."""
    others = faces_in(case, encoder, random_vectors, number=2)
    probe = factories.searched(requester, case, encoder, random_vectors())
    person = factories.enrol(requester, gallery, encoder, "Known", random_vectors())
    return {"reference": person.references.get().face, "probe": probe.face, "other": others[0], "another": others[1]}


@pytest.fixture
def new(
    weights_dir: Path, tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> Encoder:
    """An installed encoder that isn't in use; the active one's network is a stand-in."""
    only_stand_in_for(monkeypatch, encoder)
    return brought(tmp_path)


@pytest.fixture
def gallery(administrator: User) -> Gallery:
    return enrolment.open_gallery(
        actor=administrator,
        name="Register",
        kind=GalleryKind.HUMANITARIAN,
        lawful_basis="Asked by families",
        purposes=[Purpose.DECEASED, Purpose.CAPTURED, Purpose.MISSING],
    )


@pytest.fixture
def case(requester: User) -> Case:
    return factories.open_case(requester)


@pytest.fixture
def photograph(case: Case, requester: User) -> Photograph:
    received = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    assert isinstance(received, Photograph)
    return received


@pytest.fixture
def random_vectors() -> Iterator[Callable[[], np.ndarray]]:
    """Make unit vectors from a seed."""
    rng = np.random.default_rng(7)

    def make(dimension: int = SHIPPED["dlib-resnet-v1"].dimension) -> np.ndarray:
        vector = rng.standard_normal(dimension)
        return (vector / np.linalg.norm(vector)).astype(np.float32)

    return make


class StandInModels:
    """Finds in every photograph a face for each of `vectors`, or raises `failure`; `seen` holds the images it got.

    In a drawn box it sees `in_box`, or nothing.
    """

    def __init__(self) -> None:
        self.name, self.version = "stand-in", "1"
        self.vectors: list[np.ndarray] = []
        self.failure: BaseException | None = None
        self.seen: list[Image.Image] = []
        self.in_box: DetectedFace | None = None

    def detect(self, image: Image.Image) -> list[DetectedFace]:
        self.seen.append(image)
        if self.failure:
            raise self.failure
        return [factories.FOUND] * len(self.vectors)

    def look_at(self, image: Image.Image, box: Box) -> DetectedFace | None:
        self.seen.append(image)
        if self.failure:
            raise self.failure
        return self.in_box

    def embed(self, image: Image.Image, faces: Sequence[DetectedFace]) -> np.ndarray:
        return np.array(self.vectors)[: len(faces)]


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, encoder: Encoder) -> StandInModels:
    """Stand-ins for the detector and encoder of a worker, so that jobs run in milliseconds."""
    stand_in = StandInModels()
    for model in ("detector", "encoder"):
        monkeypatch.setattr(f"identification.recognition.runtime.{model}", lambda *_, **__: stand_in)
    return stand_in


@pytest.fixture
def people(administrator: User, gallery: Gallery, encoder: Encoder, random_vectors) -> list[Person]:
    """Three enrolled persons whom every search of the gallery proposes."""
    names = ("Ostap Vyhovsky", "Levko Zaliznyak", "Taras Nepyipyvo")
    return [factories.enrol(administrator, gallery, encoder, name, random_vectors()) for name in names]


@pytest.fixture
def review(requester: User, case: Case, encoder: Encoder, people: list[Person], random_vectors) -> Review:
    """An open review of a probe, with the three people as its candidates."""
    return factories.searched(requester, case, encoder, random_vectors()).review


@pytest.fixture
def third_reviewer(person_with: Callable[..., User]) -> User:
    return person_with("third_reviewer", Role.REVIEWER)


@pytest.fixture
def scene(
    review: Review, requester: User, first_reviewer: User, second_reviewer: User, adjudicator: User, outsider: User,
    people: list[Person],
) -> Scene:  # fmt: skip
    return Scene(review, requester, first_reviewer, second_reviewer, adjudicator, outsider, people)


@pytest.fixture
def other_encoder(db: None) -> Encoder:
    """Installed, though not the active one."""
    spec = SHIPPED["facenet-vggface2"]
    facts = {"dimension": spec.dimension, "weights_sha256": spec.weights_sha256}
    return Encoder.objects.create(name=spec.name, version=spec.version, **facts)


@pytest.fixture
def world(
    case: Case, gallery: Gallery, encoder: Encoder, requester: User, first_reviewer: User, random_vectors: Callable
) -> World:
    return World(case, gallery, encoder, requester, first_reviewer, random_vectors)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the jobs for which a worker is called, at the edge to the broker."""
    sent: list[str] = []
    monkeypatch.setattr(jobs, "_silent_until", 0.0)
    monkeypatch.setattr(jobs.celery, "send_task", lambda name, args, **_: sent.append(args[0]))
    return sent


@pytest.fixture
def hand_in(client: Client, case: Case, requester: User) -> Callable[..., Any]:
    """Send files as the page's script does, all in one request; return the answers."""
    client.force_login(requester)

    def send(*files: SimpleUploadedFile) -> list[dict[str, str]]:
        address = reverse("identification:add-photographs", args=[case.pk])
        answer = client.post(address, {"files": list(files)}, headers={"accept": "application/json"})
        assert answer.status_code == 200, answer.content
        return answer.json()["files"]

    return send


@pytest.fixture
def browser_of() -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def desk(client: Client, administrator: User) -> Client:
    """An administrator's browser; errors come as answers of status 500, as they would to a person."""
    client.force_login(administrator)
    client.raise_request_exception = False
    return client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser; the browser tests are left out where there is none."""
    path = chromium.find()
    if path is None:
        pytest.skip(chromium.LEFT_OUT)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop runs in this thread, which Django then takes for an asynchronous one.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        running = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def page_of(browser: Browser, live_server) -> Iterator[Callable[..., Page]]:
    """A browser window in which somebody is signed in, on the site in this process."""
    contexts = []

    def open_window(user: User, *, javascript: bool = True) -> Page:
        client = Client()
        client.force_login(user)
        context = browser.new_context(
            base_url=live_server.url, java_script_enabled=javascript, viewport={"width": 1280, "height": 800}
        )
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()
