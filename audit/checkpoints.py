"""Signed tree heads: what others hold, so that nobody can change the log behind their back."""

from contextlib import suppress
from itertools import chain

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from audit.keys import load_signer
from audit.memory import compare_with_memory, remember, remembered
from audit.models import Checkpoint, CheckpointRequest, Entry, Leaf, TreeState
from audit.notes import Checkpoint as Head
from audit.rehash import BLOCK, Corrupt, frontier_of, kept_frontier, rehash_blocks, rehashed
from audit.sequencer import Halted, advance_to_the_end, halt, locked_state, signs_again
from audit.services import record
from audit.tree import Frontier

# Held from the asking to the commit; any number that nothing else here uses.
REQUEST_LOCK = 0x0A5CED
RESTORED = "audit:log:restored/1"
NOT_ENDED = "`manage.py audit resume --restored` was begun and hasn't ended: run it again."


@transaction.atomic
def request_checkpoint() -> CheckpointRequest:
    """Ask the sequencer for a checkpoint over all that is committed when this is.

    One asks at a time, up to the commit: an answer to one is an answer to all with smaller numbers, so none of these
    may still be on its way.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [REQUEST_LOCK])
    newest = newest_checkpoint()
    return CheckpointRequest.objects.create(after=newest.pk if newest else 0)


def answer_to(request: CheckpointRequest) -> Checkpoint | None:
    """Return the first checkpoint that answers a request, signed after it was asked; None while there is none."""
    signed_since = Checkpoint.objects.filter(pk__gt=request.after)
    return signed_since.filter(answers__gte=request.pk).order_by("answers", "id").first()


def newest_checkpoint() -> Checkpoint | None:
    """Return the newest signed tree head."""
    return Checkpoint.objects.order_by("id").last()


def checkpoint_over(entries: int) -> Checkpoint | None:
    """Return the newest checkpoint of this size."""
    return Checkpoint.objects.filter(size=entries).order_by("id").last()


def request_waits() -> bool:
    """Whether somebody waits for a checkpoint."""
    newest = newest_checkpoint()
    return CheckpointRequest.objects.filter(pk__gt=newest.answers if newest else 0).exists()


def sign_checkpoint() -> Checkpoint:
    """Sign the tree over everything committed by now, after hashing anew what was added since the last time.

    Part of what is older is hashed anew too, so that a round reaches everything (AUDIT_REHASH_PER_CHECKPOINT).
    Return the last checkpoint where nothing has changed. Halted where what is stored isn't what was hashed.
    """
    answers = CheckpointRequest.objects.order_by("id").values_list("id", flat=True).last() or 0
    advance_to_the_end()
    try:
        checkpoint = _sign(answers)
    except Corrupt as corrupt:
        halt(str(corrupt))
        raise Halted(str(corrupt)) from corrupt
    signs_again()
    return checkpoint


@transaction.atomic
def _sign(answers: int) -> Checkpoint:
    state, last = locked_state(), newest_checkpoint()
    key, signer = load_signer()
    if last and (last.size, last.key_id) == (state.size, key.pk) and last.answers >= answers:
        return last
    root = _rehash_before_signing(state, last)
    compare_with_memory(state.size)
    note = str(signer.sign(Head(signer.key.name, state.size, root).text()))
    remember(note)
    return Checkpoint.objects.create(
        size=state.size,
        root=root,
        frontier=bytes(state.frontier),
        note=note,
        key=key,
        signed_at=timezone.now(),
        answers=answers,
    )


def _rehash_before_signing(state: TreeState, last: Checkpoint | None) -> bytes:
    """Return the root if every way to it agrees; raise Corrupt where one doesn't."""
    grown = kept_frontier(last.size, last.frontier) if last else Frontier()
    if last and grown.root() != bytes(last.root):
        raise Corrupt(f"The kept frontier of the checkpoint over {last.size} entries isn't the one that was signed.")
    for leaf in rehashed(grown.size, state.size):
        grown.append(leaf)
    kept = kept_frontier(state.size, state.frontier)
    if not grown.root() == kept.root() == frontier_of(state.size).root():
        raise Corrupt(f"The {state.size} entries of the log don't lead to the root that was kept while it grew.")
    _go_on_with_the_round(state, last.size if last else 0)
    return grown.root()


