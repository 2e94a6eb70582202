"""The life of an export: asked for, claimed under a lease, ready or failed, handed over, removed."""

import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import Agency, User
from accounts.policies import is_auditor
from audit import context, leases
from audit.models import Entry, Export
from audit.policies import can_export_log
from audit.selectors import NO_FILTERS, Filters
from audit.services import record
from config.celery import app as celery

logger = logging.getLogger(__name__)

# Filters that name a case, a person or a thing.
NAMING = frozenset({"case", "person", "subject_type", "subject_id"})
RUN = "audit.tasks.run_export"
CALL_AGAIN_AFTER = timedelta(seconds=60)
# Held while an export is claimed.
CLAIM_LOCK = 0x0C1A1
# How long this process calls nobody after Redis didn't answer.
SILENT_SECONDS = 30.0
_silent_until = 0.0


@transaction.atomic
def ask_export(
    *, actor: User | None, form: str, filters: Filters = NO_FILTERS, hold: Sequence[int] = (), call: bool = True
) -> Export:
    """Ask for an export; a worker is called once this is committed, unless the caller does the work itself.

    A person exports the log of their own agency. Actor None is the operator at the command line, who has the whole
    database anyway, and gets all agencies.
    """
    if actor is not None and not can_export_log(actor):
        raise PermissionDenied("Only an auditor or an administrator may export the log.")
    if form not in Export.Format.values:
        raise ValueError(f"An export is written as {', '.join(Export.Format.values)}, not {form!r}")
    export = Export.objects.create(
        asked_by=actor,
        agency=actor.agency if actor else None,
        format=form,
        filters=filters.as_payload(),
        hold=sorted(set(hold)),
    )
    record_about(
        export,
        actor=actor,
        kind="audit:export:asked/1",
        payload={"format": form} | ({"hold": export.hold} if hold else {}),
    )
    if call:
        transaction.on_commit(lambda: call_worker(export.pk), robust=True)
    return export


def record_about(export: Export, *, kind: str, payload: Mapping[str, Any], actor: User | None = None) -> Entry:
    """Record what became of an export, in the log of whoever its filters are about.

    The operator's belongs to no agency, and what belongs to none is everybody's to read. So it goes to the agency of
    the case and the person that it names; where that can't be told, or it is two, it says only that some were named.
    """
    agency, said = export.agency or _agency_named(export.filters), dict(export.filters)
    if agency is None and (named := sorted(NAMING & said.keys())):
        said = {key: value for key, value in said.items() if key not in NAMING} | {"not_said": named}
    about = Export(pk=export.pk, filters=said)  # an entry takes its case from its subject
    return record(kind=kind, actor=actor, subject=about, agency=agency, payload={"filters": said, **payload})


def _agency_named(filters: Mapping[str, Any]) -> Agency | None:
    """Return the one agency to which all that is named belongs, as far as the log knows."""
    found: set[int | None] = set()
    if case := filters.get("case"):
        found |= _or_unknown(Entry.objects.filter(case=case, agency__isnull=False).values_list("agency", flat=True))
    if person := filters.get("person"):
        found |= _or_unknown(User.objects.filter(pk=person).values_list("agency", flat=True))
    if "subject_id" in filters:
        found.add(None)
    only = found.pop() if len(found) == 1 else None
    return Agency.objects.get(pk=only) if only else None


def _or_unknown(agencies: QuerySet[Any, int]) -> set[int | None]:
    return set(agencies.order_by().distinct()) or {None}


def call_worker(export_id: uuid.UUID) -> None:
    """Tell some worker of it. May fail or be lost: the sweep calls again."""
    global _silent_until  # noqa: PLW0603  (one broker per process)
    if time.monotonic() < _silent_until:
        return
    try:
        celery.send_task(RUN, args=[str(export_id)], retry=False)
    except OperationalError as error:
        _silent_until = time.monotonic() + SILENT_SECONDS
        logger.warning("No worker can be called, exports wait in the database until one can: %s", error)


def exports(viewer: User) -> QuerySet[Export]:
    """Return the exports that somebody may see and download: their own, and to an auditor those of the agency."""
    if not can_export_log(viewer):
        return Export.objects.none()
    found = Export.objects.filter(agency=viewer.agency).select_related("asked_by", "agency")
    return found if is_auditor(viewer) else found.filter(asked_by=viewer)


@transaction.atomic
def hand_over(*, actor: User, export: Export) -> Path:
    """Return where the file of an export stands, after recording that it was downloaded."""
    if not exports(actor).filter(pk=export.pk, state=Export.State.READY).exists() or not export.file.exists():
        raise PermissionDenied("There is no such file for you, or it was removed.")
    record(
        kind="audit:export:downloaded/1",
        actor=actor,
        subject=export,
        agency=export.agency,
        payload={"format": export.format, "sha256": export.sha256, "bytes": export.bytes},
    )
    return export.file


@transaction.atomic
def claim(export_id: uuid.UUID) -> Export | None:
    """Take an export under a new lease and count the attempt; None when there is nothing to take.

    Of each agency one at most is written at a time; the operator's, at the command line, wait for nobody.
    """
    with connection.cursor() as cursor:  # until the commit: two that claim at once see each other
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])
    free = Export.objects.takeable().filter(attempts__lt=settings.JOB_MAX_ATTEMPTS)
    lease = leases.take(free, export_id, lease_time(), attempts=F("attempts") + 1, done=0, reason="")
    return Export.objects.select_related("asked_by", "agency").get(pk=export_id, lease=lease) if lease else None


