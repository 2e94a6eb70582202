"""Signed tree heads: what others hold, so that nobody can change the log behind their back."""

from itertools import chain

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit.keys import load_signer
from audit.memory import compare_with_memory, remember, remembered
from audit.models import Checkpoint, CheckpointRequest, Leaf, TreeState
from audit.notes import Checkpoint as Head
from audit.rehash import BLOCK, Corrupt, frontier_of, kept_frontier, rehash_blocks, rehashed
from audit.sequencer import Halted, advance_to_the_end, halt, locked_state
from audit.services import record
from audit.tree import Frontier


def request_checkpoint() -> CheckpointRequest:
    """Ask the sequencer for a checkpoint over all that is committed when this is."""
    return CheckpointRequest.objects.create()


def answer_to(request: CheckpointRequest) -> Checkpoint | None:
    """Return the first checkpoint that answers a request; None while there is none."""
    return Checkpoint.objects.filter(answers__gte=request.pk).order_by("id").first()


def newest_checkpoint() -> Checkpoint | None:
    """Return the newest signed tree head."""
    return Checkpoint.objects.order_by("id").last()


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
        return _sign(answers)
    except Corrupt as corrupt:
        halt(str(corrupt))
        raise Halted(str(corrupt)) from corrupt


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


@transaction.atomic
def resume(*, restored: bool = False) -> int:
    """Hash the whole log anew and, if all of it holds, let the sequencer go on; return how many entries held.

    What the leaves say against the kept roots and against what was signed decides; the state is made anew from them.
    With `restored`, the operator says that an older copy was put in place: the signer forgets what it signed after it,
    and the log says so. Whoever kept a later checkpoint will see that this log doesn't go on from it.
    """
    state = TreeState.objects.select_for_update().get(pk=1)
    size = Leaf.objects.count()
    grown = _regrown(size)
    if grown.root() != frontier_of(size).root():
        raise Corrupt(f"The {size} entries of the log don't lead to the roots that were kept while it grew.")
    if restored:
        _say_restored(grown)
    else:
        compare_with_memory(size)
    state.size, state.frontier, state.halted = size, grown.to_bytes(), ""
    state.save()
    return size


def _say_restored(grown: Frontier) -> None:
    last, signer = remembered(), load_signer()[1]
    said = {"size": grown.size, "signed_size": last.size if last else 0, "signed_root": last.root.hex() if last else ""}
    record(kind="audit:log:restored/1", actor=None, subject=None, payload=said)
    remember(str(signer.sign(Head(signer.key.name, grown.size, grown.root()).text())))


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
