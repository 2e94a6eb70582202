"""FaceNet's InceptionResnetV1 trained on VGGFace2 (facenet-pytorch, MIT): 512 numbers, weights fetched or installed."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from identification.recognition.alignment import Cut, cut_square
from identification.recognition.encoders.base import Embeddings, EncoderSpec, EncoderUnavailable, to_unit_length
from identification.recognition.precision import halved_where_it_agrees
from identification.recognition.types import DetectedFace
from identification.recognition.weights import FACENET_VGGFACE2, WeightsFile, is_installed, sha256_of

SPEC = EncoderSpec(
    name="facenet-vggface2",
    version="20180402-114759",
    dimension=512,
    weights_sha256=FACENET_VGGFACE2.sha256,
    licence="MIT",
    source=FACENET_VGGFACE2.address,
    alignment="mtcnn-160-margin-14",
)

SIDE = 160  # pixels; the network's input
_PUBLISHED_MARGIN = 14  # of these 160 pixels, as in facenet-pytorch's own evaluation on LFW
_MARGIN = _PUBLISHED_MARGIN / (SIDE - _PUBLISHED_MARGIN)  # of the box; facenet_pytorch.extract_face
_BATCH = 16  # faces at once; more costs memory and saves no time on a CPU


class FaceNet:
    """MTCNN's box with the published margin, turned upright, stretched to 160 by 160 pixels, standardised.

    On a GPU it runs in half precision where that gives the same embeddings.
    """

    spec = SPEC

    def __init__(self, weights_dir: Path, *, device: str = "cpu", pinned: WeightsFile = FACENET_VGGFACE2) -> None:
        """Raises EncoderUnavailable when the weights are missing or aren't the pinned file."""
        import torch
        from facenet_pytorch import InceptionResnetV1

        state = _verified_state(weights_dir, pinned)
        self._torch, self._device = torch, torch.device(device)
        # pretrained=None keeps facenet-pytorch from downloading by itself, unpinned.
        self._network = InceptionResnetV1(pretrained=None, classify=False)
        try:
            self._network.load_state_dict(state)
        except RuntimeError as error:
            raise EncoderUnavailable(f"{pinned.filename} doesn't fit the network. Install it anew.") from error
        self._network.eval().to(self._device)
        if self._device.type == "cuda":
            self._network = halved_where_it_agrees(self._network, shape=(3, SIDE, SIDE), device=self._device)
        self._number = next(self._network.parameters()).dtype

    def embed(self, image: Image.Image, faces: Sequence[DetectedFace]) -> Embeddings:
        """Unit vectors, shape (number of faces, 512), of the faces of an upright RGB photograph."""
        batches = [self._embed_batch(image, faces[i : i + _BATCH]) for i in range(0, len(faces), _BATCH)]
        return np.concatenate(batches) if batches else np.empty((0, SPEC.dimension), np.float32)

    def _embed_batch(self, image: Image.Image, faces: Sequence[DetectedFace]) -> Embeddings:
        crops = np.stack([np.asarray(_crop(image, face), dtype=np.float32) for face in faces])
        # facenet_pytorch.fixed_image_standardization; then (n, height, width, 3) to (n, 3, height, width).
        standardised = self._torch.from_numpy((crops - 127.5) / 128.0).permute(0, 3, 1, 2)
        with self._torch.inference_mode():
            vectors = self._network(standardised.to(self._device, self._number))
        return to_unit_length(vectors.float().cpu().numpy())


def is_available(weights_dir: Path) -> bool:
    """Whether the weights are there with the right size; their checksum is verified when they are loaded."""
    return is_installed(FACENET_VGGFACE2, weights_dir=weights_dir)


def _crop(image: Image.Image, face: DetectedFace) -> Image.Image:
    return cut_square(image, Cut.stretched(face, margin=_MARGIN), side=SIDE)


def _verified_state(weights_dir: Path, pinned: WeightsFile) -> dict[str, object]:
    """The state dict of the pinned file, without the classifier's layer, which embeddings don't need."""
    import torch

    path = weights_dir / pinned.filename
    if not path.is_file():
        raise EncoderUnavailable(
            f"The weights of {SPEC.name} aren't installed. Fetch them, or install {pinned.filename} from a file."
        )
    if sha256_of(path) != pinned.sha256:
        raise EncoderUnavailable(
            f"{pinned.filename} isn't the published file. Remove it, then fetch or install it anew."
        )
    try:
        state: dict[str, object] = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise EncoderUnavailable(f"{pinned.filename} can't be read as weights. Install it anew.") from error
    return {name: value for name, value in state.items() if not name.startswith("logits.")}
