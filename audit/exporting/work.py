"""What a worker does about an export."""

import hashlib
import logging
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from django.db import OperationalError, transaction

from audit.exporting import jobs
from audit.exporting.bundle import write_bundle
from audit.exporting.errors import CantExport, LeaseLost, Overtaken, PutOff
from audit.exporting.table import write_table
from audit.models import Entry, Export
from audit.policies import can_export_log
from audit.proofs import NoProof

logger = logging.getLogger(__name__)

SAY_EVERY_SECONDS = 1.0
BEGIN_AGAIN = 3
PIECE = 1 << 20
Told = Callable[[int, int], None]


def run_export(*, export_id: uuid.UUID) -> None:
    """Write an export unless somebody else does or did; what it waits for, and why it failed, stands in its row."""
    export = jobs.claim(export_id)
    if export is None:
        return
    try:
        _do(export)
    except LeaseLost:
        logger.warning("Export %s was taken over by another worker; this file is dropped.", export.pk)
    finally:
        export.partial.unlink(missing_ok=True)
    jobs.call_next(export.agency)


def _do(export: Export) -> None:
    try:
        write(export)
    except LeaseLost:
        raise
    except PutOff as wait:
        jobs.put_off(export, reason=str(wait))
    except (CantExport, NoProof) as never:
        jobs.give_up(export, reason=str(never))
    except OSError as problem:
        jobs.give_back(export, reason=f"The file can't be written: {problem.strerror or problem}.")
    except OperationalError:
        raise  # the database is away, and with it the row: its lease runs out
    except Exception as error:
        logger.exception("Export %s failed at attempt %s.", export.pk, export.attempts)
        jobs.give_back(
            export, reason=f"It failed ({type(error).__name__}); what is known stands in the worker's own log."
        )


def write(export: Export, *, to: Path | None = None, tell: Told | None = None) -> None:
    """Write a claimed export into the private folder, or to another place for the operator; it ends ready."""
    if export.asked_by is not None and not can_export_log(export.asked_by):
        raise CantExport("Whoever asked for it may not export the log any more.")
    place = to or export.file
    partial = to.with_name(f"{to.name}.{uuid.uuid4().hex}.partial") if to else export.partial
    try:
        for _ in range(BEGIN_AGAIN):
            try:
                facts = _written(export, partial, _Telling(export, tell))
                break
            except Overtaken as overtaken:
                reason = overtaken
        else:
            raise PutOff(f"{reason} It is begun again later.")
        with transaction.atomic():
            # First, and waiting for whoever may be taking it over: without the lease nothing may be put into its place.
            jobs.finish(export, **facts)
            partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)


def _written(export: Export, partial: Path, telling: "_Telling") -> dict[str, Any]:
    with _private(partial) as out:
        if export.format == Export.Format.BUNDLE:
            entries = write_bundle(
                export, out, progress=telling, recorded=lambda *said: _record_bundle(export, *said)
            )  # fmt: skip
        else:
            entries, sha256, size = write_table(export, out, progress=telling)
            _record_made(export, entries=entries, file_sha256=sha256, size=size)
        out.flush()
        os.fsync(out.fileno())
    return {"entries": entries, "bytes": partial.stat().st_size, "sha256": _sha256_of(partial, telling)}


def _private(path: Path) -> BinaryIO:
    """Open a new file that nobody else can read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def _sha256_of(path: Path, telling: "_Telling") -> str:
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            hashed.update(piece)
            telling.keep()
    return hashed.hexdigest()


def _record_bundle(export: Export, manifest_sha256: str, entries: int, size: int) -> Entry:
    return _record_made(export, entries=entries, manifest_sha256=manifest_sha256, size=size)


@transaction.atomic
def _record_made(export: Export, **payload: Any) -> Entry:
    """Record that it was made, while the lease is held: who has lost it records nothing."""
    jobs.keep(export)
    said = {"format": export.format, "export": str(export.pk), **payload}
    if export.asked_by_id:
        said["requested_by"] = export.asked_by_id
    return jobs.record_about(export, kind="audit:export:made/2", payload=said)


class _Telling:
    """Says how far the work came, once a second: to the row, which keeps the lease, and to whoever watches."""

    def __init__(self, export: Export, tell: Told | None) -> None:
        self._export, self._tell, self._next, self._came = export, tell, 0.0, (0, 0)

    def __call__(self, done: int, total: int) -> None:
        self._came = done, total
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + SAY_EVERY_SECONDS
        jobs.keep(self._export, done=done, total=total)
        if self._tell:
            self._tell(done, total)

    def keep(self) -> None:
        """Keep the lease where the work goes on and no entry is walked."""
        self(*self._came)
