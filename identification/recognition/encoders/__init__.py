"""The encoders: what is shipped, whether it can be used here, and how to load one of these or an ONNX model.

To add one in code: a module beside these with a SPEC and a class that keeps the `Encoder` protocol, and its line in
SHIPPED, `is_available` and `load`. Importing this package loads no model library; only `load` does.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from identification.recognition.encoders import dlib_resnet, facenet
from identification.recognition.encoders.base import Embeddings, Encoder, EncoderSpec, EncoderUnavailable
from identification.recognition.encoders.onnx import OnnxEncoder, OnnxModel, installed_path

__all__ = [
    "SHIPPED",
    "Embeddings",
    "Encoder",
    "EncoderSpec",
    "EncoderUnavailable",
    "OnnxModel",
    "is_available",
    "load",
    "load_onnx",
]

SHIPPED: Mapping[str, EncoderSpec] = MappingProxyType({spec.name: spec for spec in (facenet.SPEC, dlib_resnet.SPEC)})


def is_available(name: str, *, weights_dir: Path) -> bool:
    """Whether the encoder could be loaded now, judged by its files' presence alone; false for an unknown name."""
    if name == facenet.SPEC.name:
        return facenet.is_available(weights_dir)
    return name == dlib_resnet.SPEC.name and dlib_resnet.is_available()


def load(name: str, *, weights_dir: Path, device: str) -> Encoder:
    """Load a shipped encoder; raises EncoderUnavailable with a sentence that tells what to do."""
    if name == facenet.SPEC.name:
        return facenet.FaceNet(weights_dir, device=device)
    if name == dlib_resnet.SPEC.name:
        return dlib_resnet.DlibResNet()
    raise EncoderUnavailable(f"There is no encoder named {name}. Choose one of: {', '.join(SHIPPED)}.")


def load_onnx(model: OnnxModel, *, weights_dir: Path, device: str, threads: int) -> Encoder:
    """Load an installed ONNX model; raises EncoderUnavailable with a sentence that tells what to do."""
    file = installed_path(model.sha256, weights_dir=weights_dir)
    return OnnxEncoder(file, model, device=device, threads=threads)