def call_next(agency: Agency | None) -> None:
    """Tell a worker of the export that waited longest for its turn behind another of its agency.

    Where nobody lives to tell, the sweep does so once the lease of the one before has run out.
    """
    if agency is None:
        return
    following = Export.objects.takeable().filter(agency=agency, reason="", asked_by__isnull=False)
    if first := following.order_by("asked_at").first():
        with context.outside_requests():
            call_worker(first.pk)


def lease_time() -> timedelta:
    """Return how long a worker may say nothing."""
    return timedelta(seconds=settings.EXPORT_LEASE_SECONDS)


def keep(export: Export, **changes: Any) -> None:
    """Keep the lease and say how far the work came; LeaseLost where another worker has taken over."""
    leases.keep(export, lease_time(), **changes)


def finish(export: Export, **facts: Any) -> None:
    """Mark it ready, within the transaction that puts its file into its place."""
    _leave(export, state=Export.State.READY, finished_at=timezone.now(), reason="", done=F("total"), **facts)


def put_off(export: Export, *, reason: str) -> None:
    """Let it wait for what isn't there now; no attempt is counted, the sweep calls for it."""
    _leave(export, state=Export.State.WAITING, attempts=F("attempts") - 1, reason=reason, woken_at=timezone.now())


def give_back(export: Export, *, reason: str) -> None:
    """Let another worker try again, or give it up after the last attempt."""
    if export.attempts < settings.JOB_MAX_ATTEMPTS:
        _leave(export, state=Export.State.WAITING, reason=reason, woken_at=timezone.now())
    else:
        give_up(export, reason=reason)


def give_up(export: Export, *, reason: str) -> None:
    """Let it have failed, for this reason."""
    _leave(export, state=Export.State.FAILED, finished_at=timezone.now(), reason=reason)


def _leave(export: Export, **changes: Any) -> None:
    leases.change(export, lease=None, leased_until=None, **changes)


COMMAND_ENDED = "The command ended before the file was whole; run it again."
ENDED_WITHOUT_A_WORD = "The worker ended without a word each time; ask again, or ask your operator what ends it."


def sweep() -> int:
    """Call for exports that were forgotten, give up those that end their workers, remove old files; count the calls."""
    _remove_old()
    _remove_left_over()
    lost = Export.objects.claimable()
    _have_failed(lost.filter(attempts__gte=settings.JOB_MAX_ATTEMPTS), ENDED_WITHOUT_A_WORD)
    # The operator's are written at the command line, and by no worker.
    _have_failed(lost.filter(asked_by=None, state=Export.State.RUNNING), COMMAND_ENDED)
    return _call_for_waiting()


TAKEN_FROM_THE_COMMAND = "Something was erased from the log meanwhile, or it took too long to say a word; run it again."
ERASED = "Something that it may have held was erased from the log; ask for it again."


@transaction.atomic
def drop_what_may_hold(agency: Agency | None) -> None:
    """Remove the files that may hold what entries of an agency said, and end what is being written.

    What belongs to no agency is in everybody's. A worker that is at one loses it, and the next begins anew. A file that
    the operator has had written stands where only they know; `audit erase` says so.
    """
    may = Export.objects.filter(Q(agency=agency) | Q(agency=None)) if agency else Export.objects.all()
    _have_failed(may.filter(asked_by=None, state=Export.State.RUNNING), ERASED)
    may.filter(state=Export.State.RUNNING).update(
        state=Export.State.WAITING, lease=None, leased_until=None, attempts=F("attempts") - 1,
    )  # fmt: skip
    for export in may.filter(state=Export.State.READY, asked_by__isnull=False):
        _expire(export, reason=ERASED)


def _expire(export: Export, *, reason: str = "") -> None:
    """Remove its file; the row stays and says so."""
    export.file.unlink(missing_ok=True)
    Export.objects.filter(pk=export.pk, state=Export.State.READY).update(state=Export.State.EXPIRED, reason=reason)


def _have_failed(those: QuerySet[Export], reason: str) -> None:
    those.update(
        state=Export.State.FAILED, lease=None, leased_until=None, finished_at=timezone.now(), reason=reason
    )  # fmt: skip


def _call_for_waiting() -> int:
    now = timezone.now()
    waiting = Export.objects.takeable().filter(woken_at__lt=now - CALL_AGAIN_AFTER, asked_by__isnull=False)
    ids = list(waiting.order_by("asked_at").values_list("pk", flat=True))
    Export.objects.filter(pk__in=ids).update(woken_at=now)
    for pk in ids:
        call_worker(pk)
    return len(ids)


def _remove_old() -> None:
    """Remove files whose time is over; the operator's stand where only they know."""
    oldest = timezone.now() - timedelta(days=settings.EXPORT_KEEP_DAYS)
    ready = Export.objects.filter(state=Export.State.READY, asked_by__isnull=False)
    for export in ready.filter(finished_at__lt=oldest):
        _expire(export)


def _remove_left_over() -> None:
    """Remove what killed workers left: pieces that no lease holds any more."""
    held = {export.partial for export in Export.objects.filter(state=Export.State.RUNNING)}
    for piece in Path(settings.EXPORT_DIR).glob("*.partial"):
        if piece not in held:
            piece.unlink(missing_ok=True)
