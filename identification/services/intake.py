"""Cases are opened and photographs come in."""

from datetime import date
from typing import IO, Protocol

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from audit.services import record
from identification import imaging, policies, storage
from identification.models import Case, Gallery, Job, Photograph, Priority, RefusedFile, gallery_kind_of
from identification.policies import require
from identification.services.jobs import open_job


class HandedInFile(Protocol):
    """What Django's UploadedFile and File have in common."""

    @property
    def name(self) -> str | None: ...

    @property
    def size(self) -> int: ...

    def open(self, mode: str | None = None) -> IO[bytes]: ...


@transaction.atomic
def open_case(
    *, actor: User, purpose: str, place: str, occurred_on: date, authority: str, priority: int = Priority.ROUTINE
) -> Case:
    """Open a case of the actor's agency under the next number of the year."""
    require(policies.can_open_case(actor), "Opening a case needs the intake role.")
    case = Case.objects.create(
        agency=actor.agency,
        number=_next_number(actor),
        purpose=purpose,
        gallery_kind=gallery_kind_of(purpose),
        place=place,
        occurred_on=occurred_on,
        authority=authority,
        priority=priority,
        opened_by=actor,
    )
    record(kind="identification:case:opened/1", actor=actor, subject=case, purpose=purpose)
    return case


def _next_number(actor: User) -> str:
    """Return the next case number; an advisory lock until commit keeps two from drawing the same."""
    year = timezone.localdate().year
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('case number'), %s)", [actor.agency_id])
    numbers = Case.objects.filter(agency=actor.agency, number__startswith=f"{year}-").values_list("number", flat=True)
    return f"{year}-{max((int(number[5:]) for number in numbers), default=0) + 1:04d}"


def receive_photograph(
    *, actor: User, file: HandedInFile, case: Case | None = None, gallery: Gallery | None = None
) -> Photograph | RefusedFile:
    """Keep a file and owe its analysis, or refuse it with a sentence; other files are not touched by that."""
    home = case or gallery
    require(
        home is not None and policies.can_enrol(actor, home) if gallery else policies.can_add_photographs(actor, home),
        "Adding photographs needs the intake role in this agency.",
    )
    try:
        data = _read(file)
        facts = imaging.inspect(data, limits=limits())
        with transaction.atomic():
            return _keep(actor=actor, file=file, data=data, facts=facts, case=case, gallery=gallery)
    except imaging.UnusableImage as refusal:
        return _refuse(actor=actor, file=file, refusal=refusal, case=case, gallery=gallery)


@transaction.atomic
def try_again(*, actor: User, photograph: Photograph) -> None:
    """Owe the analysis of a photograph that was set aside once more; its original is there as it came."""
    require(policies.can_enrol(actor, photograph), "Trying again needs the intake role in this agency.")
    aside = Photograph.objects.filter(pk=photograph.pk, state=Photograph.State.QUARANTINED)
    if aside.update(state=Photograph.State.WAITING, reason="") == 1:
        open_job(kind=Job.Kind.ANALYSE_PHOTOGRAPH, subject_id=photograph.pk)
        record(kind="identification:photograph:tried-again/1", actor=actor, subject=photograph)


def limits() -> imaging.Limits:
    """Return how large a file and a photograph may be, from the settings."""
    return imaging.Limits(max_bytes=settings.UPLOAD_MAX_BYTES, max_pixels=settings.UPLOAD_MAX_PIXELS)


def _read(file: HandedInFile) -> bytes:
    """Read the file, though not more than shows that it is too large."""
    with file.open("rb") as stream:
        return stream.read(settings.UPLOAD_MAX_BYTES + 1)


def _keep(
    *,
    actor: User,
    file: HandedInFile,
    data: bytes,
    facts: imaging.ImageFacts,
    case: Case | None,
    gallery: Gallery | None,
) -> Photograph:
    photograph = Photograph(
        case=case,
        gallery=gallery,
        uploaded_by=actor,
        file_name=_short_name(file),
        sha256=storage.keep_original(data),
        byte_size=len(data),
        media_format=facts.format,
        width=facts.width,
        height=facts.height,
    )
    _save_once(photograph)
    open_job(kind=Job.Kind.ANALYSE_PHOTOGRAPH, subject_id=photograph.pk)
    home = case or gallery
    assert home is not None
    record(
        kind="identification:photograph:received/1",
        actor=actor,
        subject=photograph,
        purpose=case.purpose if case else "",
        payload={"home": str(home.pk), "sha256": photograph.sha256, "bytes": len(data)},
    )
    return photograph


def _save_once(photograph: Photograph) -> None:
    try:
        with transaction.atomic():
            photograph.save(force_insert=True)
    except IntegrityError as error:
        if "photograph_once_per" not in str(error):
            raise
        raise SameFileTwice(photograph) from error


class SameFileTwice(imaging.UnusableImage):
    """The very same bytes are in the case or gallery already; the sentence says what became of them."""

    def __init__(self, again: Photograph) -> None:
        self.code = "same-file-twice"
        where = "case" if again.case else "gallery"
        earlier = Photograph.objects.filter(case=again.case, gallery=again.gallery, sha256=again.sha256).first()
        told = earlier.reason if earlier and earlier.reason else "Nothing was added; there is nothing to do."
        Exception.__init__(self, f"This very file is in the {where} already. {told}")


@transaction.atomic
def _refuse(
    *,
    actor: User,
    file: HandedInFile,
    refusal: imaging.UnusableImage,
    case: Case | None,
    gallery: Gallery | None,
) -> RefusedFile:
    refused = RefusedFile.objects.create(
        case=case,
        gallery=gallery,
        uploaded_by=actor,
        file_name=_short_name(file),
        byte_size=file.size,
        code=refusal.code,
        reason=str(refusal),
    )
    record(
        kind="identification:photograph:refused/1",
        actor=actor,
        subject=refused,
        payload={"code": refusal.code, "bytes": file.size},
    )
    return refused


def _short_name(file: HandedInFile) -> str:
    """Return the sender's name for the file, without path and characters that can't be seen."""
    name = (file.name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(filter(str.isprintable, name))[-255:] or "unnamed"
