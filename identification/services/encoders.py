"""The encoder in use is a row in the database; its weights are a file that was checked."""

from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.services import record
from identification.errors import IdentificationError, NotReady
from identification.models import Embedding, Encoder
from identification.recognition import weights
from identification.recognition.encoders import SHIPPED, is_available


class NoActiveEncoder(NotReady):
    """Nothing can be embedded or searched before an encoder is active."""


class UnknownEncoder(IdentificationError):
    """No such encoder is shipped."""


def active_encoder() -> Encoder:
    """Return the encoder that embeds and searches; NoActiveEncoder says what to do when there is none."""
    encoder = Encoder.objects.filter(active=True).first()
    if encoder is None:
        raise NoActiveEncoder("No encoder is active. Run `manage.py encoder activate dlib-resnet-v1`.")
    return encoder


@transaction.atomic
def install_encoder(*, actor: User | None, name: str, file: Path) -> Path:
    """Install weights from a file after checking them against the pinned SHA-256."""
    encoder = _registered(name)
    installed = weights.install(file, name, weights_dir=settings.WEIGHTS_DIR)
    record(kind="identification:encoder:installed/1", actor=actor, subject=encoder, payload=_facts(encoder))
    return installed


@transaction.atomic
def activate_encoder(*, actor: User | None, name: str) -> Encoder:
    """Make an encoder the one in use.

    Refused while references are embedded by another: they would drop out of every search.
    """
    encoder = _registered(name)
    if encoder.active:
        return encoder
    others = Embedding.objects.exclude(encoder=encoder).count()
    if others:
        raise IdentificationError(
            f"{others} faces are embedded by another encoder and could not be compared any more. "
            "Keep the active encoder, or begin with an empty database."
        )
    if not is_available(name, weights_dir=settings.WEIGHTS_DIR):
        raise IdentificationError(f"The weights of {name} are not installed: `manage.py encoder fetch {name}` first.")
    Encoder.objects.filter(active=True).update(active=False)
    Encoder.objects.filter(pk=encoder.pk).update(active=True, activated_at=timezone.now())
    record(kind="identification:encoder:activated/1", actor=actor, subject=encoder, payload=_facts(encoder))
    return Encoder.objects.get(pk=encoder.pk)


def _registered(name: str) -> Encoder:
    """Return the row of a shipped encoder, made from its specification at first use."""
    if name not in SHIPPED:
        raise UnknownEncoder(f"There is no encoder named {name}. Shipped are {', '.join(SHIPPED)}.")
    spec = SHIPPED[name]
    encoder, _ = Encoder.objects.get_or_create(
        name=spec.name,
        version=spec.version,
        defaults={
            "dimension": spec.dimension,
            "weights_sha256": spec.weights_sha256,
            "licence": spec.licence,
            "source": spec.source,
            "alignment": spec.alignment,
        },
    )
    return encoder


def _facts(encoder: Encoder) -> dict[str, str]:
    return {"name": encoder.name, "version": encoder.version, "weights_sha256": encoder.weights_sha256}
