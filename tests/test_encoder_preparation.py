"""An encoder takes over only when it has embedded every face; until then searches go on with the old one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from audit.models import Entry
from identification import storage
from identification.encoder_standing import coverage
from identification.errors import IdentificationError, NotPermitted
from identification.models import Case, Embedding, Encoder, Face, Job, Photograph, Probe, Search
from identification.services import embedding, intake
from identification.services.embedding import tend_embeddings
from identification.services.encoders import activate_encoder, active_encoder, cancel_preparation, model_of
from identification.services.jobs import claim_job
from identification.services.work import reconcile, run_job
from tests import factories
from tests.job_steps import job_of, time_passes
from tests.preparing import (
    begin,
    brought,
    embedding_jobs,
    encoders_of,
    work_off,
)

Vectors = Callable[[], np.ndarray]


pytestmark = pytest.mark.usefixtures("weights_dir")


# Beginning


def test_without_faces_another_encoder_takes_over_at_once(encoder: Encoder, new: Encoder) -> None:
    assert begin(new).active
    assert active_encoder() == new
    payload = Entry.objects.get(kind="identification:encoder:activated/1").payload
    assert payload["replaces"] == str(encoder)


def test_with_faces_it_is_prepared_and_searches_keep_the_old_one(
    encoder: Encoder, new: Encoder, faces: dict[str, Face], requester: User, case: Case, random_vectors: Vectors
) -> None:
    prepared = begin(new)
    assert (prepared.active, prepared.preparing) == (False, True)
    assert prepared.prepared_since
    assert active_encoder() == encoder
    entry = Entry.objects.get(kind="identification:encoder:preparation-started/1")
    assert entry.payload["faces"] == 4
    entries = Entry.objects.count()
    assert begin(new).preparing
    assert Entry.objects.count() == entries, "asking twice changes nothing"
    search = Search.objects.get()
    assert search.encoder == encoder


def test_command_says_how_far_it_is(
    encoder: Encoder, new: Encoder, faces: dict[str, Face], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("encoder", "activate", "brought")
    assert "In preparation: brought 1, 0 of 4 faces." in capsys.readouterr().out
    tend_embeddings()
    run_job(job_id=embedding_jobs()[0].pk)
    call_command("encoder", "list")
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "in preparation, 1 of 4 faces" in lines["brought"]
    assert "1 embedding" in lines["brought"]
    assert "ONNX file" in lines["brought"]
    assert " active " in lines["dlib-resnet-v1"]


def test_photograph_that_comes_in_meanwhile_is_embedded_by_both(
    encoder: Encoder, new: Encoder, faces: dict[str, Face], case: Case, requester: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    begin(new)
    photograph = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    run_job(job_id=job_of(photograph).pk)
    assert encoders_of(photograph.faces.get()) == {encoder.name, new.name}


def test_encoder_in_preparation_that_cannot_be_run_holds_up_no_photograph(
    encoder: Encoder, new: Encoder, faces: dict[str, Face], case: Case, requester: User, settings, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    begin(new)
    settings.WEIGHTS_DIR = tmp_path / "elsewhere"
    photograph = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    run_job(job_id=job_of(photograph).pk)
    photograph.refresh_from_db()
    assert photograph.state == Photograph.State.ANALYSED
    assert encoders_of(photograph.faces.get()) == {encoder.name}
    assert coverage(Encoder.objects.get(pk=new.pk)).waiting == 5


def test_only_one_encoder_is_prepared_at_a_time(
    encoder: Encoder, new: Encoder, faces: dict[str, Face], tmp_path: Path
) -> None:
    second = brought(tmp_path, name="second")
    begin(new)
    with pytest.raises(IdentificationError, match=r"brought 1 is in preparation\. Wait for it, or stop it"):
        begin(second)
    assert not Encoder.objects.get(pk=second.pk).preparing


def test_encoder_whose_weights_are_gone_is_not_prepared(
    encoder: Encoder, new: Encoder, faces: dict[str, Face], settings, tmp_path: Path
) -> None:
    settings.WEIGHTS_DIR = tmp_path / "elsewhere"
    with pytest.raises(CommandError, match="weights of brought are not installed: install its file first"):
        call_command("encoder", "activate", "brought")
    with pytest.raises(CommandError, match="encoder fetch facenet-vggface2"):
        call_command("encoder", "activate", "facenet-vggface2")


# Catching up


def test_references_come_first_then_probes_then_the_rest(
    encoder: Encoder, new: Encoder, faces: dict[str, Face], calls: list[str], monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks,
) -> None:  # fmt: skip
    begin(new)
    monkeypatch.setattr(embedding, "OPEN_AT_ONCE", 1)
    order = []
    with django_capture_on_commit_callbacks(execute=True):
        while tend_embeddings():
            assert tend_embeddings() == 0, "no more than the bound are open at once"
            (job,) = embedding_jobs()
            order.append(job.subject_id)
            run_job(job_id=job.pk)
    assert order[:2] == [faces["reference"].pk, faces["probe"].pk]
    assert set(order[2:]) == {faces["other"].pk, faces["another"].pk}
    assert active_encoder() == new
    assert len(calls) == 4, "a worker is called for each"


def test_the_change_comes_with_the_last_face_and_searches_use_the_new_one_from_then_on(
    encoder: Encoder, new: Encoder, faces: dict[str, Face], case: Case, requester: User
) -> None:
    begin(new)
    assert tend_embeddings() == 4
    for job in embedding_jobs():
        assert tend_embeddings() == 0
        assert active_encoder() == encoder
        run_job(job_id=job.pk)
    assert active_encoder() == encoder
    tend_embeddings()
    assert active_encoder() == new
    assert not Encoder.objects.filter(preparing=True).exists()
    assert all(encoders_of(face) == {encoder.name, new.name} for face in faces.values())
    assert Entry.objects.filter(kind="identification:encoder:activated/1").count() == 1
    probe = Probe.objects.get(face=faces["probe"])
    Job.objects.create(kind=Job.Kind.SEARCH_PROBE, subject_id=probe.pk)
    run_job(job_id=Job.objects.get(kind=Job.Kind.SEARCH_PROBE, state=Job.State.DUE).pk)
    search = probe.searches.latest("ran_at")
    assert (search.encoder, search.gallery_size) == (new, 1)


def test_face_is_embedded_as_it_is_stored(encoder: Encoder, new: Encoder, faces: dict[str, Face]) -> None:
    begin(new)
    work_off()
    face = faces["reference"]
    image = factories.Image.open(storage.original_path(face.photograph.sha256)).convert("RGB")
    expected = model_of(new).embed(image, [face.as_detected()])[0]
    kept = face.embeddings.get(encoder=new).vector
    assert kept == pytest.approx(expected, abs=2e-3), "half precision in the database"


def test_faces_embedded_before_are_not_embedded_again_after_a_stop(
    encoder: Encoder, new: Encoder, faces: dict[str, Face]
) -> None:
    begin(new)
    tend_embeddings()
    first, second, *_ = embedding_jobs()
    for job in (first, second):
        run_job(job_id=job.pk)
    kept = set(Embedding.objects.filter(encoder=new).values_list("pk", flat=True))
    cancelled = cancel_preparation(actor=None)
    assert (cancelled.preparing, cancelled.prepared_since) == (False, None)
    entry = Entry.objects.get(kind="identification:encoder:preparation-cancelled/1")
    assert entry.payload | {"faces": 4, "embedded": 2} == entry.payload
    for job in embedding_jobs():
        run_job(job_id=job.pk)
    assert set(Embedding.objects.filter(encoder=new).values_list("pk", flat=True)) == kept, "nobody wants it any more"
    begin(new)
    work_off()
    assert active_encoder() == new
    assert kept < set(Embedding.objects.filter(encoder=new).values_list("pk", flat=True))


def test_workers_and_schedulers_that_die_cost_only_time(encoder: Encoder, new: Encoder, faces: dict[str, Face]) -> None:
    begin(new)
    tend_embeddings()
    jobs = embedding_jobs()
    assert claim_job(jobs[0].pk), "its worker dies here"
    run_job(job_id=jobs[1].pk)
    Job.objects.filter(pk=jobs[2].pk).delete()  # a scheduler that died before it had committed
    assert tend_embeddings() == 1
    time_passes(1000)
    reconcile()
    for job in Job.objects.filter(kind=Job.Kind.EMBED_FACE).exclude(state=Job.State.DONE):
        run_job(job_id=job.pk)
    work_off()
    assert active_encoder() == new
    assert Embedding.objects.filter(encoder=new).count() == 4


def test_job_that_runs_twice_writes_once(encoder: Encoder, new: Encoder, faces: dict[str, Face]) -> None:
    begin(new)
    tend_embeddings()
    job = embedding_jobs()[0]
    for _ in range(2):
        run_job(job_id=job.pk)
    again = Job.objects.create(kind=Job.Kind.EMBED_FACE, subject_id=job.subject_id)
    run_job(job_id=again.pk)
    again.refresh_from_db()
    assert again.state == Job.State.DONE
    assert Embedding.objects.filter(encoder=new).count() == 1


def test_replaced_face_is_not_waited_for(
    encoder: Encoder, new: Encoder, faces: dict[str, Face], requester: User
) -> None:
    faces["other"].photograph.corrections.create(kind="removed", finding=faces["other"], corrected_by=requester)
    begin(new)
    work_off()
    assert active_encoder() == new
    assert encoders_of(faces["other"]) == {encoder.name}


def test_face_that_came_while_it_was_complete_keeps_it_from_taking_over(
    encoder: Encoder, new: Encoder, faces: dict[str, Face], case: Case, random_vectors: Vectors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    begin(new)
    tend_embeddings()
    for job in embedding_jobs():
        run_job(job_id=job.pk)
    late = Face.objects.create(
        photograph=faces["other"].photograph, ordinal=9, left=1, top=1, width=9, height=9, landmarks=list(range(10)),
        roll=0, found_at=0, confidence=1, detector="test 1",
    )  # fmt: skip
    tend_embeddings()
    assert active_encoder() == encoder
    work_off()
    assert active_encoder() == new
    assert encoders_of(late) == {encoder.name, new.name}


# Who may


def test_only_administrators_choose_the_encoder(
    encoder: Encoder, new: Encoder, faces: dict[str, Face], requester: User, auditor: User, administrator: User
) -> None:
    for somebody in (requester, auditor):
        with pytest.raises(NotPermitted, match="needs the administrator role"):
            activate_encoder(actor=somebody, name=new.name)
    activate_encoder(actor=administrator, name=new.name)
    with pytest.raises(NotPermitted):
        cancel_preparation(actor=auditor)
    cancel_preparation(actor=administrator)
    entry = Entry.objects.get(kind="identification:encoder:preparation-cancelled/1")
    assert (entry.actor, entry.agency) == (administrator, administrator.agency)
    with pytest.raises(IdentificationError, match="No encoder is in preparation"):
        cancel_preparation(actor=administrator)
