"""What can be asked of `make bench-recognition`."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from config.embedded import var_dir
from identification.recognition.cores import cores
from identification.recognition.encoders import SHIPPED, dlib_resnet, facenet, is_available

MARK_EVERY = 500  # photographs


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line, and say in a sentence what can't be done here."""
    parser = argparse.ArgumentParser(
        prog="make bench-recognition ARGS=...",
        description="Compare photographs per second through upload, queue, worker and database with a bare loop over "
        "the same models, on servers of its own; report the memory of the worker's processes.",
    )
    _add_options(parser)
    options = parser.parse_args(arguments)
    if options.facenet_shape:
        options.encoder = facenet.SPEC.name
    elif not is_available(options.encoder, weights_dir=options.weights):
        parser.error(
            f"{options.encoder} isn't installed in {options.weights}. Name the folder with --weights, or measure with "
            "--facenet-shape, random numbers of the same shape."
        )
    if options.growth % MARK_EVERY:
        parser.error(f"--growth takes a multiple of {MARK_EVERY}.")
    if not options.rounds and not options.growth:
        parser.error("Ask for --rounds, for --growth, or for both.")
    return options


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--photographs", type=_at_least(1), default=200, help="in each round (200)")
    add("--rounds", type=_at_least(0), default=4, help="through the loop and the pipeline in turns (4); 0 for none")
    add("--processes", type=_at_least(1), default=cores(), help="of the loop and of the worker (one per core)")
    add("--encoder", choices=SHIPPED, default=dlib_resnet.SPEC.name, help=f"({dlib_resnet.SPEC.name})")
    add(
        "--weights", type=Path, default=_usual_weights(), metavar="FOLDER", help="where encoders' weights are installed"
    )
    add("--facenet-shape", action="store_true", help="measure with random weights of the shape of facenet-vggface2's")
    add(
        "--growth", type=_at_least(0), default=0, metavar="N", help=f"feed N small photographs, a line per {MARK_EVERY}"
    )
    add("--check", action="store_true", help="end with status 1 when what is wanted is missed")
    add("--out", type=Path, metavar="FILE", help="write the figures as JSON too")


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}")
        return value

    return number


def _usual_weights() -> Path:
    return Path(os.environ.get("WEIGHTS_DIR", var_dir() / "weights")).absolute()
