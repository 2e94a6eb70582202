"""The encoder in use is a row in the database; its weights are a file that was checked.

Another one takes over only when it has embedded every face: until then searches go on with the old one, and the
change itself is one transaction.
"""

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from audit.services import record
from identification import policies
from identification.encoder_standing import coverage, faces_without, from_spec, is_installed, runs_here
from identification.errors import IdentificationError, NotReady
from identification.models import Encoder
from identification.policies import require
from identification.recognition import runtime
from identification.recognition.encoders import SHIPPED, OnnxModel
from identification.recognition.encoders.base import Encoder as Model
from identification.recognition.encoders.descriptor import parsed

NEEDS_ADMINISTRATOR = "Choosing the encoder needs the administrator role."
# Whoever changes which encoder is used, installed or removed does so alone; the number is ours.
_ONE_AT_A_TIME = 0x656E636F  # "enco"


class NoActiveEncoder(NotReady):
    """Nothing can be embedded or searched before an encoder is active."""


class UnknownEncoder(IdentificationError):
    """No such encoder is shipped or installed."""


def active_encoder() -> Encoder:
    """Return the encoder that embeds and searches; NoActiveEncoder says what to do when there is none."""
    encoder = Encoder.objects.filter(active=True).first()
    if encoder is None:
        raise NoActiveEncoder("No encoder is active. Run `manage.py encoder activate dlib-resnet-v1`.")
    return encoder


def find_encoder(name: str, version: str = "") -> Encoder:
    """Return an encoder's row: of a shipped one the version of this release, unless another is named.

    The row of a shipped one is made at first use. UnknownEncoder where there is none, or there are several versions
    and none is named.
    """
    if name in SHIPPED and version in ("", SHIPPED[name].version):
        return _of_this_release(name)
    rows = Encoder.objects.filter(name=name, **({"version": version} if version else {}))
    if len(rows) > 1:
        rows = rows.filter(removed_at__isnull=True)
    if len(rows) == 1:
        return rows[0]
    if len(rows) > 1:
        there = " and ".join(row.version for row in rows)
        raise UnknownEncoder(f"Of {name} there are the versions {there}. Say which with --of-version.")
    wanted = f"{name} {version}".strip()
    known = sorted({*SHIPPED, *Encoder.objects.values_list("name", flat=True)})
    raise UnknownEncoder(f"There is no encoder named {wanted}. There are {', '.join(known)}.")


def _of_this_release(name: str) -> Encoder:
    fresh = from_spec(SHIPPED[name])
    facts = ("dimension", "weights_sha256", "licence", "source", "alignment")
    defaults = {field: getattr(fresh, field) for field in facts}
    return Encoder.objects.get_or_create(name=fresh.name, version=fresh.version, defaults=defaults)[0]


def model_of(encoder: Encoder) -> Model:
    """Return this process's model of an encoder, loaded at first use; NotReady says why it can't be."""
    if not runs_here(encoder):
        raise NotReady(
            f"{encoder} isn't an encoder of this release. Run `manage.py encoder activate {encoder.name}`: the faces "
            "are embedded again by the version that is, and searched with it from then on."
        )
    try:
        return runtime.encoder(
            encoder.name,
            weights_dir=settings.WEIGHTS_DIR,
            device=settings.DEVICE,
            threads=settings.RECOGNITION_THREADS,
            onnx=_onnx(encoder),
        )
    except Exception as error:
        raise NotReady(f"{encoder} can't be loaded here: {error}") from error


def _onnx(encoder: Encoder) -> OnnxModel | None:
    if encoder.kind != Encoder.Kind.ONNX:
        return None
    return OnnxModel(parsed(encoder.descriptor), encoder.weights_sha256)


@transaction.atomic
def activate_encoder(*, actor: User | None, name: str, version: str = "", without_failed: bool = False) -> Encoder:
    """Make an encoder the one in use: at once where it has embedded every face, else after its preparation.

    without_failed: end a preparation in which nothing is left but faces that could not be embedded.
    """
    permit(actor)
    alone()
    encoder = find_encoder(name, version)
    if encoder.active:
        return encoder
    _refuse_unusable(encoder)
    lock_encoders()
    nobody_active = not Encoder.objects.filter(active=True).exists()
    if nobody_active or not faces_without(encoder).exists():
        return _switch(encoder, actor=actor)
    if not encoder.preparing:
        return _begin(encoder, actor=actor)
    return _switch_without_failed(encoder, actor=actor) if without_failed else encoder


