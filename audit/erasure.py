"""Erasing what entries say: the leaf, its place and every proof stay; payload and salt go, and that goes on record."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Q

from accounts.models import Agency, User
from audit.exporting import jobs
from audit.models import Entry, EntryQuerySet, Payload
from audit.payload_rules import ERASURE, KEPT
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

    Entries of version 1 say it in their leaf. What entries about accounts, about the log itself and about signatures
    say stays.
    """
    return entries.filter(said__content__isnull=False, place__isnull=False).exclude(of_kept_kind())


def kept(entries: EntryQuerySet) -> EntryQuerySet:
    """Leave those that may never be erased: accounts, roles, keys, exports, the log itself, and who signed."""
    return entries.filter(of_kept_kind())


def of_kept_kind() -> Q:
    """Return what tells the entries that may never be erased from others."""
    return Q(*(("kind__startswith", beginning) for beginning in KEPT), _connector=Q.OR)


@transaction.atomic
def erase_payloads(
    *, actor: User | None, entries: EntryQuerySet, basis: str, answers_for: User | None = None
) -> list[Entry]:
    """Erase what these entries say and return the entries that record it, one for each 500.

    An administrator may, for their own agency. At the command line nobody is signed in, and one whom the operator names
    answers for it. All of it is erased, or nothing. Exports of the agency that may hold it are removed.
    """
    if basis not in Basis.values:
        raise ErasureRefused(f"{basis!r} is no basis for an erasure: choose one of {', '.join(Basis.values)}.")
    found = list(erasable(entries).order_by("id"))
    who = actor or answers_for
    if not (who and can_erase_payloads(who) and all(entry.agency_id == who.agency_id for entry in found)):
        raise PermissionDenied("What entries say is erased by an administrator of the agency that they belong to.")
    if not found:
        raise ErasureRefused(_why_nothing(entries))
    parts = [found[start : start + MOST_AT_ONCE] for start in range(0, len(found), MOST_AT_ONCE)]
    said: dict[str, Any] = {"basis": basis} | ({} if actor else {"answers_for": who.pk})
    made = [_erase(actor, who.agency, part, said) for part in parts]
    _drop_exports(who.agency)
    return made


def _why_nothing(entries: EntryQuerySet) -> str:
    if kept(entries).exists() and not entries.exclude(of_kept_kind()).exists():
        return (
            "What entries about accounts, the log itself and signatures say is never erased: choose others, for by"
            " these an outsider sees who held which role, what was exported and that two people signed."
        )
    return "None of these entries says anything that could be erased; one written just now can be in a minute."


def _drop_exports(agency: Agency) -> None:
    """Now, and once more when this is committed: until then a worker could still read what is erased here."""
    jobs.drop_what_may_hold(agency)
    transaction.on_commit(lambda: jobs.drop_what_may_hold(agency), robust=True)


def _erase(actor: User | None, agency: Agency, entries: Sequence[Entry], how: Mapping[str, Any]) -> Entry:
    said = {"entries": [str(entry.uid) for entry in entries], "count": len(entries), **how}
    erasing = record(kind=ERASURE, actor=actor, subject=None, agency=agency, payload=said)
    erased = Payload.objects.filter(entry__in=entries, content__isnull=False).update(
        content=None, salt=None, erased_by=erasing
    )
    if erased != len(entries):
        raise ErasureRefused("Somebody else has just erased some of it: look again, and erase what is left.")
    return erasing
