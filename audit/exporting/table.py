"""The log as a table, from the database."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from django.utils import timezone

from audit import layout
from audit.exporting.bundle import Progress
from audit.exporting.errors import Overtaken
from audit.exporting.selection import selected
from audit.exporting.waiting import checkpoint_over_everything
from audit.models import Entry, Export
from audit.reading import said_by
from audit.selectors import Filters, Line, timeline
from audit.services import written_time

PAGE = 500


def write_table(export: Export, out: BinaryIO, *, progress: Progress) -> tuple[int, str, int]:
    """Write CSV or JSON Lines to a file; return how many entries it holds, its SHA-256, and the log's size."""
    size = checkpoint_over_everything(lambda: progress(0, 0)).size
    shown = selected(export, size, lambda: progress(0, size)).indices
    hashed = hashlib.sha256()
    for line in _lines(export, size, shown, progress):
        hashed.update(line.encode())
        out.write(line.encode())
    return len(shown), hashed.hexdigest(), size


def _lines(export: Export, size: int, shown: Sequence[int], progress: Progress) -> Iterator[str]:
    about = {
        "agency": export.agency_id,
        "entries": len(shown),
        "entries_in_all": size,
        "exported_at": written_time(timezone.now()),
        "exported_by": export.asked_by_id,
        "filters": {**export.filters, **Filters.from_payload(export.filters).limits()},
    }
    yield layout.head(export.format, about)
    for at in range(0, len(shown), PAGE):
        page = list(shown[at : at + PAGE])
        found = Entry.objects.filter(place__index__in=page).select_related("place", "said__erased_by__place")
        lines = timeline(export.asked_by, found.order_by("place__index"))
        if len(lines) != len(page):
            raise Overtaken("Some entries of the log have lost their place.")
        for line in lines:
            yield layout.entry_line(export.format, as_row(line))
        progress(page[-1], size)


def as_row(line: Line) -> dict[str, Any]:
    """Return an entry as a row of the table."""
    entry, leaf, payload = line.entry, line.document, said_by(line.entry)
    stored = getattr(entry, "said", None)
    said = {
        "index": entry.place.index,
        "sentence": line.sentence,
        "payload": payload.words if payload.readable else stored and stored.content,
        "erased_by": str(stored.erased_by.uid) if stored and stored.erased_by else None,
        "leaf_hash": line.leaf_hash,
        "case": entry.case,
    }
    return said | {column: leaf.get(column) for column in layout.COLUMNS if column not in said}
