"""What each encoder said of two small pictures of fictional people when its version was last raised.

`python -m tests.pinned` writes the file anew. Do that only together with a new version of the encoder: embeddings of
one version are compared with each other for years.
"""

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from identification.recognition.encoders import dlib_resnet, facenet
from identification.recognition.encoders.base import Encoder
from identification.recognition.encoders.descriptor import parsed
from identification.recognition.encoders.onnx import OnnxEncoder, OnnxModel
from identification.recognition.types import Box, DetectedFace
from identification.recognition.weights import WeightsFile, sha256_of
from tests import onnx_models

PICTURES = Path(__file__).parent / "pictures"
FILE = PICTURES / "pinned.json"
NAMES = ("pinned-1.png", "pinned-2.png")
# Given, and not found anew, so that a change of the detector doesn't hide behind one of the encoder.
FACE = DetectedFace(
    box=Box(61.0, 58.0, 71.0, 95.0),
    landmarks=((82.0, 95.0), (114.0, 94.0), (98.5, 112.5), (85.0, 130.0), (112.5, 129.5)),
    roll=-1.8,
    found_at=0,
    confidence=1.0,
)


def pictures() -> list[Image.Image]:
    return [Image.open(PICTURES / name).convert("RGB") for name in NAMES]


def encoders(folder: Path) -> dict[str, Encoder]:
    """Every kind of encoder; those whose weights can't be had everywhere run on weights made by arithmetic."""
    return {
        "dlib-resnet-v1": dlib_resnet.DlibResNet(),
        "facenet-vggface2 on made weights": made_facenet(folder),
        "ONNX on made weights": made_onnx(folder),
    }


def said(encoder: Encoder) -> list[list[float]]:
    """The embeddings of both pictures."""
    return [[round(float(value), 6) for value in encoder.embed(picture, [FACE])[0]] for picture in pictures()]


def made_facenet(folder: Path) -> Encoder:
    """The published network on weights that follow from their place alone, the same with every release of PyTorch."""
    import torch
    from facenet_pytorch import InceptionResnetV1

    state = InceptionResnetV1(pretrained=None, classify=False).state_dict()
    for number, (name, tensor) in enumerate(state.items()):
        state[name] = torch.from_numpy(_made(number, name, tuple(tensor.shape))).to(tensor.dtype)
    file = folder / "made.pt"
    torch.save(state, file)
    pinned = WeightsFile("made.pt", "https://weights.invalid/", file.stat().st_size, sha256_of(file))
    return facenet.FaceNet(folder, pinned=pinned)


def _made(number: int, name: str, shape: tuple[int, ...]) -> np.ndarray:
    if "running_var" in name or (name.endswith("weight") and len(shape) == 1):
        return np.ones(shape)
    if len(shape) < 2:
        return np.zeros(shape)
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) + number
    places = np.arange(np.prod(shape), dtype=np.float64)
    # A sine of a large argument is as good as chance here, and the same everywhere.
    chance = np.modf(np.sin(places * 12.9898 + seed % 1000) * 43758.5453)[0]
    return chance.reshape(shape) * np.sqrt(6 / np.prod(shape[1:]))


def made_onnx(folder: Path) -> Encoder:
    file = onnx_models.write_model(folder / "made.onnx", seed=7)
    return OnnxEncoder(file, OnnxModel(parsed(onnx_models.described()), sha256_of(file)))


def write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept = {
            name: {"version": encoder.spec.version, "vectors": said(encoder)}
            for name, encoder in encoders(Path(folder)).items()
        }
    FILE.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    write()
