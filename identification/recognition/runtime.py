"""The models of one process: loaded once, after the worker has forked, with a bounded number of threads.

PyTorch's thread pools don't survive a fork, so nothing here may run in the parent of worker processes.
"""

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from PIL import Image

from identification.recognition import encoders
from identification.recognition.detection import Detector, MTCNNDetector
from identification.recognition.encoders.base import Embeddings, Encoder
from identification.recognition.types import DetectedFace

_loaded: dict[tuple[int, str, Path, str], "Recognition"] = {}
_loading = threading.Lock()


@dataclass(frozen=True)
class Recognition:
    """A detector and an encoder, ready to use."""

    detector: Detector
    encoder: Encoder

    def analyse(self, image: Image.Image) -> list[tuple[DetectedFace, Embeddings]]:
        """The faces of an upright RGB photograph in reading order, each with its unit vector of shape (dimension,)."""
        faces = self.detector.detect(image)
        return list(zip(faces, self.encoder.embed(image, faces), strict=True)) if faces else []

    @classmethod
    def load(cls, encoder_name: str, *, weights_dir: Path, device: str) -> Self:
        """Load both models; raises EncoderUnavailable."""
        encoder = encoders.load(encoder_name, weights_dir=weights_dir, device=device)
        return cls(MTCNNDetector(device=device), encoder)


def get(encoder_name: str, *, weights_dir: Path, device: str = "cpu", threads: int = 1) -> Recognition:
    """The models of this process, loaded by the first call; raises EncoderUnavailable.

    device as PyTorch names it, or "auto": a GPU where there is one.
    """
    # The process id keeps a forked child from using what its parent loaded.
    key = (os.getpid(), encoder_name, weights_dir, device)
    with _loading:
        if key not in _loaded:
            limit_threads(threads)
            _loaded[key] = Recognition.load(encoder_name, weights_dir=weights_dir, device=resolved(device))
        return _loaded[key]


def resolved(device: str) -> str:
    """Return the device that "auto" stands for on this machine, or the device named."""
    import torch

    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def limit_threads(threads: int) -> None:
    """Let PyTorch use so many threads in this process."""
    import torch

    torch.set_num_threads(threads)
    # PyTorch takes this once, before its first parallel work, and refuses afterwards: then it was set already.
    with suppress(RuntimeError):
        torch.set_num_interop_threads(1)
