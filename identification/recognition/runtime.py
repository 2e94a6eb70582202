"""The models of one process: loaded once, after the worker has forked, with a bounded number of threads.

PyTorch's thread pools don't survive a fork, so nothing here may run in the parent of worker processes.
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

from identification.recognition import encoders
from identification.recognition.detection import Detector, MTCNNDetector
from identification.recognition.encoders.base import Encoder

Model = TypeVar("Model")

_loaded: dict[tuple[object, ...], object] = {}
_loading = threading.Lock()


def detector(*, device: str = "cpu", threads: int = 1) -> Detector:
    """The detector of this process, loaded by the first call. device as in `encoder`."""
    return _once(("mtcnn", device), threads, lambda: MTCNNDetector(device=resolved(device)))


def encoder(name: str, *, weights_dir: Path, device: str = "cpu", threads: int = 1) -> Encoder:
    """An encoder of this process, loaded by the first call; raises EncoderUnavailable.

    device as PyTorch names it, or "auto": a GPU where there is one.
    """
    load = partial(encoders.load, name, weights_dir=weights_dir, device=resolved(device))
    return _once((name, weights_dir, device), threads, load)


def _once(key: tuple[object, ...], threads: int, load: Callable[[], Model]) -> Model:
    """What was loaded under this key, or what loading gives."""
    # The process id keeps a forked child from using what its parent loaded.
    with _loading:
        if (key := (os.getpid(), *key)) not in _loaded:
            limit_threads(threads)
            _loaded[key] = load()
        return cast("Model", _loaded[key])


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
