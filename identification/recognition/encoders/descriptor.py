"""The descriptor of an ONNX model: a small TOML file that says what the model is and how it wants its input.

docs/onnx-models.md has an example. Everything is checked before a model is touched, and each mistake gets one sentence
that names the key and what is allowed.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from identification.recognition.encoders.base import EncoderUnavailable

ARCFACE, MTCNN_BOX = "arcface-112", "mtcnn-box"
_LARGEST_DESCRIPTOR = 64 * 1024  # bytes


class BadDescriptor(EncoderUnavailable):
    """A descriptor that can't be used; the text names the key and what is allowed."""


@dataclass(frozen=True)
class Descriptor:
    """One ONNX model as its owner describes it.

    input_size: side of its square input in pixels. mean, scale: per channel in `channel_order`; the network is given
    (pixel - mean) / scale, pixels from 0 to 255. margin: by which the box grows, for the alignment "mtcnn-box" alone.
    flip: whether the embedding is the mean of the crop's and its mirror image's.
    """

    name: str
    version: str
    licence: str
    source: str
    dimension: int
    input_size: int
    channel_order: str
    layout: str
    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    alignment: str
    flip: bool
    margin: float = 0.0

    @property
    def alignment_slug(self) -> str:
        """The alignment as a search records it."""
        margin = f"-margin-{self.margin:g}" if self.alignment == MTCNN_BOX else ""
        return f"{self.alignment}{margin}{'-flip' if self.flip else ''}"

    def as_dict(self) -> dict[str, Any]:
        """What `parsed` takes, in plain values: the row of an encoder keeps it."""
        values = asdict(self) | {"mean": list(self.mean), "scale": list(self.scale)}
        if self.alignment != MTCNN_BOX:
            del values["margin"]
        return values


def read_descriptor(path: Path) -> Descriptor:
    """The descriptor in a TOML file; raises BadDescriptor."""
    if not path.is_file():
        raise BadDescriptor(f"There is no descriptor {path}. Write one beside the model, or name it with --descriptor.")
    if path.stat().st_size > _LARGEST_DESCRIPTOR:
        raise BadDescriptor(f"{path.name} is no descriptor: it is larger than {_LARGEST_DESCRIPTOR:,} bytes.")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadDescriptor(f"{path.name} isn't TOML: {' '.join(str(error).split())}.") from error
    return parsed(values, called=path.name)


def parsed(values: Mapping[str, Any], *, called: str = "The descriptor") -> Descriptor:
    """The descriptor with these values; raises BadDescriptor for the first key that is unknown, missing or wrong."""
    for key in values:
        if key not in _RULES:
            raise BadDescriptor(f"{called}: `{key}` isn't a key of a descriptor; it may have {', '.join(_RULES)}.")
    for field in fields(Descriptor):
        if field.name not in values and field.name != "margin":
            raise BadDescriptor(f"{called}: `{field.name}` is missing; it must be {_RULES[field.name][1]}.")
    for key, value in values.items():
        may_be, allowed = _RULES[key]
        if not may_be(value):
            raise BadDescriptor(f"{called}: `{key}` must be {allowed}, not {_shortened(value)}.")
    _check_margin(values, called)
    return Descriptor(**{key: _as_field(key, value) for key, value in values.items()})


def _check_margin(values: Mapping[str, Any], called: str) -> None:
    boxed = values["alignment"] == MTCNN_BOX
    if boxed and "margin" not in values:
        raise BadDescriptor(
            f"{called}: `margin` is missing; with alignment {MTCNN_BOX} it must be {_RULES['margin'][1]}."
        )
    if not boxed and "margin" in values:
        raise BadDescriptor(f"{called}: `margin` is for alignment {MTCNN_BOX} alone; leave it out with {ARCFACE}.")


def _as_field(key: str, value: Any) -> Any:
    if key not in ("mean", "scale"):
        return float(value) if key == "margin" else value
    return tuple(float(part) for part in (value if isinstance(value, list | tuple) else [value] * 3))


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _number(value: Any, low: float, high: float) -> bool:
    real = isinstance(value, int | float) and not isinstance(value, bool)
    # Infinity and whole numbers of any length fail the comparison; NaN fails every one.
    return real and low <= value <= high


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and _number(value, low, high)


def _per_channel(low: float, high: float) -> Callable[[Any], bool]:
    def may_be(value: Any) -> bool:
        parts = value if isinstance(value, list | tuple) else [value]
        return len(parts) in (1, 3) and all(_number(part, low, high) for part in parts)

    return may_be


def _text(longest: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and 0 < len(value.strip()) <= longest and value.isprintable()


def _like(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _one_of(*choices: str) -> tuple[Callable[[Any], bool], str]:
    return (lambda value: value in choices), " or ".join(f'"{choice}"' for choice in choices)


# Key -> (whether a value may be, what is allowed in words).
_RULES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": (_like(r"[a-z0-9][a-z0-9-]{0,59}"), "1 to 60 lower-case letters, digits and hyphens"),
    "version": (
        _like(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"),
        "text of 1 to 40 letters, digits, dots, hyphens, underscores",
    ),
    "licence": (_text(100), "text of 1 to 100 characters on one line"),
    "source": (_text(300), "text of 1 to 300 characters on one line"),
    "dimension": (_whole(16, 2048), "a whole number from 16 to 2048"),
    "input_size": (_whole(32, 1024), "a whole number of pixels from 32 to 1024"),
    "channel_order": _one_of("RGB", "BGR"),
    "layout": _one_of("NCHW", "NHWC"),
    "mean": (_per_channel(-255, 255), "a number from -255 to 255, or three of them"),
    "scale": (_per_channel(1e-3, 1000), "a number from 0.001 to 1000 by which is divided, or three of them"),
    "alignment": _one_of(ARCFACE, MTCNN_BOX),
    "flip": (lambda value: isinstance(value, bool), "true or false"),
    "margin": (lambda value: _number(value, 0, 2), "a number from 0 to 2"),
}
