"""An encoder that isn't in use can go, with its files and embeddings; what searches rest on is evidence and stays."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from audit.models import Entry
from identification.models import Calibration, Candidate, Case, Embedding, Encoder, Gallery, Search
from identification.recognition import weights
from identification.recognition.encoders import dlib_resnet
from identification.services.encoders import activate_encoder, cancel_preparation
from identification.services.installation import remove_encoder
from tests import factories
from tests.preparing import brought, faces_in, work_off

Vectors = Callable[[], np.ndarray]


pytestmark = pytest.mark.usefixtures("weights_dir")


def files(settings) -> list[Path]:
    return [path for path in settings.WEIGHTS_DIR.rglob("*") if path.is_file()]


def test_active_encoder_and_one_in_preparation_stay(
    encoder: Encoder, new: Encoder, case: Case, random_vectors: Vectors
) -> None:
    faces_in(case, encoder, random_vectors)
    with pytest.raises(CommandError, match=r"dlib-resnet-v1 .* is active\. Activate another encoder first"):
        call_command("encoder", "remove", encoder.name)
    activate_encoder(actor=None, name=new.name)
    with pytest.raises(CommandError, match=r"brought 1 is in preparation\. Stop that first"):
        call_command("encoder", "remove", new.name)
    assert Embedding.objects.count() == 1


def test_what_searches_and_candidates_rest_on_is_kept_and_the_rest_goes(
    encoder: Encoder, new: Encoder, case: Case, gallery: Gallery, requester: User, random_vectors: Vectors,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    factories.enrol(requester, gallery, encoder, "Known", random_vectors(), random_vectors())
    factories.searched(requester, case, encoder, random_vectors())
    faces_in(case, encoder, random_vectors, number=3)
    evidence = {Search.objects.get().embedding_id, Candidate.objects.get().embedding_id}
    activate_encoder(actor=None, name=new.name)
    work_off()
    call_command("encoder", "remove", encoder.name)
    assert "Removed: dlib-resnet-v1" in (said := capsys.readouterr().out)
    assert "4 embeddings deleted, 2 kept that searches rest on" in said
    assert set(Embedding.objects.filter(encoder=encoder).values_list("pk", flat=True)) == evidence
    assert Embedding.objects.filter(encoder=new).count() == 6
    encoder.refresh_from_db()
    assert encoder.removed_at
    payload = Entry.objects.get(kind="identification:encoder:removed/1").payload
    assert (payload["embeddings_deleted"], payload["embeddings_kept"]) == (4, 2)
    call_command("encoder", "list")
    assert "removed" in capsys.readouterr().out
    folder = dlib_resnet.models_folder()
    assert folder
    assert (folder / dlib_resnet.NETWORK_FILE).is_file(), "what lies in an installed package is not ours to remove"


def test_removed_encoder_comes_back_when_it_is_chosen_again(
    encoder: Encoder, new: Encoder, case: Case, gallery: Gallery, requester: User, random_vectors: Vectors
) -> None:
    factories.enrol(requester, gallery, encoder, "Known", random_vectors())
    factories.searched(requester, case, encoder, random_vectors())
    activate_encoder(actor=None, name=new.name)
    work_off()
    remove_encoder(actor=None, name=encoder.name)
    back = activate_encoder(actor=None, name=encoder.name)
    assert back.pk == encoder.pk
    assert back.removed_at is None


def test_encoder_that_nothing_refers_to_leaves_no_row_and_no_file(
    encoder: Encoder, new: Encoder, case: Case, random_vectors: Vectors, settings, tmp_path: Path,
    django_capture_on_commit_callbacks,
) -> None:  # fmt: skip
    faces_in(case, encoder, random_vectors)
    activate_encoder(actor=None, name=new.name)
    cancel_preparation(actor=None)
    assert len(files(settings)) == 1
    with django_capture_on_commit_callbacks(execute=True):
        removal = remove_encoder(actor=None, name=new.name)
        assert len(files(settings)) == 1, "not before it is certain"
    assert (removal.deleted, removal.kept) == (0, 0)
    assert files(settings) == []
    assert not Encoder.objects.filter(name=new.name).exists()
    assert brought(tmp_path).name == new.name, "it can be installed again"


def test_file_that_another_version_uses_stays(
    encoder: Encoder, new: Encoder, settings, tmp_path: Path, django_capture_on_commit_callbacks
) -> None:
    brought(tmp_path, version="2", flip=True)
    with pytest.raises(CommandError, match=r"there are the versions 1 and 2\. Say which with --of-version"):
        call_command("encoder", "remove", new.name)
    for version, left in (("1", 1), ("2", 0)):
        with django_capture_on_commit_callbacks(execute=True):
            call_command("encoder", "remove", new.name, "--of-version", version)
        assert len(files(settings)) == left


def test_fetched_weights_are_removed(
    encoder: Encoder, settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks
) -> None:
    settings.WEIGHTS_DIR.mkdir()
    (file := settings.WEIGHTS_DIR / weights.FACENET_VGGFACE2.filename).write_bytes(b"weights")
    with django_capture_on_commit_callbacks(execute=True):
        call_command("encoder", "remove", "facenet-vggface2")
    assert not file.exists()


def test_encoder_that_was_calibrated_keeps_its_row(encoder: Encoder, new: Encoder) -> None:
    Calibration.objects.create(encoder=new, data="A test", data_sha256="0" * 64, comparisons=1, table=[])
    remove_encoder(actor=None, name=new.name)
    new.refresh_from_db()
    assert new.removed_at


def test_removing_what_does_not_exist_gets_a_sentence(encoder: Encoder) -> None:
    with pytest.raises(CommandError, match=r"There is no encoder named nothing\. There are dlib-resnet-v1"):
        call_command("encoder", "remove", "nothing")
