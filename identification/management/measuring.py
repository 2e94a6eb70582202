"""What the commands that measure recognition have in common."""

import shlex
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings

from identification.evaluation.workers import Models
from identification.models import Encoder
from identification.recognition.encoders import SHIPPED, OnnxModel
from identification.recognition.encoders.descriptor import parsed
from identification.services.encoders import find_encoder

STEPS = 20  # lines for one kind of work where nobody watches


class Progress:
    """How far a long command has come: one line that counts up in a terminal, a line now and then in a file."""

    def __init__(self, stream: Any) -> None:
        """Take a command's own stream, standard error as a rule."""
        self._stream, self._watched = stream, stream.isatty()

    def __call__(self, what: str, done: int, of: int) -> None:
        if self._watched:
            self._stream.write(f"\r{what}: {done:,} of {of:,}", ending="\n" if done == of else "")
            self._stream.flush()
        elif done == of or done % max(1, of // STEPS) == 0:
            self._stream.write(f"{what}: {done:,} of {of:,}")


def add_data_arguments(parser: ArgumentParser, *, optional: bool = False) -> None:
    """What is measured, and how often the same draws come."""
    often = "?" if optional else None
    parser.add_argument("pairs", type=Path, metavar="PAIRS.csv", nargs=often)
    parser.add_argument("images", type=Path, metavar="IMAGES", nargs=often)
    parser.add_argument("--data", default="", help="what these photographs are, in words")
    parser.add_argument("--seed", type=int, default=0, help="of everything that is drawn; 0 unless told")
    parser.add_argument(
        "--cache", type=Path, help="keep what was sampled here, embeddings too, so that a stopped run goes on"
    )


def models_named(name: str) -> Models:
    """Which models the workers of a measurement load; only an encoder that isn't shipped needs the database."""
    return _models(name, None) if name in SHIPPED else models_of(find_encoder(name))


def models_of(encoder: Encoder) -> Models:
    """Which models they load for the encoder of a row."""
    brought = encoder.kind == Encoder.Kind.ONNX
    return _models(encoder.name, OnnxModel(parsed(encoder.descriptor), encoder.weights_sha256) if brought else None)


def _models(name: str, onnx: OnnxModel | None) -> Models:
    return Models(name, settings.WEIGHTS_DIR, settings.DEVICE, settings.RECOGNITION_THREADS, onnx)


def command_line() -> str:
    """How this was called, as somebody would type it again."""
    return shlex.join(["manage.py", *sys.argv[1:]])
