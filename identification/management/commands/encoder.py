"""`manage.py encoder list | fetch NAME | install FILE | activate NAME | cancel | remove NAME | calibrate NAME`."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.context import at_command_line
from identification.encoder_standing import Standing, coverage, standings
from identification.errors import IdentificationError
from identification.management import calibrating
from identification.recognition.encoders import SHIPPED, EncoderUnavailable
from identification.recognition.weights import PINNED, Progress, WeightsUnavailable
from identification.services import encoders, installation

MEGABYTE = 1_000_000


class Command(BaseCommand):
    """Show, install, activate and remove encoders."""

    help = "Show, install, activate and remove the models that turn faces into embeddings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="which encoders there are, and where each stands")
        fetch = actions.add_parser("fetch", help="fetch a shipped encoder's weights from their published address")
        fetch.add_argument("name", choices=SHIPPED)
        install = actions.add_parser("install", help="install pinned weights, or an ONNX model with its descriptor")
        install.add_argument("file", type=Path, help="a weights file, or an .onnx file")
        install.add_argument("--descriptor", type=Path, help="of an .onnx file; the .toml file beside it unless named")
        activate = actions.add_parser("activate", help="search with this encoder as soon as it has embedded every face")
        _add_encoder(activate)
        activate.add_argument(
            "--without-failed", action="store_true", help="end a preparation though some faces could not be embedded"
        )
        actions.add_parser("cancel", help="stop preparing an encoder; what it has embedded stays")
        remove = actions.add_parser("remove", help="drop an encoder's embeddings and weights")
        _add_encoder(remove)
        calibrate = actions.add_parser(
            "calibrate", help="measure how often chance gives a score, or take it from a file"
        )
        _add_encoder(calibrate)
        calibrating.add_arguments(calibrate)

    @at_command_line()
    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(options)
        except (IdentificationError, EncoderUnavailable, WeightsUnavailable) as error:
            raise CommandError(str(error)) from error

    def _list(self, _: dict[str, Any]) -> None:
        rows = [_columns(standing) for standing in standings()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            self.stdout.write("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())

    def _fetch(self, options: dict[str, Any]) -> None:
        if options["name"] not in PINNED:
            raise CommandError(f"{options['name']} comes with the installed packages; there is nothing to fetch.")
        on_progress = _bar() if sys.stderr.isatty() else None
        encoder = installation.fetch_encoder(actor=None, name=options["name"], on_progress=on_progress)
        self.stdout.write(f"Fetched and checked: {encoder}")

    def _install(self, options: dict[str, Any]) -> None:
        encoder = installation.install_encoder(actor=None, file=options["file"], descriptor=options["descriptor"])
        self.stdout.write(f"Checked and installed: {encoder}")

    def _activate(self, options: dict[str, Any]) -> None:
        encoder = encoders.activate_encoder(
            actor=None,
            name=options["name"],
            version=options["version_of_encoder"],
            without_failed=options["without_failed"],
        )
        if encoder.active:
            self.stdout.write(f"Active: {encoder}")
            return
        self.stdout.write(
            f"In preparation: {encoder}, {coverage(encoder).in_words}. The worker goes on in the background; searches "
            "keep the active encoder until it is complete; `manage.py encoder list` says how far it is."
        )

    def _cancel(self, _: dict[str, Any]) -> None:
        encoder = encoders.cancel_preparation(actor=None)
        self.stdout.write(f"No longer in preparation: {encoder}. What it has embedded stays.")

    def _remove(self, options: dict[str, Any]) -> None:
        removal = installation.remove_encoder(actor=None, name=options["name"], version=options["version_of_encoder"])
        self.stdout.write(f"Removed: {removal.in_words}")

    def _calibrate(self, options: dict[str, Any]) -> None:
        calibrating.run(options, stdout=self.stdout, stderr=self.stderr)


def _add_encoder(parser: ArgumentParser) -> None:
    parser.add_argument("name")
    # Not `version`: Django's own option of that name prints its version and ends.
    parser.add_argument(
        "--of-version", dest="version_of_encoder", default="", help="where there are several of the name"
    )


def _columns(standing: Standing) -> tuple[str, ...]:
    encoder = standing.encoder
    sha256 = encoder.weights_sha256
    return (
        encoder.name,
        encoder.version,
        f"{encoder.dimension}-d",
        encoder.get_kind_display(),
        encoder.licence,
        f"{sha256[:8]}…{sha256[-8:]}",
        standing.in_words,
        "calibrated" if standing.calibration else "not calibrated",
        f"{standing.embeddings:,} embedding{'' if standing.embeddings == 1 else 's'}",
    )


def _bar() -> Progress:
    """A bar on the terminal, drawn anew for each per cent and ended at the last."""
    shown = -1

    def draw(done: int, total: int) -> None:
        nonlocal shown
        part = min(100, done * 100 // total)
        if part == shown:
            return
        shown = part
        filled = "#" * (part * 30 // 100)
        end = "\n" if done >= total else ""
        sys.stderr.write(f"\r[{filled:.<30}] {done / MEGABYTE:.0f} of {total / MEGABYTE:.0f} MB{end}")
        sys.stderr.flush()

    return draw
