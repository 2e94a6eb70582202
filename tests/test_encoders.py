"""Which encoder is in use: one at a time, checked before it is installed, never changed under faces it can't read."""

import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from audit.models import Entry
from identification.management.commands.encoder import _bar
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
    assert "129-d" in lines["dlib-resnet-v1"]
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


def test_fetching_an_encoder_that_comes_with_a_package_gives_a_sentence(db: None) -> None:
    with pytest.raises(CommandError, match="dlib-resnet-v1 comes with the installed packages"):
        call_command("encoder", "fetch", "dlib-resnet-v1")


def test_right_file_is_installed_and_on_record_without_an_actor(
    db: None, tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "small.pt"
    file.write_bytes(b"weights")
    pinned = weights.WeightsFile("small.pt", "https://example.org", 7, weights.sha256_of(file))
    monkeypatch.setattr(weights, "PINNED", {"facenet-vggface2": pinned})
    file = file.rename(tmp_path / "under any name.pt")
    call_command("encoder", "install", str(file))
    assert (settings.WEIGHTS_DIR / "small.pt").read_bytes() == b"weights"
    assert "Checked and installed" in capsys.readouterr().out
    entry = Entry.objects.get()
    assert (entry.kind, entry.actor, entry.agency) == ("identification:encoder:installed/1", None, None)


def test_fetched_weights_are_on_record_once(
    db: None, settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pinned = weights.WeightsFile("small.pt", "https://weights.invalid", 7, hashlib.sha256(b"weights").hexdigest())
    monkeypatch.setattr(weights, "PINNED", {"facenet-vggface2": pinned})
    monkeypatch.setattr(weights, "urlopen", lambda *_, **__: io.BytesIO(b"weights"))
    for _ in range(2):
        call_command("encoder", "fetch", "facenet-vggface2")
    said = capsys.readouterr()
    assert said.out.count("Fetched and checked: facenet-vggface2 20180402-114759") == 2
    assert said.err == "", "a bar is for a terminal"
    assert Entry.objects.get().kind == "identification:encoder:installed/1"


def test_bar_of_a_fetch_ends_at_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    draw = _bar()
    for done in range(0, 111_898_327, 1_000_000):
        draw(done, 111_898_327)
    draw(111_898_327, 111_898_327)
    drawn = capsys.readouterr().err
    assert drawn.endswith(f"\r[{'#' * 30}] 112 of 112 MB\n")
    assert drawn.count("\r") <= 101
    assert drawn.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("encoder", "list"),
        ("encoder", "activate", "dlib-resnet-v1"),
        ("agency", "Bureau", "bureau", "chief"),
        ("migrate",),
    ],
)
def test_database_that_is_away_gets_one_sentence(command: tuple[str, ...]) -> None:
    environment = os.environ | {"DATABASE_URL": "postgres://127.0.0.1:1/nothing"}
    ran = subprocess.run(
        [sys.executable, "manage.py", *command], env=environment, capture_output=True, text=True, check=False,
        input="a long enough passphrase\n",
    )  # fmt: skip
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert ran.stderr.startswith("The database can't be reached: ")
    assert ran.stderr.count("\n") == 1
    assert "python -m config.embedded python manage.py" in ran.stderr


@pytest.mark.slow
def test_database_that_was_never_migrated_gets_one_sentence() -> None:
    empty = os.environ["DATABASE_URL"].rpartition("/")[0] + "/template1"
    ran = subprocess.run(
        [sys.executable, "manage.py", "encoder", "list"], env=os.environ | {"DATABASE_URL": empty},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.stderr == "The database is empty or older than this release. Bring it up to date: make migrate\n"


def test_activating_makes_it_the_one_in_use_and_is_on_record(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("encoder", "activate", "dlib-resnet-v1")
    encoder = Encoder.objects.get(active=True)
    assert active_encoder() == encoder
    assert encoder.activated_at
    assert "Active: dlib-resnet-v1" in capsys.readouterr().out
    spec, entry = SHIPPED["dlib-resnet-v1"], Entry.objects.get()
    assert (entry.kind, entry.actor) == ("identification:encoder:activated/1", None)
    assert entry.payload == {
        "at": "command-line",
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


def test_actor_is_on_record_where_there_is_one(administrator: User) -> None:
    activate_encoder(actor=administrator, name="dlib-resnet-v1")
    entry = Entry.objects.get(kind="identification:encoder:activated/1")
    assert (entry.actor, entry.agency) == (administrator, administrator.agency)


def test_unknown_encoder_gets_a_sentence(db: None) -> None:
    with pytest.raises(UnknownEncoder, match=r"no encoder named best-of-all\. There are dlib-resnet-v1, facenet"):
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


def test_only_one_encoder_is_in_preparation_by_constraint(encoder: Encoder) -> None:
    second, third = (Encoder.objects.create(name=name, version="1", dimension=128) for name in ("second", "third"))
    by_sql("UPDATE identification_encoder SET preparing = true WHERE id = %s", second.pk)
    with pytest.raises(DatabaseError, match="encoder_only_one_prepared"):
        by_sql("UPDATE identification_encoder SET preparing = true WHERE id = %s", third.pk)


def test_active_encoder_is_never_in_preparation_by_constraint(encoder: Encoder) -> None:
    with pytest.raises(DatabaseError, match="encoder_active_is_prepared_already"):
        by_sql("UPDATE identification_encoder SET preparing = true WHERE id = %s", encoder.pk)


@pytest.mark.parametrize("use", ["active", "preparing"])
def test_encoder_in_use_is_never_marked_removed_by_constraint(db: None, use: str) -> None:
    used = Encoder.objects.create(name="used", version="1", dimension=128, **{use: True})
    with pytest.raises(DatabaseError, match="encoder_in_use_is_not_removed"):
        by_sql("UPDATE identification_encoder SET removed_at = now() WHERE id = %s", used.pk)


def test_encoder_is_of_a_known_kind_by_constraint(encoder: Encoder) -> None:
    with pytest.raises(DatabaseError, match="encoder_of_a_known_kind"):
        by_sql("UPDATE identification_encoder SET kind = 'pickle' WHERE id = %s", encoder.pk)


def by_sql(statement: str, *parameters: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


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
