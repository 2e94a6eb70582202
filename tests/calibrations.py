"""Calibrations that were made elsewhere, and their files."""

import json
from pathlib import Path
from typing import Any

from identification.models import Encoder
from identification.recognition.calibration import Made
from tests.made_scores import TABLE


def made(encoder: Encoder, **changes: Any) -> Made:
    said = {
        "name": encoder.name,
        "version": encoder.version,
        "weights_sha256": encoder.weights_sha256,
        "data": "photographs of the test",
        "data_sha256": "0" * 64,
        "table": TABLE,
    }
    return Made(**said | changes)


def written(made: Made, folder: Path) -> Path:
    file = folder / "calibration.json"
    file.write_text(json.dumps(made.as_json()))
    return file
