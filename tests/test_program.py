"""Which program runs goes on record as one hash, which anybody computes from a copy with ordinary commands."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from audit.program import FOLDERS, source_files, source_sha256

DOCUMENT = settings.BASE_DIR / "docs/operating-the-log.md"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A small program: two of its folders and what stands beside them."""
    for folder in FOLDERS:
        (tmp_path / folder).mkdir()
    shutil.copytree(settings.BASE_DIR / "accounts", tmp_path / "accounts", dirs_exist_ok=True)
    shutil.copytree(settings.BASE_DIR / "static" / "css", tmp_path / "static" / "css")
    for name in ("manage.py", "pyproject.toml", "requirements.txt"):
        shutil.copy(settings.BASE_DIR / name, tmp_path)
    return tmp_path


def test_hash_is_what_the_documented_command_prints(copy: Path) -> None:
    (command,) = re.findall(r"(?ms)^find .*?sha256sum$", DOCUMENT.read_text())
    said = subprocess.run(["bash", "-c", command], cwd=copy, capture_output=True, text=True, check=True)
    assert said.stdout.split()[0] == source_sha256(copy)


@pytest.mark.parametrize("name", ["accounts/models.py", "static/css/audit.css", "requirements.txt", "audit/new.py"])
def test_a_changed_or_an_added_file_is_another_program(copy: Path, name: str) -> None:
    before = source_sha256(copy)
    with (copy / name).open("a") as file:
        file.write("\n")
    assert source_sha256(copy) != before


def test_what_python_leaves_behind_is_not_the_program(copy: Path) -> None:
    before = source_sha256(copy)
    (copy / "audit/__pycache__").mkdir()
    (copy / "audit/__pycache__/new.cpython-311.pyc").write_bytes(b"compiled")
    assert source_sha256(copy) == before


def test_every_part_of_the_program_is_in_it() -> None:
    files = source_files(settings.BASE_DIR)
    for name in (
        "audit/program.py",
        "audit/constraints.jsonl",
        "templates/base.html",
        "config/settings.py",
        "manage.py",
    ):
        assert name in files
    assert not [name for name in files if name.startswith(("tests/", "var/", ".venv/"))]
