"""`manage.py encoder calibrate NAME PAIRS.csv IMAGES`, or `--from FILE` with a table that was made elsewhere."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from identification.evaluation.calibrating import calibrate
from identification.evaluation.errors import EvaluationError
from identification.evaluation.run import Request
from identification.management.measuring import Progress, add_data_arguments, models_of
from identification.models import Encoder
from identification.recognition.calibration import CalibrationError, Made
from identification.services.calibration import calibrate_encoder
from identification.services.encoders import find_encoder


def add_arguments(parser: ArgumentParser) -> None:
    """What is measured, or the file with what was."""
    add_data_arguments(parser, optional=True)
    parser.add_argument("--from", dest="made_elsewhere", type=Path, metavar="FILE", help="a calibration.json")


def run(options: dict[str, Any], *, stdout: OutputWrapper, stderr: OutputWrapper) -> None:
    """Measure or read the table and keep it; CommandError with a sentence, and nothing kept, where that can't be."""
    encoder = find_encoder(options["name"], options["version_of_encoder"])
    try:
        calibration = calibrate_encoder(actor=None, encoder=encoder, made=_made(encoder, options, Progress(stderr)))
    except (CalibrationError, EvaluationError) as error:
        raise CommandError(str(error)) from error
    rarest = calibration.table[-1]
    stdout.write(
        f"Calibrated: {encoder}, on {calibration.data}: {calibration.comparisons:,} comparisons of different people, "
        f"up to the score {rarest[0]:.4f} (false match rate {rarest[1]:.1g})."
    )


def _made(encoder: Encoder, options: dict[str, Any], progress: Progress) -> Made:
    pairs, images, file = options["pairs"], options["images"], options["made_elsewhere"]
    if (file is None) == (images is None):
        raise CommandError("Give either PAIRS.csv and IMAGES to measure on, or --from FILE.")
    if file:
        return Made.read(file)
    request = Request(pairs, images, models_of(encoder), seed=options["seed"], cache=options["cache"])
    return calibrate(request, progress, data=options["data"])
