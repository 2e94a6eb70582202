"""An older copy of the database goes on working, and everybody who kept a later checkpoint can tell."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection, transaction

from accounts.models import User
from audit.services import record
from audit.verify import verify
from config.roles import OWNER
from tests.sequencing import signed
from tests.stack import environment, postgres

RESTORED = "test_countersign_restored"


def write(actor: User, number: int) -> None:
    for _ in range(number):
        with transaction.atomic():
            record(kind="audit:log:viewed/1", actor=actor, subject=actor)


def in_restored() -> dict[str, str]:
    return {
        name: value[: value.rindex("/") + 1] + RESTORED if name.endswith("DATABASE_URL") else value
        for name, value in environment().items()
    }


@contextmanager
def sequencing(log: Path) -> Iterator[None]:
    with log.open("wb") as out:
        command = [sys.executable, "manage.py", "audit", "sequence"]
        process = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | in_restored())
    try:
        yield
    finally:
        process.terminate()
        process.wait(120)


def manage(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "manage.py", "audit", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ | in_restored())


@pytest.mark.slow
def test_older_database_cannot_pass_for_the_present_one(
    transactional_db: None, person_with: Callable[..., User], tmp_path: Path
) -> None:
    writer, dump, bundle = person_with("writer"), str(tmp_path / "dump"), tmp_path / "bundle.zip"
    write(writer, 20)
    before = kept(tmp_path / "before.txt")
    postgres("pg_dump", "-Fc", "-f", dump, connection.settings_dict["NAME"])
    write(writer, 1)
    next_one = kept(tmp_path / "next.txt")
    write(writer, 50)
    far = kept(tmp_path / "far.txt")
    postgres("createdb", "-O", OWNER, RESTORED)
    try:
        postgres("pg_restore", "-d", RESTORED, dump)
        postgres("psql", "-d", RESTORED, "-c", f"REVOKE TEMPORARY ON DATABASE {RESTORED} FROM PUBLIC")
        with sequencing(tmp_path / "sequencer.log"):
            refusal = manage("export", "--format", "bundle", "--out", str(bundle))
        assert "or is an older copy" in refusal.stderr
        assert manage("resume", "--restored").returncode == 0
        with sequencing(tmp_path / "sequencer.log"):
            assert manage("export", "--format", "bundle", "--out", str(bundle)).returncode == 0
    finally:
        postgres("dropdb", "--force", RESTORED)
    assert verify(bundle).ok, "by itself nothing is wrong with it"
    assert verify(bundle, checkpoint=before).ok, "until then it is the same log"
    assert refused(bundle, next_one) == "The first 22 entries were others when the checkpoint was kept."
    assert "cut back, or an older copy" in refused(bundle, far)


def kept(file: Path) -> Path:
    file.write_text(signed().note)
    return file


def refused(bundle: Path, checkpoint: Path) -> str:
    verdict = verify(bundle, checkpoint=checkpoint)
    assert not verdict.ok
    return verdict.sentence
