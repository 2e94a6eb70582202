"""A bundle from the database: the leaves in their order, what they name, and the log's own word for it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any, BinaryIO

from django.conf import settings
from django.db.models import Max, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from audit.bundle import About, BundleKey, BundleWriter
from audit.bundle.writer import VERIFIER_FILE
from audit.exporting.cosigned import bundled
from audit.exporting.errors import Overtaken
from audit.exporting.guide import guide
from audit.exporting.hidden import hidden_subtrees
from audit.exporting.selection import PAGE, Shown, always_shown, entries_at, selected
from audit.exporting.waiting import checkpoint_over_everything
from audit.models import Checkpoint, Entry, Export, SigningKey, Stamp
from audit.records import records_named, records_of
from audit.selectors import Filters
from audit.services import written_time
from audit.tree import Subtrees
from audit.witnesses.stamping import NoStamp, kept_token

logger = logging.getLogger(__name__)

NEWEST_CHECKPOINTS = 50
NO_STAMP = (
    "The time stamp %s of %s over %s entries counts for nothing and is left out of an export, since %s: unless"
    " AUDIT_TSA_CERTIFICATES lost a certificate, have somebody look who added it to audit_stamp."
)
# Says to the worker's row how far it came: done, total.
Progress = Callable[[int, int], None]
# Records in the log that the bundle with this manifest was made; returns the committed entry.
Recorded = Callable[[str, int, int], Entry]


class _Records:
    """Which documents the entries name, with the key under which they do."""

    def __init__(self) -> None:
        self.named: dict[str, str] = {}

    def note(self, entry: Shown) -> None:
        self.named |= {sha256: key for key, sha256 in records_named(entry.said)}

    def add_to(self, writer: BundleWriter, export: Export, still_at_it: Callable[[], None]) -> int:
        """Add those that the exporter may see, by name; return how many."""
        names, added = sorted(self.named), 0
        for at in range(0, len(names), PAGE):
            still_at_it()
            page = names[at : at + PAGE]
            found: dict[str, bytes] = {}
            for key in {self.named[name] for name in page}:
                found |= records_of(key, [name for name in page if self.named[name] == key], export.asked_by)
            for name in sorted(found):
                writer.add_file(f"records/{name}.json", found[name])
            added += len(found)
        return added


def write_bundle(export: Export, out: BinaryIO, *, progress: Progress, recorded: Recorded) -> int:
    """Write a bundle to an empty file; return how many entries it shows. Overtaken where it has to begin anew."""
    size = checkpoint_over_everything(lambda: progress(0, 0)).size
    keys = list(SigningKey.objects.order_by("id"))
    subtrees, records = hidden_subtrees(), _Records()
    checkpoints, selection = thinned(size, export.hold), selected(export, size, lambda: progress(0, size))
    writer = BundleWriter(
        out,
        about=_about(export, size),
        keys=[BundleKey(key.vkey, key.handover or None) for key in keys],
        checkpoints=bundled(checkpoints, keys, lambda: progress(0, size)),
        guides=(guide(selection.kinds).encode(), VERIFIER_FILE.read_bytes()),
    )
    _write_entries(writer, selection.indices, subtrees, records, progress)

    def still_at_it() -> None:
        progress(size, size)

    included = records.add_to(writer, export, still_at_it)
    _add_stamps(writer, checkpoints)
    still_at_it()
    counts = {"records_included": included, "records_named": len(records.named)}
    writer.about = replace(writer.about, filters={**(writer.about.filters or {}), **counts})
    entry = recorded(writer.seal(), writer.shown, size)
    _close(writer, entry, subtrees, [key.pk for key in keys], still_at_it)
    return writer.shown - 1  # without the export's own entry


def _about(export: Export, size: int) -> About:
    limits = Filters.from_payload(export.filters).limits()
    said: dict[str, Any] = {**export.filters, **limits, "always": always_shown()}
    return About(
        origin=settings.AUDIT_ORIGIN,
        size=size,
        exported_at=written_time(timezone.now()),
        exported_by=export.asked_by_id,
        agency=export.agency_id,
        filters=said | ({"hold": list(export.hold)} if export.hold else {}),
    )


def thinned(size: int, hold: Sequence[int]) -> list[Checkpoint]:
    """Return checkpoints up to a size: the newest, the last of each day, and those that somebody holds; one a size."""
    known = Checkpoint.objects.filter(size__gt=0, size__lte=size)
    days = known.values(day=TruncDate("signed_at", tzinfo=UTC)).annotate(last=Max("id"))
    newest = known.order_by("-id").values_list("pk", flat=True)[:NEWEST_CHECKPOINTS]
    wanted = {*newest, *days.values_list("last", flat=True)}
    kept = known.filter(Q(pk__in=wanted) | Q(size__in=hold)).order_by("size", "id")
    return list({each.size: each for each in kept.select_related("key")}.values())


def _add_stamps(writer: BundleWriter, checkpoints: Sequence[Checkpoint]) -> None:
    """Add the time stamps over these checkpoints, by name; one each, of those that hold the one that was kept first."""
    stamps = Stamp.objects.filter(checkpoint__in=[each.pk for each in checkpoints]).select_related("checkpoint")
    tokens: dict[str, bytes] = {}
    for stamp in stamps.order_by("id").iterator():
        name = f"stamps/{stamp.checkpoint.size}.tsr"
        if name not in tokens and (answer := _answer_kept(stamp)):
            tokens[name] = answer
    for name in sorted(tokens):
        writer.add_file(name, tokens[name])


def _answer_kept(stamp: Stamp) -> bytes:
    """Return an authority's answer; nothing where the row that should hold one holds something else."""
    try:
        return kept_token(stamp).answer
    except NoStamp as problem:
        logger.warning(NO_STAMP, stamp.pk, stamp.authority, stamp.checkpoint.size, problem)
        return b""


def _write_entries(
    writer: BundleWriter, shown: Sequence[int], subtrees: Subtrees, records: _Records, progress: Progress
) -> None:
    size = writer.about.size
    for entry in entries_at(shown):
        writer.hide(until=entry.index, subtree=subtrees)
        _show(writer, entry)
        records.note(entry)
        progress(entry.index, size)
    writer.hide(until=size, subtree=subtrees)
    if writer.shown != len(shown):
        raise Overtaken("Some entries of the log have lost their place.")


def _show(writer: BundleWriter, entry: Shown) -> None:
    if entry.is_first_version:
        writer.show_first_version(entry.leaf)
    elif entry.payload is not None:
        writer.show(entry.leaf, entry.payload, entry.salt)
    elif entry.erased_by is None or entry.erased_at is None or entry.erased_at >= writer.about.size:
        raise Overtaken("What an entry says was erased while it was exported.")
    else:
        writer.show_erased(entry.leaf, entry.erased_by)


def _close(
    writer: BundleWriter, entry: Entry, subtrees: Subtrees, keys: Sequence[int], still_waits: Callable[[], None]
) -> None:
    """Go on to a checkpoint that covers the export's own entry."""
    closing = checkpoint_over_everything(still_waits)
    if closing.key_id not in keys:
        raise Overtaken("The signing key was replaced during the export.")
    place = Entry.objects.select_related("place", "said").get(pk=entry.pk)
    writer.hide(until=place.place.index, subtree=subtrees)
    writer.show(place.canonical, place.said.content or "", bytes(place.said.salt or b""))
    writer.hide(until=closing.size, subtree=subtrees)
    writer.finish(closing.note)
