"""Faces that can't be embedded, and those that slipped through: nothing ends silently without them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from audit.models import Entry
from identification.errors import NotPermitted, NotReady
from identification.models import Case, Encoder, Face, Job, Search
from identification.services import installation
from identification.services.embedding import tend_embeddings
from identification.services.encoders import activate_encoder, active_encoder, cancel_preparation, model_of
from identification.services.work import run_job
from tests.preparing import (
    begin,
    embedding_jobs,
    encoders_of,
    faces_in,
    lose_original,
    try_out,
    work_off,
)

Vectors = Callable[[], np.ndarray]


pytestmark = pytest.mark.usefixtures("weights_dir")


# What can't be embedded


def test_preparation_never_ends_silently_without_a_face(
    encoder: Encoder, new: Encoder, faces: dict[str, Face], capsys: pytest.CaptureFixture[str]
) -> None:
    lose_original(faces["reference"])
    begin(new)
    try_out()
    (job,) = embedding_jobs(Job.State.QUARANTINED)
    assert job.subject_id == faces["reference"].pk
    assert "missing" in job.last_error
    assert tend_embeddings() == 0, "it isn't tried for ever"
    assert active_encoder() == encoder
    call_command("encoder", "list")
    assert "in preparation, 3 of 4 faces, 1 could not be embedded" in capsys.readouterr().out
    call_command("encoder", "activate", "brought")
    assert active_encoder() == encoder
    call_command("encoder", "activate", "brought", "--without-failed")
    assert active_encoder() == new
    entry = Entry.objects.get(kind="identification:encoder:activated/1")
    assert entry.payload["left_out"] == 1


def test_ending_without_failed_faces_is_refused_while_others_wait(
    encoder: Encoder, new: Encoder, faces: dict[str, Face]
) -> None:
    lose_original(faces["reference"])
    begin(new)
    with pytest.raises(CommandError, match="4 faces are still to be embedded by brought 1"):
        call_command("encoder", "activate", "brought", "--without-failed")
    assert active_encoder() == encoder


def test_faces_that_failed_are_tried_again_after_a_new_beginning(
    encoder: Encoder, new: Encoder, faces: dict[str, Face]
) -> None:
    lost = lose_original(faces["reference"])
    begin(new)
    try_out()
    lost.rename(lost.with_suffix(""))
    assert tend_embeddings() == 0
    cancel_preparation(actor=None)
    begin(new)
    work_off()
    assert active_encoder() == new


def test_disk_that_is_away_is_waited_for(encoder: Encoder, new: Encoder, faces: dict[str, Face], settings) -> None:
    begin(new)
    (settings.MEDIA_ROOT / "originals").rename(settings.MEDIA_ROOT / "away")
    try_out()
    assert {job.attempts for job in embedding_jobs()} == {0}
    assert len(embedding_jobs()) == 4
    (settings.MEDIA_ROOT / "away").rename(settings.MEDIA_ROOT / "originals")
    for job in embedding_jobs():
        run_job(job_id=job.pk)
    work_off()
    assert active_encoder() == new


# Healing


def test_face_that_lacks_the_active_encoders_embedding_gets_it(
    encoder: Encoder, new: Encoder, faces: dict[str, Face]
) -> None:
    faces["reference"].embeddings.all().delete()
    assert tend_embeddings() == 1
    (job,) = embedding_jobs()
    run_job(job_id=job.pk)
    assert encoders_of(faces["reference"]) == {encoder.name}
    assert tend_embeddings() == 0


def test_search_of_a_probe_that_is_not_embedded_yet_waits_and_uses_up_no_attempt(
    encoder: Encoder, new: Encoder, case: Case, random_vectors: Vectors
) -> None:
    (face,) = faces_in(case, encoder, random_vectors)
    face.embeddings.all().delete()
    job = Job.objects.get(kind=Job.Kind.SEARCH_PROBE)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.DUE, 0)
    assert "has not been embedded by dlib-resnet-v1" in job.last_error
    work_off()
    run_job(job_id=job.pk)
    assert Search.objects.get().encoder == encoder


def test_search_of_a_probe_that_could_not_be_embedded_ends_instead_of_waiting_for_ever(
    encoder: Encoder, case: Case, random_vectors: Vectors
) -> None:
    (face,) = faces_in(case, encoder, random_vectors)
    face.embeddings.all().delete()
    Job.objects.create(kind=Job.Kind.EMBED_FACE, subject_id=face.pk, state=Job.State.QUARANTINED)
    job = Job.objects.get(kind=Job.Kind.SEARCH_PROBE)
    for _ in range(3):
        run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.QUARANTINED
    assert "could not be embedded" in job.last_error


@pytest.mark.parametrize("what", ["install", "fetch", "remove"])
def test_installing_and_removing_ask_for_the_administrator_role(what: str, requester: User, tmp_path: Path) -> None:
    does = {
        "install": lambda: installation.install_encoder(actor=requester, file=tmp_path / "brought.onnx"),
        "fetch": lambda: installation.fetch_encoder(actor=requester, name="facenet-vggface2"),
        "remove": lambda: installation.remove_encoder(actor=requester, name="facenet-vggface2"),
    }
    with pytest.raises(NotPermitted):
        does[what]()


def test_going_back_to_an_encoder_that_has_every_face_is_immediate(
    encoder: Encoder, new: Encoder, faces: dict[str, Face]
) -> None:
    begin(new)
    work_off()
    assert activate_encoder(actor=None, name=encoder.name).active
    assert active_encoder() == encoder


def test_encoder_of_an_older_release_is_never_run_by_a_newer_one(
    new: Encoder, encoder: Encoder, faces: dict[str, Face], capsys: pytest.CaptureFixture[str]
) -> None:
    """The embeddings would not be comparable; the version of this release is prepared and takes over."""
    Encoder.objects.filter(pk=encoder.pk).update(version="0")
    with pytest.raises(NotReady, match="dlib-resnet-v1 0 isn't an encoder of this release"):
        model_of(active_encoder())
    begun = activate_encoder(actor=None, name="dlib-resnet-v1")
    assert begun.preparing
    assert begun.version != "0"
    work_off()
    assert active_encoder() == begun
    call_command("encoder", "list")
    assert "of another release" in capsys.readouterr().out


def test_nothing_is_owed_before_an_encoder_is_active(db: None) -> None:
    assert tend_embeddings() == 0
