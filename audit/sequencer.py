"""The sequencer gives entries their order and grows the tree over them.

Entries are inserted without a lock, so their ids follow INSERT and not COMMIT. One process gives those that are
committed a gapless index afterwards. It may be killed at any moment: places, kept roots and its own state are written
in one transaction. It misses none: `written_in` is the transaction of an entry, and once every transaction before
`settled` had ended, nothing more can come from before it; what is at or after it is looked at again.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from audit.models import Subtree, TreeState
from audit.rehash import STEP, Corrupt, kept_frontier
from audit.tree import leaf_hash

logger = logging.getLogger(__name__)

BATCH = 5000
# In the order of the transactions, so that a batch that doesn't reach the end can still say how far it came.
WAITING = """
SELECT e.id, e.written_in, e.canonical, e.leaf_hash FROM audit_entry e
WHERE e.written_in >= %s AND e.id > %s AND NOT EXISTS (SELECT FROM audit_leaf l WHERE l.entry_id = e.id)
ORDER BY e.written_in, e.id LIMIT %s
"""
GIVE_PLACES = """
INSERT INTO audit_leaf (leaf_index, entry_id)
SELECT %s + number - 1, entry FROM unnest(%s::bigint[]) WITH ORDINALITY AS given (entry, number)
"""
Waiting = list[tuple[int, int, str, bytes]]


class Halted(Exception):
    """Nothing is sequenced or signed any more; the text says why."""


def advance(*, batch: int = BATCH) -> int:
    """Give at most one batch of committed entries their places; return how many."""
    with _halting():
        given = _advance(batch)
    return look_at_everything() if given is None else given


def advance_to_the_end() -> int:
    """Give everything that is committed by now its place; return how many entries got one.

    A batch that isn't full reached the end as it was then. What others commit meanwhile is for the next look: whoever
    waited for the last of it would never sign while they write.
    """
    given = total = advance()
    while given >= BATCH:
        given = advance()
        total += given
    return total


def look_at_everything(*, batch: int = BATCH) -> int:
    """Give a place to every committed entry that has none, whenever it was written; return how many got one.

    The sequencer begins with it: the database may have been restored, and count its transactions anew. What came with
    it names transactions that this database has yet to begin; `floor` is the last of these, and ids after it are new.
    """
    total, since, settled = 0, 0, _oldest_running_transaction()
    while True:
        with _halting(), transaction.atomic():
            state = locked_state()
            waiting = _waiting(since, 0, batch)
            _give_places(state, waiting)
            total += len(waiting)
            if len(waiting) < batch:
                state.settled, state.floor, state.seen_at = settled, _last_from_elsewhere(), timezone.now()
            state.save()
        if len(waiting) < batch:
            return total
        since = waiting[-1][1]


@contextmanager
def _halting() -> Iterator[None]:
    try:
        yield
    except Corrupt as corrupt:
        halt(str(corrupt))
        raise Halted(str(corrupt)) from corrupt


@transaction.atomic
def _advance(batch: int) -> int | None:
    """Return how many got their places; None where the transactions of this database are counted anew."""
    state = locked_state()
    settled = _oldest_running_transaction()
    if settled < state.settled:
        return None
    waiting = _waiting(state.settled, state.floor, batch)
    if len(waiting) == batch:
        settled = min(settled, waiting[-1][1])
    _give_places(state, waiting)
    state.settled, state.seen_at = settled, timezone.now()
    state.save()
    return len(waiting)


def locked_state() -> TreeState:
    """Return the one row of state, held to the end of the transaction; Halted where nothing may go on."""
    TreeState.objects.get_or_create(pk=1)
    state = TreeState.objects.select_for_update().get(pk=1)
    if state.halted:
        raise Halted(state.halted)
    return state


def _oldest_running_transaction() -> int:
    """Return the first transaction that may still be running; all before it have ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def _last_from_elsewhere() -> int:
    """Return the last id of an entry whose transaction this database has yet to begin: it was restored with it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(id) FROM audit_entry WHERE written_in >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        )
        return int(cursor.fetchone()[0] or 0)


def _waiting(settled: int, floor: int, batch: int) -> Waiting:
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [settled, floor, batch])
        return list(cursor.fetchall())


def _give_places(state: TreeState, waiting: Waiting) -> None:
    frontier = kept_frontier(state.size, state.frontier)
    with connection.cursor() as cursor:
        cursor.execute(GIVE_PLACES, [state.size, [entry for entry, *_ in waiting]])
    subtrees = []
    for entry, _, canonical, stored in waiting:
        leaf = leaf_hash(canonical.encode())
        if leaf != bytes(stored):
            raise Corrupt(f"Entry {frontier.size} (id {entry}) isn't what was hashed when it was written.")
        subtrees += [
            Subtree(height=height, position=position, root=root)
            for height, position, root in frontier.append(leaf)
            if height % STEP == 0
        ]
    Subtree.objects.bulk_create(subtrees)
    state.size, state.frontier = frontier.size, frontier.to_bytes()


def halt(reason: str) -> None:
    """Stop sequencing and signing until somebody has looked."""
    logger.error("The audit log is halted: %s", reason)
    _stopped(halted=reason, hindered="")


def hinder(reason: str) -> None:
    """Note what keeps the sequencer from signing, for people to see; other than a halt it ends with a signature."""
    logger.error("Nothing can be signed: %s", reason)
    TreeState.objects.get_or_create(pk=1)
    _stopped(hindered=reason)


def _stopped(**why: str) -> None:
    """Note why, and since when; what comes after the first reason began no later. Who says it is alive."""
    now = timezone.now()
    TreeState.objects.filter(pk=1).update(stopped_at=Coalesce("stopped_at", Value(now)), seen_at=now, **why)


def signs_again() -> None:
    """Note that nothing keeps the sequencer from signing any more."""
    stopped = TreeState.objects.filter(pk=1, halted="").exclude(stopped_at=None)
    stopped.update(hindered="", stopped_at=None)


def seen() -> None:
    """Note that the sequencer is alive."""
    TreeState.objects.filter(pk=1).update(seen_at=timezone.now())
