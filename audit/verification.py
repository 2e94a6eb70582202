"""Verifying the whole log: asked for by a person or at the command line, done in slices, taken up where it was left.

A slice holds a worker for some seconds and calls for the next, so that photographs don't wait for it. A worker that is
killed leaves its lease; when that has run out, the sweep calls another, which goes on after the last chunk.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import User
from audit import leases
from audit.checks import check_checkpoint, check_kept_roots, check_keys, check_places
from audit.leases import LeaseLost
from audit.models import Checkpoint, TreeState, Verification
from audit.policies import can_read_log
from audit.services import record
from audit.stored import DoesNotHold, leaves
from audit.tree import Frontier
from config.celery import app as celery

logger = logging.getLogger(__name__)

CONTINUE = "audit.tasks.continue_verification"
CHUNK = 4096
SLICE_SECONDS = 10.0
LEASE = timedelta(seconds=60)
HELD, FAILED = "all_of_it_holds", "it_does_not_hold"
RUNNING = Verification.State.RUNNING


def ask_for_verification(*, actor: User | None) -> Verification:
    """Begin a round over the whole log, or return the one that is under way; a worker is called after the commit."""
    if actor is not None and not can_read_log(actor):
        raise PermissionDenied("Only those who may read the log may have it verified.")
    try:
        with transaction.atomic():
            verification = _begun(actor)
    except IntegrityError:  # one is under way already
        return Verification.objects.get(state=RUNNING)
    if actor is not None:
        transaction.on_commit(lambda: call_for(verification.pk), robust=True)
    return verification


def _begun(actor: User | None) -> Verification:
    """Checkpoints are read first: none may be over more entries than have their place afterwards."""
    signed = Checkpoint.objects.aggregate(most=Max("size"))["most"] or 0
    state = TreeState.objects.first() or TreeState()
    size = max(signed, state.size)
    verification = Verification.objects.create(asked_by=actor, size=size, kept=bytes(state.frontier))
    record(kind="audit:verification:asked/1", actor=actor, subject=verification, payload={"size": size})
    return verification


def call_for(pk: int) -> None:
    """Tell some worker to go on with a verification; where none can be told, the sweep will."""
    try:
        celery.send_task(CONTINUE, args=[pk], retry=False)
    except OperationalError as error:
        logger.warning("No worker can be called, the verification waits until one can: %s", error)


def call_for_those_left() -> int:
    """Call for verifications that nobody works on: their worker was killed, or the call was lost."""
    left = list(Verification.objects.filter(leases.left()).values_list("pk", flat=True))
    for pk in left:
        call_for(pk)
    return len(left)


def continue_verification(pk: int) -> None:
    """Go on for a slice, unless somebody else does, and call for the next one."""
    verification = claim(pk)
    if verification is None:
        return
    try:
        if not go_on(verification, seconds=SLICE_SECONDS):
            leases.change(verification, leased_until=None)
            call_for(pk)
    except LeaseLost:
        logger.warning("Verification %s was taken up by another worker.", pk)


def claim(pk: int) -> Verification | None:
    """Take a verification up under a new lease; None where there is nothing to take."""
    lease = leases.take(Verification.objects.filter(leases.left()), pk, LEASE)
    return Verification.objects.get(pk=pk, lease=lease) if lease else None


def go_on(verification: Verification, *, seconds: float, told: Callable[[Verification], None] = lambda _: None) -> bool:
    """Verify on from where it was left, a chunk at least; whether it has ended. Every chunk is kept as it is done."""
    until = time.monotonic() + seconds
    try:
        if not verification.done:
            check_keys()
            _compare_checkpoints(verification, Frontier(), after=-1)
        while verification.done < verification.size:
            _verify_chunk(verification)
            told(verification)
            if time.monotonic() > until and verification.done < verification.size:
                return False
        _compare_with_kept(verification)
    except DoesNotHold as problem:
        _end(verification, Verification.State.FAILED, str(problem), problem.index)
    else:
        _end(verification, Verification.State.HELD)
    return True


def _verify_chunk(verification: Verification) -> None:
    tree = Frontier.from_bytes(verification.done, bytes(verification.frontier))
    end = min(verification.done + CHUNK, verification.size)
    signed = _signed_between(tree.size, end)
    completed = []
    for leaf, erased in leaves(tree.size, end):
        completed += tree.append(leaf)
        verification.erased += erased
        for checkpoint in signed.pop(tree.size, ()):
            check_checkpoint(checkpoint, tree)
            verification.checkpoints += 1
    check_kept_roots(completed)
    verification.done, verification.frontier = tree.size, tree.to_bytes()
    _keep(verification)


def _signed_between(after: int, upto: int) -> dict[int, list[Checkpoint]]:
    signed: dict[int, list[Checkpoint]] = {}
    for checkpoint in Checkpoint.objects.filter(size__gt=after, size__lte=upto).select_related("key").order_by("id"):
        signed.setdefault(checkpoint.size, []).append(checkpoint)
    return signed


def _compare_checkpoints(verification: Verification, tree: Frontier, after: int) -> None:
    for checkpoint in _signed_between(after, tree.size).get(tree.size, ()):
        check_checkpoint(checkpoint, tree)
        verification.checkpoints += 1


def _compare_with_kept(verification: Verification) -> None:
    if bytes(verification.frontier) != bytes(verification.kept):
        raise DoesNotHold(
            f"The {verification.size:,} entries of the log don't lead to the frontier that was kept while it grew."
        )
    check_places()


def _keep(verification: Verification) -> None:
    """Keep how far it came, if it is still this worker's; LeaseLost otherwise."""
    came = {name: getattr(verification, name) for name in ("done", "frontier", "checkpoints", "erased")}
    leases.keep(verification, LEASE, **came)


@transaction.atomic
def _end(verification: Verification, state: Verification.State, finding: str = "", index: int | None = None) -> None:
    """End it with its entry: both stand, or neither."""
    leases.change(
        verification, state=state, finding=finding, at_entry=index, ended_at=timezone.now(), leased_until=None,
        checkpoints=verification.checkpoints, erased=verification.erased,
    )  # fmt: skip
    verification.refresh_from_db()
    asker = verification.asked_by
    outcome = HELD if state == Verification.State.HELD else FAILED
    said = {"size": verification.size, "done": verification.done, "outcome": outcome}
    record(
        kind="audit:log:verified/1", actor=None, subject=verification, agency=asker.agency if asker else None,
        payload=said | ({"index": index} if index is not None else {}),
    )  # fmt: skip
    if finding:
        logger.error("The audit log doesn't hold: %s", finding)
