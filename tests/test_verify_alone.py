"""The verifier is one file that needs nothing of ours, and only for signatures anything but the standard library."""

import ast
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from audit import verify as module
from tests.bundles import made_bundle, made_log

VERIFIER = Path(module.__file__)


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A folder with the verifier and a bundle in it."""
    shutil.copy(VERIFIER, tmp_path / "verify.py")
    (tmp_path / "bundle.zip").write_bytes(made_bundle(made_log(1, 9)))
    return tmp_path


def run(folder: Path, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run the verifier as a file, without this project on its path."""
    start = f"sys.argv = {['verify.py', *arguments]!r}; runpy.run_path('verify.py', run_name='__main__')"
    code = f"{before}import runpy, sys; {start}"
    command = [sys.executable, "-I", "-c", code] if before else [sys.executable, "-I", "verify.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_copied_alone_it_verifies(alone: Path) -> None:
    done = run(alone, "bundle.zip")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("It holds: 9 of 9 entries are shown")


def test_it_imports_the_standard_library_alone() -> None:
    names = set()
    for node in ast.walk(ast.parse(VERIFIER.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.partition(".")[0])
    assert names - sys.stdlib_module_names == {"cryptography"}


def test_nothing_else_is_loaded_before_a_signature_is_checked(alone: Path) -> None:
    (alone / "broken.zip").write_bytes(b"not a bundle")
    watch = "import atexit, sys; atexit.register(lambda: print(sorted(m for m in sys.modules if 'crypto' in m)));"
    assert run(alone, "broken.zip", before=watch).stdout.endswith("[]\n")
    assert "cryptography" in run(alone, "bundle.zip", before=watch).stdout


def test_without_cryptography_it_says_what_to_install(alone: Path) -> None:
    done = run(alone, "bundle.zip", before="import sys; sys.modules['cryptography'] = None;")
    assert done.returncode == 2
    assert 'Python package "cryptography"' in done.stdout
    assert "Traceback" not in done.stderr


def test_exit_status_says_what_the_sentence_says(alone: Path) -> None:
    whole = (alone / "bundle.zip").read_bytes()
    (alone / "changed.zip").write_bytes(whole[:900] + bytes([whole[900] ^ 1]) + whole[901:])
    assert run(alone, "changed.zip").returncode == 1
    assert run(alone, "nowhere.zip").returncode == 2
    assert run(alone).returncode == 2
    assert run(alone, "bundle.zip", "--key", "nokey").returncode == 2
    assert run(alone, "bundle.zip", "--checkpoint", "nowhere").returncode == 2


def test_bundle_carries_the_verifier_as_it_is() -> None:
    whole = made_bundle(made_log(1, 3), guides=None)
    assert zipfile.ZipFile(io.BytesIO(whole)).read("verify.py") == VERIFIER.read_bytes()


def test_it_has_at_most_five_hundred_lines() -> None:
    assert len(VERIFIER.read_text().splitlines()) <= 500
