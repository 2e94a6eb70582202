"""Exports: every entry that was asked for, with the Merkle root over them, in one file.

An export doesn't hold the entry about itself: that entry quotes the root, which is known only when
the last line is written. It stands in the log, where the next export shows it.
"""

from dataclasses import dataclass
from typing import BinaryIO

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import layout
from audit.models import Entry, EntryQuerySet
from audit.policies import can_export_log
from audit.selectors import NO_FILTERS, Filters, entries, narrowed
from audit.services import record, written_time
from audit.tree import Frontier

CHUNK = 2000


@dataclass(frozen=True)
class Exported:
    """What an export holds."""

    entries: int
    root: str
    header_sha256: str


@transaction.atomic
def export_log(*, actor: User | None, form: str, out: BinaryIO, filters: Filters = NO_FILTERS) -> Exported:
    """Write an export to an open file and record that it was made.

    A person exports the log of their own agency. actor None is the operator at the command line, who
    has the whole database anyway, and gets all agencies.
    """
    if form not in (layout.JSONL, layout.CSV):
        raise ValueError(f"An export is written as jsonl or csv, not {form!r}")
    if actor is not None and not can_export_log(actor):
        raise PermissionDenied("Only an auditor or an administrator may export the log.")
    found = entries(actor, filters) if actor else narrowed(Entry.objects.all(), filters)
    made = _write(found.order_by("id"), form, actor.agency_id if actor else None, filters, out)
    record(
        kind="audit:export:made/1",
        actor=actor,
        subject=actor.agency if actor else None,
        payload={"format": form, "filters": filters.as_payload(), **vars(made)},
    )
    return made


def _write(found: EntryQuerySet, form: str, agency: int | None, filters: Filters, out: BinaryIO) -> Exported:
    """Write all lines. One statement reads the entries, so they are those of one moment.

    Hashes are written as they are stored, not made anew: where a stored entry and its hash no longer
    agree, the export shows it.
    """
    said = layout.header(form, agency=agency, filters=filters.as_payload(), exported_at=written_time(timezone.now()))
    out.write(layout.first_line(form, said).encode())
    tree = Frontier()
    for canonical, stored in found.values_list("canonical", "leaf_hash").iterator(chunk_size=CHUNK):
        tree.append(bytes(stored))
        out.write(layout.entry_line(form, tree.size, canonical, bytes(stored).hex()).encode())
    root = tree.root().hex()
    out.write(layout.last_line(form, said, entries=tree.size, root=root).encode())
    return Exported(tree.size, root, layout.header_sha256(said))
