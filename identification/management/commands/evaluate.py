"""`manage.py evaluate PAIRS.csv IMAGES`: how often an encoder errs on anybody's photographs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from identification.errors import IdentificationError
from identification.evaluation.degrade import DEGRADATIONS
from identification.evaluation.errors import EvaluationError
from identification.evaluation.report import Report, write_report
from identification.evaluation.run import Request, evaluate
from identification.management.measuring import Progress, add_data_arguments, command_line, models_named
from identification.recognition.calibration import CalibrationError
from identification.recognition.encoders import EncoderUnavailable

DEFAULT_ENCODER = "dlib-resnet-v1"


class Command(BaseCommand):
    """Reads files, and writes files where it is asked to; shipped encoders need no database."""

    help = (
        "Measure verification and identification on the pairs of a CSV file with the columns fold, first, second and "
        "same_person; the paths are under IMAGES, in one folder per person."
    )
    requires_system_checks: list[str] = []  # noqa: RUF012  (Django's own way of saying none)

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_data_arguments(parser)
        parser.add_argument("--encoder", default=DEFAULT_ENCODER, help=f"which one; {DEFAULT_ENCODER} unless told")
        parser.add_argument(
            "--degrade",
            nargs="*",
            choices=list(DEGRADATIONS),
            help="once more with degraded probes: all degradations, or those named",
        )
        parser.add_argument("--out", type=Path, help="write the result, a calibration and the plots into this folder")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            evaluation = evaluate(_request(options), Progress(self.stderr))
            today = timezone.now().date().isoformat()
            report = Report(evaluation, command=command_line(), date=today, data=options["data"])
            self.stdout.write(report.as_text())
            for file in write_report(report, options["out"]) if options["out"] else []:
                self.stdout.write(f"Written: {file}")
        except (EvaluationError, CalibrationError, EncoderUnavailable, IdentificationError) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(
                f"{options['encoder']} isn't shipped, and the database can't be asked for it."
            ) from error
        except OSError as error:
            raise CommandError(f"{error.filename} can't be read or written: {error.strerror}.") from error


def _request(options: dict[str, Any]) -> Request:
    asked = options["degrade"]
    return Request(
        pairs=options["pairs"],
        images=options["images"],
        models=models_named(options["encoder"]),
        degradations=() if asked is None else tuple(asked or DEGRADATIONS),
        seed=options["seed"],
        cache=options["cache"],
    )
