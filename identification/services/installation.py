"""Encoders are installed from a file, fetched, and removed; a file is there whole and checked, or not at all."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from audit.services import record
from identification.errors import IdentificationError
from identification.models import Embedding, Encoder
from identification.recognition import weights
from identification.recognition.encoders import SHIPPED, OnnxModel
from identification.recognition.encoders.descriptor import read_descriptor
from identification.recognition.encoders.onnx import installed_path, placing_model
from identification.services.encoders import UnknownEncoder, alone, facts, find_encoder, permit

# Searches and candidates are evidence: the vectors that they rest on stay.
_DELETE_UNUSED = """
DELETE FROM identification_embedding AS embedding
WHERE embedding.encoder_id = %s
  AND NOT EXISTS (SELECT FROM identification_search WHERE embedding_id = embedding.id)
  AND NOT EXISTS (SELECT FROM identification_candidate WHERE embedding_id = embedding.id)
"""


@dataclass(frozen=True)
class Removal:
    """What a removal came to: embeddings deleted, and those kept because a search or candidate rests on them."""

    encoder: Encoder
    deleted: int
    kept: int

    @property
    def in_words(self) -> str:
        """Say it in counts."""
        kept = f", {self.kept} kept that searches rest on" if self.kept else ""
        return f"{self.encoder}, {self.deleted} embedding{'' if self.deleted == 1 else 's'} deleted{kept}"


def install_encoder(*, actor: User | None, file: Path, descriptor: Path | None = None) -> Encoder:
    """Install an encoder from a file: an ONNX model with its descriptor, or the pinned weights of a shipped one."""
    permit(actor)
    if file.suffix.lower() == ".onnx":
        return _install_onnx(actor=actor, file=file, described=descriptor or file.with_suffix(".toml"))
    if descriptor is not None:
        raise IdentificationError(f"A descriptor belongs to an .onnx file, and {file.name} isn't one.")
    return _install_pinned(actor=actor, file=file)


@transaction.atomic
def _install_pinned(*, actor: User | None, file: Path) -> Encoder:
    # A file that is none of them is compared with the first, whose sentence says what is wrong with it.
    name = weights.recognised(file) or next(iter(weights.PINNED))
    alone()
    encoder = _brought_back(find_encoder(name))
    weights.install(file, name, weights_dir=settings.WEIGHTS_DIR)
    record(kind="identification:encoder:installed/1", actor=actor, subject=encoder, payload=facts(encoder))
    return encoder


@transaction.atomic
def fetch_encoder(*, actor: User | None, name: str, on_progress: weights.Progress | None = None) -> Encoder:
    """Install a shipped encoder's weights from their published address; nothing to do where they are there."""
    permit(actor)
    if name not in SHIPPED:
        raise UnknownEncoder(f"{name} has no published address. Fetched can be {', '.join(weights.PINNED)}.")
    there = name in weights.PINNED and weights.is_installed(name, weights_dir=settings.WEIGHTS_DIR)
    # The longest part first: nobody is to wait for a lock meanwhile.
    weights.fetch(name, weights_dir=settings.WEIGHTS_DIR, on_progress=on_progress)
    alone()
    encoder = _brought_back(find_encoder(name))
    if not there:
        record(kind="identification:encoder:installed/1", actor=actor, subject=encoder, payload=facts(encoder))
    return encoder


def _install_onnx(*, actor: User | None, file: Path, described: Path) -> Encoder:
    """The file takes its place when the row has been written, and both vanish when either can't be."""
    descriptor = read_descriptor(described)
    if descriptor.name in SHIPPED:
        raise IdentificationError(f"{descriptor.name} is shipped. Give the model another name in {described.name}.")
    with transaction.atomic(), placing_model(file, descriptor, weights_dir=settings.WEIGHTS_DIR) as model:
        alone()
        encoder = _brought_back(_row_of(model))
        payload = facts(encoder) | {"dimension": encoder.dimension}
        record(kind="identification:encoder:installed/1", actor=actor, subject=encoder, payload=payload)
        return encoder


def _row_of(model: OnnxModel) -> Encoder:
    """The row of an ONNX model; refused where its name and version mean something else already."""
    spec, described = model.spec, model.descriptor.as_dict()
    encoder, made = Encoder.objects.get_or_create(
        name=spec.name,
        version=spec.version,
        defaults={
            "kind": Encoder.Kind.ONNX,
            "dimension": spec.dimension,
            "weights_sha256": spec.weights_sha256,
            "licence": spec.licence,
            "source": spec.source,
            "alignment": spec.alignment,
            "descriptor": described,
        },
    )
    if not made and (encoder.weights_sha256, encoder.descriptor) != (spec.weights_sha256, described):
        what = "descriptor" if encoder.weights_sha256 == spec.weights_sha256 else "file"
        raise IdentificationError(
            f"{encoder} is installed with another {what}, and embeddings are comparable only within one. Give the new "
            "one another version in its descriptor."
        )
    return encoder


def _brought_back(encoder: Encoder) -> Encoder:
    Encoder.objects.filter(pk=encoder.pk).update(removed_at=None)
    return Encoder.objects.get(pk=encoder.pk)


@transaction.atomic
def remove_encoder(*, actor: User | None, name: str, version: str = "") -> Removal:
    """Drop an encoder's embeddings and weights; what searches and candidates rest on is evidence and stays."""
    permit(actor)
    alone()
    encoder = Encoder.objects.select_for_update().get(pk=find_encoder(name, version).pk)
    if encoder.active:
        raise IdentificationError(f"{encoder} is active. Activate another encoder first.")
    if encoder.preparing:
        raise IdentificationError(f"{encoder} is in preparation. Stop that first: `manage.py encoder cancel`.")
    removal = Removal(encoder, _delete_unused(encoder), Embedding.objects.filter(encoder=encoder).count())
    payload = facts(encoder) | {"embeddings_deleted": removal.deleted, "embeddings_kept": removal.kept}
    record(kind="identification:encoder:removed/1", actor=actor, subject=encoder, payload=payload)
    if removal.kept or encoder.calibrations.exists():
        Encoder.objects.filter(pk=encoder.pk).update(removed_at=timezone.now())
    else:
        Encoder.objects.filter(pk=encoder.pk).delete()
    for file in _own_files(encoder):
        transaction.on_commit(lambda file=file: file.unlink(missing_ok=True))  # type: ignore[misc]
    return removal


def _delete_unused(encoder: Encoder) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_DELETE_UNUSED, [encoder.pk])
        return int(cursor.rowcount)


def _own_files(encoder: Encoder) -> list[Path]:
    """The files that nobody else needs; never those inside an installed package."""
    if encoder.kind == Encoder.Kind.ONNX:
        same = Encoder.objects.filter(weights_sha256=encoder.weights_sha256, removed_at__isnull=True)
        path = installed_path(encoder.weights_sha256, weights_dir=settings.WEIGHTS_DIR)
        return [] if same.exclude(pk=encoder.pk).exists() else [path]
    pinned = weights.PINNED.get(encoder.name)
    return [settings.WEIGHTS_DIR / pinned.filename] if pinned and pinned.sha256 == encoder.weights_sha256 else []
