"""The models of one process: loaded once, after the worker has forked, with a bounded number of threads.

PyTorch's thread pools don't survive a fork, so nothing here may run in the parent of worker processes.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar, cast

from identification.recognition import encoders
from identification.recognition.detection import Detector, MTCNNDetector
from identification.recognition.encoders.base import Encoder
from identification.recognition.encoders.onnx import OnnxModel

Model = TypeVar("Model")

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# NVIDIA's on Linux, on Windows' Linux, and AMD's.
_GPU_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")

_loaded: dict[tuple[object, ...], object] = {}
_loading = threading.Lock()


def detector(*, device: str = "cpu", threads: int = 1) -> Detector:
    """The detector of this process, loaded by the first call; device and threads as in `encoder`."""
    return _once(("mtcnn", device), threads, lambda: MTCNNDetector(device=resolved(device)))


def encoder(
    name: str, *, weights_dir: Path, device: str = "cpu", threads: int = 1, onnx: OnnxModel | None = None
) -> Encoder:
    """An encoder of this process, loaded by the first call; raises EncoderUnavailable.

    device as PyTorch names it, or "auto": a GPU where there is one. threads: 0 for this process's share of the cores.
    onnx: the model of an encoder that isn't shipped.
    """

    def load() -> Encoder:
        if onnx is None:
            return encoders.load(name, weights_dir=weights_dir, device=resolved(device))
        number = threads or shared_threads()
        return encoders.load_onnx(onnx, weights_dir=weights_dir, device=resolved(device), threads=number)

    return _once((name, weights_dir, device, onnx), threads, load)


def _once(key: tuple[object, ...], threads: int, load: Callable[[], Model]) -> Model:
    """What was loaded under this key, or what loading gives."""
    # The process id keeps a forked child from using what its parent loaded.
    with _loading:
        if (key := (os.getpid(), *key)) not in _loaded:
            limit_threads(threads or shared_threads())
            _loaded[key] = load()
        return cast("Model", _loaded[key])


def resolved(device: str) -> str:
    """Return the device that "auto" stands for on this machine, or the device named."""
    import torch

    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def device_in_words(device: str) -> str:
    """Where recognition runs, for the log of a process that must not load a model or touch the GPU before it forks."""
    if device == "auto":
        device = "cuda" if any(Path(driver).exists() for driver in _GPU_DRIVERS) and _asked_apart() else "cpu"
    return {"cpu": "CPU", "cuda": "GPU"}.get(device, device)


def _asked_apart() -> bool:
    """Ask PyTorch in a process of its own: one that has asked can't fork workers that use the GPU."""
    command = [sys.executable, "-c", "import sys, torch; sys.exit(not torch.cuda.is_available())"]
    with suppress(subprocess.TimeoutExpired):
        return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0  # noqa: S603
    return False


def share_cores(processes: int, *, cores: int) -> int:
    """Give each of the processes that are forked from this one its share of the cores; return how many threads.

    Read by the libraries that they load: OpenMP, which PyTorch uses, and BLAS. What somebody has set is left alone.
    """
    threads = max(1, cores // max(1, processes))
    for name in _THREAD_VARIABLES:
        os.environ.setdefault(name, str(threads))
    return shared_threads()


def shared_threads() -> int:
    """The share of this process, as `share_cores` or the operator has set it; 1 where nobody has."""
    said = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return max(1, int(said)) if said.isdecimal() else 1


def limit_threads(threads: int) -> None:
    """Let PyTorch use so many threads in this process."""
    import torch

    torch.set_num_threads(threads)
    # PyTorch takes this once, before its first parallel work, and refuses afterwards: then it was set already.
    with suppress(RuntimeError):
        torch.set_num_interop_threads(1)
