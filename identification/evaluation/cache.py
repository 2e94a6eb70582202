"""Samples kept from one run to the next, so that a long run that was stopped goes on where it was.

One file of JSON lines for each way of making samples. A key that differs in anything on which a sample depends (the
image's bytes, detector, encoder, libraries, the code of recognition itself) is another sample, so nothing goes stale.
It holds embeddings of faces: keep it as closely as the photographs.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np

from identification import evaluation, recognition
from identification.evaluation.errors import EvaluationError
from identification.evaluation.faces import Sample
from identification.recognition.types import Box, DetectedFace

# What of the code can't change a sample.
_WITHOUT_INFLUENCE = {"runtime.py", "weights.py", "calibration.py"}


class SampleCache:
    """What was sampled before; without a folder it remembers nothing."""

    def __init__(self, folder: Path | None, made_by: Mapping[str, Any]) -> None:
        self._known: dict[str, Sample] = {}
        self._out: IO[str] | None = None
        if folder is not None:
            self._open(folder / f"{_digest({**made_by, 'code': _code()})}.jsonl")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._out:
            self._out.close()

    def get(self, key: str) -> Sample | None:
        return self._known.get(key)

    def put(self, key: str, sample: Sample) -> None:
        if self._out:
            self._out.write(json.dumps([key, _written(sample)]) + "\n")
            self._out.flush()

    def _open(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            whole = file.read_bytes().rpartition(b"\n")[0] if file.exists() else b""
            for line in whole.splitlines():
                key, written = json.loads(line)
                self._known[key] = _read(written)
            # What a killed run left of its last line goes.
            file.write_bytes(whole + b"\n" if whole else b"")
            file.chmod(0o600)
            self._out = file.open("a", encoding="utf-8")
        except OSError as error:
            raise EvaluationError(f"{file.parent} can't be used as a cache: {error.strerror or error}.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise EvaluationError(f"{file} is damaged: remove it and run again.") from error


def key_of(image_name: str, image_sha256: str, degradation: str) -> str:
    """What a sample is kept under; the name too, because degradations draw their chances from it."""
    return _digest({"name": image_name, "sha256": image_sha256, "degradation": degradation})


def _digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _code() -> str:
    """A digest of the code that makes samples."""
    digest = hashlib.sha256()
    files = list(Path(str(recognition.__file__)).parent.rglob("*.py"))
    files += [Path(str(evaluation.__file__)).with_name(name) for name in ("faces.py", "degrade.py")]
    for file in sorted(files):
        if file.name not in _WITHOUT_INFLUENCE:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _written(sample: Sample) -> dict[str, Any]:
    vector = None if sample.vector is None else base64.b64encode(sample.vector.astype("<f4").tobytes()).decode()
    face = None if sample.face is None else asdict(sample.face)
    return {
        "face": face,
        "faces_found": sample.faces_found,
        "vector": vector,
        "measures": dict(sample.measures),
        "quality": sample.quality,
    }


def _read(written: Mapping[str, Any]) -> Sample:
    vector = written["vector"]
    return Sample(
        face=None if written["face"] is None else _face(written["face"]),
        faces_found=written["faces_found"],
        vector=None if vector is None else np.frombuffer(base64.b64decode(vector), "<f4").astype(np.float32),
        measures=written["measures"],
        quality=written["quality"],
    )


def _face(written: Mapping[str, Any]) -> DetectedFace:
    eye, other_eye, nose, mouth, other_mouth = ((float(x), float(y)) for x, y in written["landmarks"])
    return DetectedFace(
        Box(**written["box"]),
        (eye, other_eye, nose, mouth, other_mouth),
        written["roll"],
        written["found_at"],
        written["confidence"],
    )
