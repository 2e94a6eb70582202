"""Where each encoder stands: in use, in preparation and how far, installed, removed; and which faces it still lacks.

Encoders serve every agency of an installation, so none of this is one viewer's; what is told are counts.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from identification.models import Calibration, Embedding, Encoder, Face, FaceCorrection, Job
from identification.recognition import encoders
from identification.recognition.encoders import SHIPPED, EncoderSpec
from identification.recognition.encoders.onnx import installed_path


def faces_without(encoder: Encoder) -> QuerySet[Face]:
    """The standing faces that an encoder has not embedded, in no order: anti-joins, which end at a limit."""
    replaced = FaceCorrection.objects.filter(finding=OuterRef("pk"))
    embedded = Embedding.objects.filter(face=OuterRef("pk"), encoder=encoder)
    return Face.objects.order_by().filter(~Exists(replaced), ~Exists(embedded))


def faces_to_embed(encoder: Encoder) -> QuerySet[Face]:
    """Those of them that nothing is under way for and that have not failed."""
    jobs = Job.objects.filter(kind=Job.Kind.EMBED_FACE, subject_id=OuterRef("pk"))
    return faces_without(encoder).filter(~Exists(jobs.unfinished()), ~Exists(_failed(jobs, encoder)))


def next_to_embed(encoder: Encoder, number: int) -> list[UUID]:
    """The ids of up to so many of those: references first, then probes, then the rest.

    One query after the other and none of them sorted, so that each ends at its limit.
    """
    faces, found = faces_to_embed(encoder), list[UUID]()
    references, others = faces.filter(reference__isnull=False), faces.filter(reference__isnull=True)
    for some in (references, others.filter(probe__isnull=False), others.filter(probe__isnull=True)):
        if len(found) < number:
            found += some.values_list("pk", flat=True)[: number - len(found)]
    return found


def faces_that_failed(encoder: Encoder) -> QuerySet[Face]:
    """Those whose embedding was given up since the encoder was chosen."""
    jobs = Job.objects.filter(kind=Job.Kind.EMBED_FACE, subject_id=OuterRef("pk"))
    return faces_without(encoder).filter(Exists(_failed(jobs, encoder)))


def _failed(jobs: QuerySet[Job], encoder: Encoder) -> QuerySet[Job]:
    since = encoder.prepared_since if encoder.preparing else encoder.activated_at
    given_up = jobs.filter(state=Job.State.QUARANTINED)
    return given_up.filter(created_at__gte=since) if since else given_up


@dataclass(frozen=True)
class Coverage:
    """How many of the standing faces an encoder has embedded, and for how many that was given up."""

    faces: int
    embedded: int
    failed: int

    @property
    def done(self) -> int:
        return self.embedded + self.failed

    @property
    def waiting(self) -> int:
        return self.faces - self.done

    @property
    def in_words(self) -> str:
        """Say it in counts: "397 of 400 faces, 3 could not be embedded"."""
        noun = "face" if self.faces == 1 else "faces"
        failed = f", {self.failed} could not be embedded" if self.failed else ""
        return f"{self.embedded} of {self.faces} {noun}{failed}"


def coverage(encoder: Encoder) -> Coverage:
    """How far an encoder's embeddings are complete; one that has no row yet has embedded nothing."""
    faces = Face.objects.standing().count()
    if encoder.pk is None:
        return Coverage(faces, 0, 0)
    without = faces_without(encoder).count()
    counts = without and (encoder.active or encoder.preparing)
    return Coverage(faces, faces - without, faces_that_failed(encoder).count() if counts else 0)


@dataclass(frozen=True)
class Standing:
    """One encoder as people see it."""

    encoder: Encoder
    installed: bool
    runs_here: bool
    embeddings: int
    calibration: Calibration | None
    coverage: Coverage | None  # of the active one and of the one in preparation

    @property
    def in_words(self) -> str:
        """Where it stands, as a word or a few."""
        encoder = self.encoder
        if encoder.preparing and self.coverage:
            return f"in preparation, {self.coverage.in_words}"
        if encoder.active:
            short = self.coverage and self.coverage.embedded < self.coverage.faces
            return f"active, {self.coverage.in_words}" if self.coverage and short else "active"
        if encoder.removed_at:
            return "removed"
        if not self.runs_here:
            return "of another release"
        return "installed" if self.installed else "not installed"

    @property
    def can_be_activated(self) -> bool:
        return self.runs_here and self.installed and not (self.encoder.active or self.encoder.preparing)

    @property
    def waits_for_a_decision(self) -> bool:
        """Whether a preparation has nothing left but faces that could not be embedded."""
        reached = self.coverage
        return self.encoder.preparing and reached is not None and reached.failed > 0 and reached.waiting == 0

    @property
    def since(self) -> datetime | None:
        encoder = self.encoder
        return encoder.activated_at if encoder.active else encoder.prepared_since if encoder.preparing else None


def standings() -> list[Standing]:
    """Every encoder that is shipped or was ever installed, the one in use first, then the one in preparation."""
    rows = list(Encoder.objects.all())
    known = {(row.name, row.version) for row in rows}
    rows += [from_spec(spec) for spec in SHIPPED.values() if (spec.name, spec.version) not in known]
    rows.sort(key=lambda row: (not row.active, not row.preparing, row.removed_at is not None, row.name, row.version))
    return [_standing(row) for row in rows]


def standing_of(encoder: Encoder) -> Standing:
    """Where one encoder stands."""
    return _standing(encoder)


def _standing(encoder: Encoder) -> Standing:
    kept = encoder.pk is not None
    return Standing(
        encoder=encoder,
        installed=is_installed(encoder),
        runs_here=runs_here(encoder),
        embeddings=Embedding.objects.filter(encoder=encoder).count() if kept else 0,
        calibration=Calibration.objects.filter(encoder=encoder).first() if kept else None,
        coverage=coverage(encoder) if encoder.active or encoder.preparing else None,
    )


def from_spec(spec: EncoderSpec) -> Encoder:
    """The unsaved row of a shipped encoder."""
    return Encoder(
        name=spec.name,
        version=spec.version,
        dimension=spec.dimension,
        weights_sha256=spec.weights_sha256,
        licence=spec.licence,
        source=spec.source,
        alignment=spec.alignment,
    )


def runs_here(encoder: Encoder) -> bool:
    """Whether this release knows how to run the encoder: of a shipped one it runs the version that it ships."""
    if encoder.kind == Encoder.Kind.ONNX:
        return True
    return encoder.name in SHIPPED and SHIPPED[encoder.name].version == encoder.version


def is_installed(encoder: Encoder) -> bool:
    """Whether the encoder's weights are there; their checksum is verified when they are loaded."""
    if encoder.kind == Encoder.Kind.ONNX:
        return installed_path(encoder.weights_sha256, weights_dir=settings.WEIGHTS_DIR).is_file()
    return runs_here(encoder) and encoders.is_available(encoder.name, weights_dir=settings.WEIGHTS_DIR)


def held_up() -> str:
    """Why faces can't be embedded at the moment, as the last worker that tried said; empty where nothing stops them.

    A job that no worker could begin has used up no attempt; one whose face failed has.
    """
    waits = Job.objects.filter(kind=Job.Kind.EMBED_FACE, state=Job.State.DUE, attempts=0).exclude(last_error="")
    return waits.order_by("-woken_at").values_list("last_error", flat=True).first() or ""
