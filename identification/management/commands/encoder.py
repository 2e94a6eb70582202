"""`manage.py encoder list | fetch NAME | install FILE [--name NAME] | activate NAME`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from identification.errors import IdentificationError
from identification.models import Encoder
from identification.recognition import weights
from identification.recognition.encoders import SHIPPED, EncoderUnavailable, is_available
from identification.services import encoders


class Command(BaseCommand):
    """Show, install and activate encoders."""

    help = "Show, install and activate the models that turn faces into embeddings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="which encoders there are, installed and active")
        fetch = actions.add_parser("fetch", help="fetch weights from their published address")
        fetch.add_argument("name", choices=SHIPPED)
        install = actions.add_parser("install", help="install weights from a file")
        install.add_argument("file", type=Path)
        install.add_argument("--name", choices=SHIPPED, default="facenet-vggface2")
        activate = actions.add_parser("activate", help="embed and search with this encoder from now on")
        activate.add_argument("name", choices=SHIPPED)

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(options)
        except (IdentificationError, EncoderUnavailable, weights.WeightsUnavailable) as error:
            raise CommandError(str(error)) from error

    def _list(self, _: dict[str, Any]) -> None:
        active = Encoder.objects.filter(active=True).values_list("name", flat=True).first()
        for name, spec in SHIPPED.items():
            installed = is_available(name, weights_dir=settings.WEIGHTS_DIR)
            standing = "active" if name == active else "installed" if installed else "not installed"
            self.stdout.write(f"{name:20} {spec.dimension:4}-d  {standing:14} {spec.licence}")

    def _fetch(self, options: dict[str, Any]) -> None:
        path = weights.fetch(options["name"], weights_dir=settings.WEIGHTS_DIR)
        self.stdout.write(f"Fetched and checked: {path}")

    def _install(self, options: dict[str, Any]) -> None:
        path = encoders.install_encoder(actor=None, name=options["name"], file=options["file"])
        self.stdout.write(f"Checked and installed: {path}")

    def _activate(self, options: dict[str, Any]) -> None:
        encoder = encoders.activate_encoder(actor=None, name=options["name"])
        self.stdout.write(f"Active: {encoder}")
