"""Which encoder is in use: one at a time, checked before it is installed, never changed under faces it can't read."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from accounts.models import User
from audit.models import Entry
from identification.models import Encoder, Photograph
from identification.recognition import weights
from identification.recognition.encoders import SHIPPED
from identification.services.encoders import NoActiveEncoder, UnknownEncoder, activate_encoder, active_encoder
from tests import factories


@pytest.fixture(autouse=True)
def _weights(settings, tmp_path: Path) -> None:
    settings.WEIGHTS_DIR = tmp_path / "weights"


def test_list_says_of_each_encoder_what_it_is_and_whether_it_is_ready(
    encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("encoder", "list")
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert set(lines) == set(SHIPPED)
    assert "512-d" in lines["facenet-vggface2"]
    assert "not installed" in lines["facenet-vggface2"]
    assert "128-d" in lines["dlib-resnet-v1"]
    assert " active " in lines["dlib-resnet-v1"]
    for name, spec in SHIPPED.items():
        assert spec.licence in lines[name]


@pytest.mark.parametrize("content", [None, b"", b"these are no weights"])
def test_installing_a_wrong_file_gives_one_sentence_and_leaves_nothing(
    db: None, tmp_path: Path, settings, content: bytes | None
) -> None:
    file = tmp_path / "weights.pt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError) as refusal:
        call_command("encoder", "install", str(file))
    said = str(refusal.value)
    assert "\n" not in said
    assert "20180402-114759-vggface2.pt" in said, "says which file it should be"
    assert not list(settings.WEIGHTS_DIR.rglob("*"))
    assert not Entry.objects.exists()
    assert not Encoder.objects.exists()


def test_installing_weights_for_an_encoder_that_brings_its_own_gives_a_sentence(db: None, tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(b"x")
    with pytest.raises(CommandError, match="No weights are installed by hand"):
        call_command("encoder", "install", str(file), "--name", "dlib-resnet-v1")


def test_right_file_is_installed_and_on_record_without_an_actor(
    db: None, tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "small.pt"
    file.write_bytes(b"weights")
    pinned = weights.WeightsFile("small.pt", "https://example.org", 7, weights.sha256_of(file))
    monkeypatch.setattr(weights, "PINNED", {"facenet-vggface2": pinned})
    call_command("encoder", "install", str(file))
    assert (settings.WEIGHTS_DIR / "small.pt").read_bytes() == b"weights"
    assert "Checked and installed" in capsys.readouterr().out
    entry = Entry.objects.get()
    assert (entry.kind, entry.actor, entry.agency) == ("identification:encoder:installed/1", None, None)


def test_activating_makes_it_the_one_in_use_and_is_on_record(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("encoder", "activate", "dlib-resnet-v1")
    encoder = Encoder.objects.get(active=True)
    assert active_encoder() == encoder
    assert encoder.activated_at
    assert "Active: dlib-resnet-v1" in capsys.readouterr().out
    spec, entry = SHIPPED["dlib-resnet-v1"], Entry.objects.get()
    assert (entry.kind, entry.actor) == ("identification:encoder:activated/1", None)
    assert json.loads(entry.canonical)["payload"] == {
        "name": spec.name,
        "version": spec.version,
        "weights_sha256": spec.weights_sha256,
    }
    call_command("encoder", "activate", "dlib-resnet-v1")
    assert Entry.objects.count() == 1, "activating what is active changes nothing"


def test_encoder_without_its_weights_is_not_activated(encoder: Encoder) -> None:
    with pytest.raises(CommandError, match="weights of facenet-vggface2 are not installed"):
        call_command("encoder", "activate", "facenet-vggface2")
    assert active_encoder() == encoder


def test_another_encoder_takes_over_while_no_face_is_embedded(encoder: Encoder, settings, tmp_path) -> None:
    settings.WEIGHTS_DIR = tmp_path
    with (tmp_path / weights.FACENET_VGGFACE2.filename).open("wb") as file:
        file.truncate(weights.FACENET_VGGFACE2.size)
    other = activate_encoder(actor=None, name="facenet-vggface2")
    assert list(Encoder.objects.filter(active=True)) == [other]
    assert other.dimension == 512


def test_second_encoder_is_refused_while_faces_are_embedded_by_the_first(
    encoder: Encoder, photograph: Photograph, random_vectors: Callable[[], np.ndarray]
) -> None:
    factories.analysed(photograph, encoder, random_vectors(), random_vectors())
    entries = Entry.objects.count()
    with pytest.raises(CommandError, match="2 faces are embedded by another encoder") as refusal:
        call_command("encoder", "activate", "facenet-vggface2")
    assert "Keep the active encoder" in str(refusal.value)
    assert active_encoder() == encoder
    assert Entry.objects.count() == entries


def test_actor_is_on_record_where_there_is_one(administrator: User) -> None:
    activate_encoder(actor=administrator, name="dlib-resnet-v1")
    entry = Entry.objects.get(kind="identification:encoder:activated/1")
    assert (entry.actor, entry.agency) == (administrator, administrator.agency)


def test_unknown_encoder_gets_a_sentence(db: None) -> None:
    with pytest.raises(UnknownEncoder, match="Shipped are"):
        activate_encoder(actor=None, name="best-of-all")
    with pytest.raises(CommandError):
        call_command("encoder", "activate", "best-of-all")
    assert not Encoder.objects.exists()


def test_without_an_active_encoder_somebody_is_told_what_to_run(db: None) -> None:
    with pytest.raises(NoActiveEncoder, match="encoder activate dlib-resnet-v1"):
        active_encoder()


def test_only_one_encoder_is_active_by_constraint(encoder: Encoder) -> None:
    with pytest.raises(DatabaseError, match="encoder_only_one_active"), transaction.atomic():
        Encoder.objects.create(name="second", version="1", dimension=128, active=True)
    second = Encoder.objects.create(name="second", version="1", dimension=128)
    with pytest.raises(DatabaseError, match="encoder_only_one_active"), transaction.atomic():
        Encoder.objects.filter(pk=second.pk).update(active=True)
    with pytest.raises(DatabaseError, match="encoder_version_once"):
        Encoder.objects.create(name="second", version="1", dimension=512)


def test_dimension_of_an_encoder_stays_while_faces_are_embedded_by_it(
    encoder: Encoder, photograph: Photograph, random_vectors: Callable[[], np.ndarray]
) -> None:
    factories.analysed(photograph, encoder, random_vectors())
    with pytest.raises(DatabaseError, match="embedding_has_its_encoders_dimension"):
        Encoder.objects.filter(pk=encoder.pk).update(dimension=512)


def test_every_shipped_encoder_has_what_its_row_needs() -> None:
    for name, spec in SHIPPED.items():
        assert spec.name == name
        assert len(spec.weights_sha256) == 64
        assert spec.licence
        assert spec.source
