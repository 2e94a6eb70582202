"""Whoever changes the encoder does so alone, and no face slips through between the old one and the new."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from accounts.models import User
from audit.models import Entry
from identification.errors import IdentificationError, NotReady
from identification.models import Encoder, Face, Job, Photograph
from identification.services import analysis, encoders, intake
from identification.services.embedding import tend_embeddings
from identification.services.encoders import activate_encoder, complete_preparation
from identification.services.installation import remove_encoder
from identification.services.jobs import claim_job
from identification.services.work import run_job
from tests import factories
from tests.job_steps import job_of
from tests.preparing import brought, embedding_jobs, faces_in, work_off
from tests.recognition import reading
from tests.threads import in_threads

Vectors = Callable[[], np.ndarray]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("weights_dir")]


@pytest.fixture
def prepared(new: Encoder, encoder: Encoder, requester: User, random_vectors) -> Encoder:
    """An encoder in preparation that has embedded every face, and would take over at the next round."""
    faces_in(factories.open_case(requester), encoder, random_vectors, number=2)
    activate_encoder(actor=None, name=new.name)
    tend_embeddings()
    for job in embedding_jobs():
        run_job(job_id=job.pk)
    return new


EITHER = ("dlib-resnet-v1", "brought")
CHOOSE_OR_REMOVE: tuple[Callable[[], object], ...] = (
    lambda: activate_encoder(actor=None, name="brought"),
    lambda: remove_encoder(actor=None, name="brought"),
)


def outcome(work: Callable[[], object]) -> str:
    try:
        return type(work()).__name__
    except IdentificationError as refusal:
        return str(refusal)


def test_of_two_encoders_chosen_at_once_in_an_empty_database_one_is_active(
    db: None, tmp_path: Path, calls: list[str]
) -> None:
    brought(tmp_path)
    for _ in range(5):
        Encoder.objects.update(active=False)
        in_threads(2, lambda which: activate_encoder(actor=None, name=EITHER[which]))
        assert Encoder.objects.filter(active=True).count() == 1


def test_encoder_chosen_by_many_at_once_is_prepared_once(
    tmp_path: Path, encoder: Encoder, requester: User, calls: list[str], random_vectors: Vectors
) -> None:
    faces_in(factories.open_case(requester), encoder, random_vectors)
    names = ("brought", "second")
    for name in names:
        brought(tmp_path, name=name)
    results = in_threads(6, lambda which: outcome(lambda: activate_encoder(actor=None, name=names[which % 2])))
    assert results.count("Encoder") == 3
    assert sum("is in preparation" in result for result in results) == 3
    assert Entry.objects.filter(kind="identification:encoder:preparation-started/1").count() == 1


def test_many_schedulers_at_once_change_over_once(prepared: Encoder) -> None:
    results = in_threads(5, lambda _: complete_preparation())
    assert [result for result in results if result] == [prepared]
    assert Entry.objects.filter(kind="identification:encoder:activated/1").count() == 1


def test_change_waits_for_a_photograph_that_is_being_written_and_sees_its_face(
    prepared: Encoder, encoder: Encoder, requester: User, random_vectors: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = factories.open_case(requester)
    photograph = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    written, go_on = threading.Event(), threading.Event()

    def pause(**_: object) -> None:
        written.set()
        assert go_on.wait(60)

    def write() -> None:
        # It came from an attempt that embedded by the active one alone.
        wanted = encoders.Encoder.objects.order_by("-active")
        analysis._write(
            job=claim_job(job_of(photograph).pk),
            photograph=Photograph.objects.get(pk=photograph.pk),
            image=analysis.Image.new("RGB", (64, 64)),
            encoders=list(wanted),
            readings=[reading(factories.FOUND, encoder, random_vectors())],
            detector="test 1",
        )

    monkeypatch.setattr(analysis, "record", pause)

    def either(which: int) -> object:
        if which == 0:
            return write()
        assert written.wait(60)
        threading.Timer(0.5, go_on.set).start()
        return complete_preparation()

    assert in_threads(2, either) == [None, None]
    assert Encoder.objects.get(active=True) == encoder, "the face that came is embedded first"
    assert Face.objects.filter(photograph=photograph).exists()
    work_off()
    assert Encoder.objects.get(active=True) == prepared


def test_photograph_read_for_the_old_encoder_is_not_written_after_the_change(
    prepared: Encoder, encoder: Encoder, requester: User, random_vectors: Vectors
) -> None:
    case = factories.open_case(requester)
    photograph = intake.receive_photograph(actor=requester, file=factories.picture_file(), case=case)
    job = claim_job(job_of(photograph).pk)
    assert complete_preparation() == prepared
    with pytest.raises(NotReady, match="Another encoder was chosen meanwhile"):
        analysis._write(
            job=job,
            photograph=photograph,
            image=analysis.Image.new("RGB", (64, 64)),
            encoders=[encoder, prepared],
            readings=[reading(factories.FOUND, encoder, random_vectors())],
            detector="test 1",
        )
    assert not Face.objects.filter(photograph=photograph).exists()


def test_encoder_is_not_removed_while_it_is_being_chosen(
    tmp_path: Path, encoder: Encoder, requester: User, calls: list[str], random_vectors: Vectors
) -> None:
    faces_in(factories.open_case(requester), encoder, random_vectors)
    for _ in range(4):
        Encoder.objects.exclude(pk=encoder.pk).delete()
        brought(tmp_path)
        results = in_threads(2, lambda which: outcome(CHOOSE_OR_REMOVE[which]))
        chosen = Encoder.objects.filter(preparing=True).exists()
        assert any("is in preparation" in result for result in results) == chosen
        assert any("no encoder named" in result for result in results) != chosen


def test_embedding_is_not_written_when_its_encoder_was_given_up_meanwhile(prepared: Encoder, encoder: Encoder) -> None:
    face = Face.objects.all()[0]
    face.embeddings.filter(encoder=prepared).delete()
    job = Job.objects.create(kind=Job.Kind.EMBED_FACE, subject_id=face.pk)
    real = encoders.model_of

    def cancelled_meanwhile(row: Encoder) -> object:
        model = real(row)
        if row.preparing:
            encoders.cancel_preparation(actor=None)
        return model

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("identification.services.reading.model_of", cancelled_meanwhile)
        run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.DUE, 0)
    assert not face.embeddings.filter(encoder=prepared).exists()
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DONE
    assert [row.encoder for row in face.embeddings.all()] == [encoder]
