"""Weights of FaceNet's shape with random numbers in them, where the published ones aren't installed.

They show what a worker with that network needs of memory and time, and nothing about faces. The product takes no other
weights than the published file, so the worker of such a run is started through bench/made_facenet_worker.py. Nothing
but a measurement on servers of its own does so.
"""

import os
from pathlib import Path

from identification.recognition.encoders import facenet
from identification.recognition.weights import FACENET_VGGFACE2, WeightsFile, sha256_of

FILENAME = "made-of-random-numbers.pt"
CLASSES = 8631  # of VGGFace2; the published file holds the classifier's layer too


def make(weights_dir: Path) -> None:
    """Write the file."""
    import torch
    from facenet_pytorch import InceptionResnetV1

    torch.manual_seed(1)
    network = InceptionResnetV1(pretrained=None, classify=True, num_classes=CLASSES)
    weights_dir.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), weights_dir / FILENAME)


def accept() -> None:
    """Let this process take the made file, which WEIGHTS_DIR holds, for facenet-vggface2."""
    path = Path(os.environ["WEIGHTS_DIR"]) / FILENAME
    made = WeightsFile(FILENAME, FACENET_VGGFACE2.address, path.stat().st_size, sha256_of(path))
    vars(facenet)["FACENET_VGGFACE2"] = made
    defaults = facenet.FaceNet.__init__.__kwdefaults__
    assert defaults is not None
    defaults["pinned"] = made