def _go_on_with_the_round(state: TreeState, older: int) -> None:
    """Hash the next part of what was signed before, whole blocks of it, from the beginning again after the last."""
    end = older // BLOCK * BLOCK
    start = state.rehashed if state.rehashed < end else 0
    upto = min(end, start + max(BLOCK, settings.AUDIT_REHASH_PER_CHECKPOINT // BLOCK * BLOCK))
    rehash_blocks(start, upto)
    state.rehashed = upto
    state.save(update_fields=["rehashed"])


def resume(*, restored: bool = False) -> int:
    """Hash the whole log anew and, if all of it holds, let the sequencer go on; return how many entries held.

    What the leaves say against the kept roots and against what was signed decides; the state is made anew from them.
    With `restored`, the operator says that an older copy was put in place: the signer forgets what it signed after it,
    and the log says so. Whoever kept a later checkpoint will see that this log doesn't go on from it.
    """
    if restored:
        _forget_what_was_signed_after()
    with transaction.atomic():
        state, grown = _state_and_tree()
        compare_with_memory(grown.size)
        state.size, state.frontier = grown.size, grown.to_bytes()
        state.halted, state.hindered, state.stopped_at = "", "", None
        state.save()
    return grown.size


def _state_and_tree() -> tuple[TreeState, Frontier]:
    """Return the state, held to the end of the transaction, and the tree over all entries; Corrupt where it is bad."""
    state = TreeState.objects.select_for_update().get(pk=1)
    grown = _regrown(Leaf.objects.count())
    if grown.root() != frontier_of(grown.size).root():
        raise Corrupt(f"The {grown.size} entries of the log don't lead to the roots that were kept while it grew.")
    return state, grown


def _forget_what_was_signed_after() -> None:
    """Set the signer's memory back to what the log is now, once the entry that says so is committed.

    The log is halted from that commit on: whoever is killed before the end leaves it halted, and another call ends it.
    """
    with transaction.atomic(durable=True):
        state, grown = _state_and_tree()
        signer = load_signer()[1]
        _say_restored(grown)
        state.halted, state.stopped_at = NOT_ENDED, state.stopped_at or timezone.now()
        state.save(update_fields=["halted", "stopped_at"])
    remember(str(signer.sign(Head(signer.key.name, grown.size, grown.root()).text())))


def _say_restored(grown: Frontier) -> None:
    """Say it once: what a call before this one said and couldn't end has no place in the log yet."""
    last = _still_remembered()
    said = {"size": grown.size, "signed_size": last.size if last else 0, "signed_root": last.root.hex() if last else ""}
    waiting = Entry.objects.filter(kind=RESTORED, place=None).select_related("said")
    if all(not said.items() <= (entry.payload or {}).items() for entry in waiting):
        record(kind=RESTORED, actor=None, subject=None, payload=said)


def _still_remembered() -> Head | None:
    with suppress(Corrupt):
        return remembered()
    return None


def _regrown(size: int) -> Frontier:
    """Return the frontier over all entries, compared on its way with every head that was signed."""
    signed = {head.size: head for head in Checkpoint.objects.order_by("size")}
    if any(other > size for other in signed):
        raise Corrupt(f"{max(signed)} entries were signed, but only {size} have a place.")
    grown = Frontier()
    for leaf in chain(rehashed(0, size), (b"",)):
        head = signed.get(grown.size)
        if head and (grown.root(), grown.to_bytes()) != (bytes(head.root), bytes(head.frontier)):
            raise Corrupt(f"The log over {head.size} entries isn't the one that was signed.")
        if leaf:
            grown.append(leaf)
    return grown
