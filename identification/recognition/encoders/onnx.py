"""Any embedding model in an ONNX file, with a descriptor that says how it wants its input: brought by an agency.

The file is kept under its SHA-256. What the model gives is checked on fixed pictures when it is installed and each time
it is loaded: a wrong shape, several outputs, numbers that aren't finite, or the same answer for everything are refused.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from identification.recognition.alignment import Cut, cut_square
from identification.recognition.encoders.base import Embeddings, EncoderSpec, EncoderUnavailable, to_unit_length
from identification.recognition.encoders.descriptor import ARCFACE, Descriptor
from identification.recognition.similarity import ARCFACE_112, ARCFACE_SIDE, cut_onto
from identification.recognition.types import DetectedFace
from identification.recognition.weights import copy_into, placing, sha256_of

_BATCH = 16  # faces at once
_TRIED = 3  # fixed pictures
_SAME_COSINE = 1 - 1e-6  # embeddings of different pictures nearer than this are one embedding
_ALONE = 1e-3  # largest difference in cosine between a picture embedded alone and among others


class UnusableModel(EncoderUnavailable):
    """A file that is no embedding model as its descriptor says; the text says in what."""


@dataclass(frozen=True)
class OnnxModel:
    """An installed model: its descriptor and its file's SHA-256 in hexadecimal."""

    descriptor: Descriptor
    sha256: str

    @property
    def spec(self) -> EncoderSpec:
        described = self.descriptor
        return EncoderSpec(
            name=described.name,
            version=described.version,
            dimension=described.dimension,
            weights_sha256=self.sha256,
            licence=described.licence,
            source=described.source,
            alignment=described.alignment_slug,
        )


class OnnxEncoder:
    """The face aligned as described, normalised, run by ONNX Runtime, and scaled to unit length."""

    def __init__(self, file: Path, model: OnnxModel, *, device: str = "cpu", threads: int = 1) -> None:
        """Raises UnusableModel unless the file is the one that was installed and gives what its descriptor says."""
        if not file.is_file():
            raise UnusableModel(
                f"The weights of {model.descriptor.name} aren't installed here. Install its file again."
            )
        if sha256_of(file) != model.sha256:
            raise UnusableModel(
                f"{file.name} isn't the file that was installed. Remove it and install the model again."
            )
        self.spec, self._described = model.spec, model.descriptor
        self._network = _Network(file, model.descriptor, device=device, threads=threads)
        self._network.check()

    def embed(self, image: Image.Image, faces: Sequence[DetectedFace]) -> Embeddings:
        """Unit vectors, shape (number of faces, dimension), of the faces of an upright RGB photograph."""
        if not faces:
            return np.empty((0, self.spec.dimension), np.float32)
        pixels = np.stack([np.asarray(_crop(image, face, self._described), np.float32) for face in faces])
        return to_unit_length(self._network.averaged(pixels))


def installed_path(sha256: str, *, weights_dir: Path) -> Path:
    """Where a model's file is kept."""
    return weights_dir / "onnx" / f"{sha256}.onnx"


@contextmanager
def placing_model(file: Path, descriptor: Descriptor, *, weights_dir: Path) -> Iterator[OnnxModel]:
    """Check a model and copy it into place, if the block ends well; nothing is left of one that is refused."""
    if not file.is_file():
        raise UnusableModel(f"There is no file {file}. Give the path of an .onnx file.")
    sha256 = sha256_of(file)
    with placing(installed_path(sha256, weights_dir=weights_dir)) as out:
        copy_into(out, file)
        # The copy is what counts: the file may change, and weights beside it would not come along.
        copy = Path(out.name)
        if sha256_of(copy) != sha256:
            raise UnusableModel(f"{file.name} changed while it was copied. Install it again.")
        _Network(copy, descriptor, device="cpu", threads=1, called=file.name).check()
        yield OnnxModel(descriptor, sha256)