@transaction.atomic
def cancel_preparation(*, actor: User | None) -> Encoder:
    """Stop preparing an encoder. What it has embedded stays, so that it can be taken up again."""
    permit(actor)
    alone()
    encoder = Encoder.objects.filter(preparing=True).first()
    if encoder is None:
        raise IdentificationError("No encoder is in preparation.")
    done = coverage(encoder)
    Encoder.objects.filter(pk=encoder.pk).update(preparing=False, prepared_since=None)
    payload = facts(encoder) | {"faces": done.faces, "embedded": done.embedded}
    record(kind="identification:encoder:preparation-cancelled/1", actor=actor, subject=encoder, payload=payload)
    return Encoder.objects.get(pk=encoder.pk)


@transaction.atomic
def complete_preparation() -> Encoder | None:
    """Let the encoder in preparation take over once it has embedded every face; None while it hasn't."""
    if not _is_complete():
        return None
    alone()
    lock_encoders()
    encoder = Encoder.objects.filter(preparing=True).first()
    return _switch(encoder, actor=None) if encoder and _is_complete() else None


def _is_complete() -> bool:
    encoder = Encoder.objects.filter(preparing=True).first()
    return encoder is not None and not faces_without(encoder).exists()


def _refuse_unusable(encoder: Encoder) -> None:
    other = Encoder.objects.filter(preparing=True).exclude(pk=encoder.pk).first()
    if other:
        raise IdentificationError(f"{other} is in preparation. Wait for it, or stop it: `manage.py encoder cancel`.")
    if not runs_here(encoder):
        raise IdentificationError(f"{encoder} isn't an encoder of this release, so nothing can be embedded by it.")
    if not is_installed(encoder):
        way = "install its file" if encoder.kind == Encoder.Kind.ONNX else f"`manage.py encoder fetch {encoder.name}`"
        raise IdentificationError(f"The weights of {encoder.name} are not installed: {way} first.")


def _begin(encoder: Encoder, *, actor: User | None) -> Encoder:
    """From now on new faces are embedded by both, and the others are caught up on in the background."""
    Encoder.objects.filter(pk=encoder.pk).update(preparing=True, prepared_since=timezone.now(), removed_at=None)
    begun = Encoder.objects.get(pk=encoder.pk)
    payload = facts(begun) | {"faces": coverage(begun).waiting}
    record(kind="identification:encoder:preparation-started/1", actor=actor, subject=begun, payload=payload)
    return begun


def _switch_without_failed(encoder: Encoder, *, actor: User | None) -> Encoder:
    reached = coverage(encoder)
    if reached.waiting:
        noun = "face is" if reached.waiting == 1 else "faces are"
        raise IdentificationError(f"{reached.waiting} {noun} still to be embedded by {encoder}. Wait until none is.")
    return _switch(encoder, actor=actor, left_out=reached.failed)


def _switch(encoder: Encoder, *, actor: User | None, left_out: int = 0) -> Encoder:
    """Let an encoder take over from the active one, in the caller's transaction and with all encoders locked."""
    replaced = Encoder.objects.filter(active=True).first()
    Encoder.objects.filter(active=True).update(active=False)
    taken = Encoder.objects.filter(pk=encoder.pk, active=False).update(
        active=True, activated_at=timezone.now(), preparing=False, prepared_since=None, removed_at=None
    )
    assert taken == 1, "the rows are locked"
    payload = facts(encoder)
    if replaced:
        payload |= {"replaces": str(replaced)}
    if left_out:
        payload |= {"left_out": left_out}
    record(kind="identification:encoder:activated/1", actor=actor, subject=encoder, payload=payload)
    return Encoder.objects.get(pk=encoder.pk)


def alone() -> None:
    """Wait for whoever else changes which encoders are used or installed, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])


def lock_encoders() -> None:
    """Wait for every transaction that has written an embedding, and let none write one until this one ends.

    A writer's foreign key holds its encoder's row FOR KEY SHARE, which FOR UPDATE waits for. So a face is either seen
    here, or its writer sees afterwards that another encoder is wanted (services/analysis.py).
    """
    list(Encoder.objects.order_by("pk").select_for_update())


def facts(encoder: Encoder) -> dict[str, object]:
    """What an entry of the log says about an encoder."""
    return {"name": encoder.name, "version": encoder.version, "weights_sha256": encoder.weights_sha256}


def permit(actor: User | None) -> None:
    """Let an administrator, or whoever is at the command line."""
    require(actor is None or policies.can_choose_encoder(actor), NEEDS_ADMINISTRATOR)
