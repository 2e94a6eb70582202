"""Erasing what entries say: the leaf, its place and every proof stay; payload and salt go, and that goes on record."""

from collections.abc import Iterator, Sequence

from django.core.exceptions import PermissionDenied
from django.db import models, transaction

from accounts.models import Agency, User
from audit.models import Entry, EntryQuerySet, Payload
from audit.payload_rules import ERASURE
from audit.policies import can_erase_payloads
from audit.services import record

# An entry has to stay short enough to be read.
MOST_AT_ONCE = 500


class Basis(models.TextChoices):
    """Why the law has something erased; the words behind it stay in the files of the agency."""

    REQUEST = "request", "A person asked for it"
    RETENTION = "retention", "It was kept as long as it may be"
    UNLAWFUL = "unlawful", "It should not have been recorded"
    ORDER = "order", "A court or an authority ordered it"


class ErasureRefused(Exception):
    """Nothing was erased; the text says why."""


def erasable(entries: EntryQuerySet) -> EntryQuerySet:
    """Leave those that still say something that can go, and have their place: the entry of erasure comes after them.

    Entries of version 1 say it in their leaf. What entries of erasure say stays: it tells why others say nothing.
    """
    return entries.filter(said__content__isnull=False, place__isnull=False).exclude(kind=ERASURE)


def about(subject: str, pk: str) -> EntryQuerySet:
    """Return the entries about one thing, named as they name it: "identification.person" and its id."""
    return Entry.objects.filter(subject_type=subject, subject_id=pk)


@transaction.atomic
def erase_payloads(*, actor: User | None, entries: EntryQuerySet, basis: str) -> list[Entry]:
    """Erase what these entries say and return the entries that record it, one for each 500 of an agency's.

    An administrator may for their own agency, the operator (actor None) for all. All of it is erased, or nothing.
    """
    if basis not in Basis.values:
        raise ErasureRefused(f"{basis!r} is no basis for an erasure: choose one of {', '.join(Basis.values)}.")
    found = list(erasable(entries).select_related("agency").order_by("agency", "id"))
    if actor and not (can_erase_payloads(actor) and all(entry.agency_id == actor.agency_id for entry in found)):
        raise PermissionDenied("What entries say is erased by an administrator of the agency that they belong to.")
    if not found:
        raise ErasureRefused(
            "None of these entries says anything that could be erased; one written just now can be in a minute."
        )
    return [_erase(actor, agency, some, basis) for agency, some in _in_parts(found)]


def _in_parts(found: Sequence[Entry]) -> Iterator[tuple[Agency | None, list[Entry]]]:
    by_agency: dict[Agency | None, list[Entry]] = {}
    for entry in found:
        by_agency.setdefault(entry.agency, []).append(entry)
    for agency, own in by_agency.items():
        for start in range(0, len(own), MOST_AT_ONCE):
            yield agency, own[start : start + MOST_AT_ONCE]


def _erase(actor: User | None, agency: Agency | None, entries: Sequence[Entry], basis: str) -> Entry:
    said = {"entries": [str(entry.uid) for entry in entries], "count": len(entries), "basis": basis}
    erasing = record(kind=ERASURE, actor=actor, subject=None, agency=agency, payload=said)
    erased = Payload.objects.filter(entry__in=entries, content__isnull=False).update(
        content=None, salt=None, erased_by=erasing
    )
    if erased != len(entries):
        raise ErasureRefused("Somebody else has just erased some of it: look again, and erase what is left.")
    return erasing