class _Network:
    """A session of ONNX Runtime, from pixels of shape (n, side, side, 3) in RGB to vectors of shape (n, dimension)."""

    def __init__(
        self, file: Path, descriptor: Descriptor, *, device: str, threads: int, called: str | None = None
    ) -> None:
        self._described, self._called = descriptor, called or file.name
        self._session = self._opened(file, device, threads)
        self._input = self._only_input()
        self._only_output()

    def averaged(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """The vectors, each the sum of the picture's and its mirror image's where the descriptor says so."""
        if not self._described.flip:
            return self.vectors(pixels)
        return self.vectors(pixels) + self.vectors(pixels[:, :, ::-1])

    def vectors(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """The network's own vectors; raises UnusableModel where it gives something else."""
        batch = 1 if self._input.shape[0] == 1 else _BATCH
        rows = [self._run(pixels[i : i + batch]) for i in range(0, len(pixels), batch)]
        return np.concatenate(rows)

    def check(self) -> None:
        """Raise UnusableModel unless different pictures give different finite vectors, alone as in company."""
        pictures = fixed_pictures(self._described.input_size)
        together = _unit(self.vectors(pictures))
        if not together.any(axis=1).all() or (together @ together.T).min() > _SAME_COSINE:
            raise UnusableModel(f"{self._called} gives the same embedding whatever it is shown.")
        alone = _unit(np.concatenate([self.vectors(picture[None]) for picture in pictures]))
        if (together * alone).sum(axis=1).min() < 1 - _ALONE:
            raise UnusableModel(
                f"{self._called} embeds a face differently in company than alone: export it for inference."
            )

    def _run(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        described = self._described
        ordered = pixels if described.channel_order == "RGB" else pixels[..., ::-1]
        normal = (ordered - np.array(described.mean, np.float32)) / np.array(described.scale, np.float32)
        given = normal.transpose(0, 3, 1, 2) if described.layout == "NCHW" else normal
        try:
            (found,) = self._session.run(None, {self._input.name: np.ascontiguousarray(given)})
        except Exception as error:
            raise UnusableModel(f"{self._called} can't be run: {_one_line(error)}") from error
        expected = (len(pixels), described.dimension)
        if not isinstance(found, np.ndarray) or found.shape != expected:
            shape = getattr(found, "shape", "something else")
            raise UnusableModel(f"{self._called} gives {shape} for {len(pixels)} faces, and {expected} was described.")
        if not np.isfinite(found).all():
            raise UnusableModel(f"{self._called} gives numbers that aren't finite.")
        return found.astype(np.float32)

    def _opened(self, file: Path, device: str, threads: int) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = max(1, threads), 1
        options.log_severity_level = 4  # what is wrong comes as an exception
        try:
            return onnxruntime.InferenceSession(str(file), options, providers=providers(device))
        except Exception as error:
            said = _one_line(error).replace(str(file), self._called)
            raise UnusableModel(f"{self._called} can't be read as an ONNX model: {said}") from error

    def _only_input(self) -> Any:
        """The one input, of the described shape; its first number may be free or 1."""
        inputs, side = self._session.get_inputs(), self._described.input_size
        if len(inputs) != 1 or inputs[0].type != "tensor(float)":
            seen = ", ".join(f"{each.name} {each.type}" for each in inputs)
            raise UnusableModel(f"{self._called} must have one input of type tensor(float), and has {seen or 'none'}.")
        wanted = (3, side, side) if self._described.layout == "NCHW" else (side, side, 3)
        first, *rest = inputs[0].shape or [None]
        fits = len(rest) == 3 and all(not isinstance(n, int) or n == m for n, m in zip(rest, wanted, strict=True))
        if not fits or (isinstance(first, int) and first != 1):
            raise UnusableModel(
                f"{self._called} takes an input of shape {_shape(inputs[0].shape)}, and the descriptor says "
                f"{_shape(['n', *wanted])} with n free or 1."
            )
        return inputs[0]

    def _only_output(self) -> None:
        outputs = self._session.get_outputs()
        if len(outputs) != 1:
            names = ", ".join(each.name for each in outputs)
            raise UnusableModel(
                f"{self._called} has {len(outputs)} outputs ({names}), and must have one: the embedding."
            )
        shape = outputs[0].shape
        if len(shape) == 2 and isinstance(shape[1], int) and shape[1] != self._described.dimension:
            raise UnusableModel(
                f"{self._called} gives {shape[1]} numbers a face, and `dimension` says {self._described.dimension}."
            )


def providers(device: str) -> list[Any]:
    """What ONNX Runtime is to compute with: the GPU where one is named and this ONNX Runtime can use it."""
    import onnxruntime

    if device.startswith("cuda") and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        number = int(device.partition(":")[2] or 0)
        return [("CUDAExecutionProvider", {"device_id": number}), "CPUExecutionProvider"]
    return ["CPUExecutionProvider"]


def fixed_pictures(side: int) -> NDArray[np.float32]:
    """A few pictures that are the same on every machine, shape (3, side, side, 3), from 0 to 255."""
    draw = np.random.Generator(np.random.PCG64(112))
    coarse = draw.integers(0, 256, (_TRIED, 8, 8, 3), dtype=np.uint8)
    smooth = [Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC) for picture in coarse]
    return np.stack([np.asarray(picture, np.float32) for picture in smooth])


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row scaled to length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _crop(image: Image.Image, face: DetectedFace, described: Descriptor) -> Image.Image:
    return cut_square(image, _cut(face, described), side=described.input_size)


def _cut(face: DetectedFace, described: Descriptor) -> Cut:
    if described.alignment != ARCFACE:
        return Cut.stretched(face, margin=described.margin)
    try:
        return cut_onto(face.landmarks, ARCFACE_112, template_side=ARCFACE_SIDE)
    except ValueError:
        # Landmarks without extent, as a person may place them: the box is all that is known.
        return Cut.around(face, margin=0.0)


def _shape(numbers: Sequence[object]) -> str:
    return f"({', '.join('n' if not isinstance(number, int) else str(number) for number in numbers)})"


def _one_line(error: Exception) -> str:
    """What ONNX Runtime says, on one line, with one full stop."""
    text = " ".join(str(error).split())
    return (text if len(text) <= 300 else f"{text[:297]}...").rstrip(".") + "."
