"""The page of the encoders: read by administrators and auditors, used by administrators."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from audit.models import Entry
from identification.models import Calibration, Case, Encoder
from identification.services.embedding import tend_embeddings
from identification.services.encoders import activate_encoder, active_encoder
from identification.services.work import run_job
from tests.preparing import brought, embedding_jobs, faces_in, lose_original, try_out

PAGE = "/encoders/"


pytestmark = pytest.mark.usefixtures("weights_dir")


@pytest.fixture
def four_faces(case: Case, encoder: Encoder, random_vectors: Callable[[], np.ndarray]) -> None:
    for _ in range(2):
        faces_in(case, encoder, random_vectors, number=2)


def activation(encoder: Encoder) -> str:
    return reverse("identification:activate-encoder", args=[encoder.name, encoder.version])


def text(client: Client, address: str = PAGE, **headers: str) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role.value if role else "no role")
def test_administrators_and_auditors_read_it_and_administrators_alone_use_it(
    client: Client, encoder: Encoder, new: Encoder, person_with: Callable[..., User], role: Role | None
) -> None:
    client.force_login(person_with("somebody", *([role] if role else [])))
    reads, chooses = role in (Role.ADMINISTRATOR, Role.AUDITOR), role == Role.ADMINISTRATOR
    assert client.get(PAGE).status_code == (200 if reads else 403)
    assert client.get(activation(new)).status_code == (200 if chooses else 403)
    assert client.post(reverse("identification:cancel-preparation")).status_code == (302 if chooses else 403)
    assert client.post(activation(new)).status_code == (302 if chooses else 403)
    assert active_encoder() == (new if chooses else encoder)
    assert ('href="/encoders/"' in client.get("/cases/").content.decode()) == reads


def test_it_says_of_each_encoder_where_it_stands(client: Client, auditor: User, encoder: Encoder, new: Encoder) -> None:
    Calibration.objects.create(encoder=new, data="A test", data_sha256="0" * 64, comparisons=12_345, table=[])
    client.force_login(auditor)
    page = text(client)
    assert page.index(str(encoder)) < page.index(str(new)), "the active one first"
    for said in (
        "Active",
        "Installed",
        "Not installed",
        "Not calibrated",
        "12,345 comparisons",
        new.licence,
        new.source,
    ):
        assert said in page
    assert "Activate" not in page, "an auditor reads"


def test_activation_asks_first_in_a_sentence_and_says_what_came_of_it(
    client: Client, administrator: User, encoder: Encoder, new: Encoder, four_faces: None
) -> None:
    client.force_login(administrator)
    asked = text(client, activation(new))
    assert f"4 faces will be embedded by {new} in the background, while searches keep {encoder}" in asked
    assert not Encoder.objects.filter(preparing=True).exists(), "asking changes nothing"
    page = client.post(activation(new), follow=True).content.decode()
    assert "brought 1 is in preparation." in page
    assert "0 of 4 faces" in page
    entry = Entry.objects.get(kind="identification:encoder:preparation-started/1")
    assert entry.actor == administrator


def test_progress_renews_itself_until_the_change_is_made(
    client: Client, administrator: User, encoder: Encoder, new: Encoder, four_faces: None
) -> None:
    activate_encoder(actor=administrator, name=new.name)
    tend_embeddings()
    client.force_login(administrator)
    for number, job in enumerate(embedding_jobs()):
        part = text(client, **{"HX-Request": "true"})
        assert f"{number} of 4 faces" in part
        assert f'<progress value="{number}" max="4"' in part
        assert 'hx-trigger="every 2s"' in part
        assert 'href="/encoders/" hx-get="/encoders/"' in part
        assert "<html" not in part
        run_job(job_id=job.pk)
    tend_embeddings()
    assert "every 2s" not in text(client, **{"HX-Request": "true"})
    assert active_encoder() == new


def test_preparation_is_stopped_without_a_question(
    client: Client, administrator: User, encoder: Encoder, new: Encoder, four_faces: None
) -> None:
    activate_encoder(actor=administrator, name=new.name)
    client.force_login(administrator)
    address = reverse("identification:cancel-preparation")
    assert client.get(address).status_code == 405
    assert "no longer in preparation" in client.post(address, follow=True).content.decode()
    assert not Encoder.objects.filter(preparing=True).exists()
    assert "No encoder is in preparation." in client.post(address, follow=True).content.decode()


def test_faces_that_failed_are_a_decision(
    client: Client, administrator: User, encoder: Encoder, new: Encoder, case: Case, four_faces: None
) -> None:
    lose_original(case.photographs.all()[0].faces.all()[0])
    activate_encoder(actor=administrator, name=new.name)
    client.force_login(administrator)
    assert "Activate without" not in text(client)
    tend_embeddings()
    for job in embedding_jobs():
        run_job(job_id=job.pk)
    assert "Recognition is not ready" not in text(client), "what is wrong with one photograph is wrong with that alone"
    assert "HX-Refresh" not in client.get(PAGE, headers={"HX-Request": "true"}).headers
    try_out()
    answer = client.get(PAGE, headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true", "the decision comes with the whole page, which then rests"
    page = text(client)
    assert "every 2s" not in page
    assert "2 of 4 faces, 2 could not be embedded" in page
    assert "Activate without them" in page
    assert "2 of 4 faces, which could not be embedded, will not be found" in text(client, activation(new))
    client.post(activation(new), {"without_failed": "1"})
    assert active_encoder() == new


def test_page_says_when_recognition_is_not_ready(
    client: Client, administrator: User, encoder: Encoder, new: Encoder, four_faces: None, settings, tmp_path: Path
) -> None:
    activate_encoder(actor=administrator, name=new.name)
    tend_embeddings()
    settings.WEIGHTS_DIR = tmp_path / "elsewhere"
    run_job(job_id=embedding_jobs()[0].pk)
    client.force_login(administrator)
    assert "Recognition is not ready" in text(client)


def test_refusal_is_said_on_the_page(
    client: Client, administrator: User, encoder: Encoder, new: Encoder, four_faces: None, tmp_path: Path
) -> None:
    second = brought(tmp_path, name="second")
    activate_encoder(actor=administrator, name=new.name)
    client.force_login(administrator)
    page = client.post(activation(second), follow=True).content.decode()
    assert "brought 1 is in preparation. Wait for it" in page
    assert client.get("/encoders/unknown/1/activate/").status_code == 404
