"""Every committed entry gets exactly one place, in a gapless order, whatever happens to the sequencer."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from audit import sequencer
from audit.checkpoints import answer_to, request_checkpoint, request_waits
from audit.keys import verifier_keys
from audit.models import Checkpoint, Entry, Leaf, Subtree, TreeState
from audit.notes import Checkpoint as Head
from audit.notes import Note
from audit.proofs import NoProof, prove_consistency, prove_inclusion
from audit.sequencer import advance, look_at_everything
from audit.services import record
from audit.tree import consistent, included, root_of
from tests.audit_fixtures import write_entries
from tests.sequencing import sequenced, signed
from tests.threads import in_threads


def places() -> list[int]:
    return list(Leaf.objects.order_by("index").values_list("index", flat=True))


def everything_has_its_place() -> bool:
    return places() == list(range(Entry.objects.count())) and TreeState.objects.get().size == Entry.objects.count()


def leaves() -> list[bytes]:
    return [bytes(leaf) for leaf in Leaf.objects.order_by("index").values_list("entry__leaf_hash", flat=True)]


def test_entries_get_gapless_places(auditor: User) -> None:
    write_entries(auditor, 700)
    while advance(batch=100):
        pass
    assert everything_has_its_place()
    assert Subtree.objects.filter(height=8).count() == 700 // 256


def test_who_signs_does_not_wait_for_writers_to_pause(auditor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look finds something more: what came during one is for the next."""
    looks = iter([sequencer.BATCH, sequencer.BATCH, 40, 40, 40])
    monkeypatch.setattr(sequencer, "advance", lambda: next(looks))
    assert sequencer.advance_to_the_end() == 2 * sequencer.BATCH + 40
    assert list(looks) == [40, 40]


def test_signed_root_is_that_of_the_leaves(auditor: User) -> None:
    write_entries(auditor, 300)
    checkpoint = signed()
    assert bytes(checkpoint.root) == root_of(leaves())
    note = Note.parsed(checkpoint.note)
    note.signed_by(verifier_keys()[-1])
    assert Head.parsed(note.text) == Head("localhost/countersign", checkpoint.size, bytes(checkpoint.root))


def test_nothing_new_is_nothing_to_sign(auditor: User) -> None:
    write_entries(auditor, 3)
    first = signed()
    assert signed() == first
    assert Checkpoint.objects.count() == 1


def test_request_is_answered_by_a_checkpoint_over_what_was_there(auditor: User) -> None:
    write_entries(auditor, 3)
    before, asked = signed(), request_checkpoint()
    assert request_waits()
    assert answer_to(asked) is None
    after = signed()
    assert (after.size, answer_to(asked)) == (before.size, after)
    assert not request_waits()


def test_every_entry_is_proven_and_every_two_checkpoints_are_consistent(auditor: User) -> None:
    checkpoints = []
    for number in (1, 255, 1, 300, 17):
        write_entries(auditor, number)
        checkpoints.append(signed())
    for older in checkpoints:
        for newer in checkpoints[checkpoints.index(older) :]:
            proof = prove_consistency(older.size, newer.size)
            assert consistent(older.size, newer.size, proof, bytes(older.root), bytes(newer.root))
    newest = checkpoints[-1]
    for place in Leaf.objects.select_related("entry").filter(index__in=(0, 1, 255, 256, 511, 512, newest.size - 1)):
        proof = prove_inclusion(place.entry, newest.size)
        assert included(bytes(place.entry.leaf_hash), place.index, newest.size, proof, bytes(newest.root))


def test_what_has_no_place_has_no_proof(auditor: User) -> None:
    write_entries(auditor, 3)
    size = signed().size
    (late,) = write_entries(auditor, 1)
    with pytest.raises(NoProof, match="no place among the first"):
        prove_inclusion(late, size)
    with pytest.raises(NoProof, match="both must be sizes"):
        prove_consistency(size, size + 1)


@pytest.fixture
def committing(transactional_db: None, person_with: Callable[..., User]) -> User:
    return person_with("writer")


def look(actor: User) -> Entry:
    return record(kind="audit:log:viewed/1", actor=actor, subject=actor)


def test_transaction_that_commits_late_is_not_forgotten(committing: User) -> None:
    """Its entry has the smallest id; others commit and are sequenced before it."""
    written, may_commit = threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            look(committing)
            written.set()
            assert may_commit.wait(30)

    late = threading.Thread(target=in_own_connection(slowly))
    late.start()
    assert written.wait(30)
    for _ in range(3):
        with transaction.atomic():
            look(committing)
        assert sequenced() == 1
    may_commit.set()
    late.join()
    assert sequenced() == 1
    assert everything_has_its_place()
    assert Leaf.objects.latest("index").entry_id == Entry.objects.earliest("id").pk


def in_own_connection(work: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    return run


def test_transaction_that_rolls_back_leaves_no_hole(committing: User) -> None:
    for fails in (False, True, True, False):
        with transaction.atomic():
            look(committing)
            transaction.set_rollback(fails)
    assert sequenced() == 2
    assert everything_has_its_place()
    ids = list(Entry.objects.order_by("id").values_list("id", flat=True))
    assert ids[1] - ids[0] == 3, "the ids have a hole, the places none"


def test_clock_that_goes_backwards_changes_no_order(committing: User, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    for hours in (0, -1, 2, -24):
        monkeypatch.setattr("audit.services.timezone.now", lambda hours=hours: now + timedelta(hours=hours))
        with transaction.atomic():
            look(committing)
        sequenced()
    by_place = list(Leaf.objects.order_by("index").values_list("entry__recorded_at", flat=True))
    assert by_place != sorted(by_place)
    assert signed().size == 5  # the four, and the key's
    assert everything_has_its_place()


def test_two_sequencers_and_eight_writers_give_each_entry_one_place(committing: User) -> None:
    done = threading.Event()

    def write(_: int) -> None:
        for number in range(40):
            with transaction.atomic():
                look(committing)
                if number % 5 == 0:
                    transaction.set_rollback(True)

    def sequence() -> None:
        while not done.is_set():
            advance(batch=7)

    sequencers = [threading.Thread(target=in_own_connection(sequence)) for _ in range(2)]
    for one in sequencers:
        one.start()
    try:
        in_threads(8, write)
    finally:
        done.set()
        for one in sequencers:
            one.join()
    sequenced()
    assert Entry.objects.count() == 8 * 32
    assert everything_has_its_place()


def test_log_goes_on_in_a_restored_database(committing: User) -> None:
    """A restored database counts its transactions anew, far below those that its entries name."""
    for _ in range(4):
        with transaction.atomic():
            look(committing)
        if Entry.objects.count() == 3:
            sequenced()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_is_append_only")
        cursor.execute("UPDATE audit_entry SET written_in = written_in + (1::bigint << 40)")
        cursor.execute("ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_is_append_only")
    TreeState.objects.update(settled=1 << 40)
    last = Entry.objects.latest("id")
    with transaction.atomic():
        look(committing)
    assert sequenced() == 2
    assert everything_has_its_place()
    assert TreeState.objects.get().floor == last.pk
    with transaction.atomic():
        look(committing)
    assert sequenced() == 1
    assert everything_has_its_place()


def test_sequencer_begins_by_looking_at_everything(committing: User) -> None:
    """While it was away, transactions of a restored database may have passed the one that it remembers."""
    TreeState.objects.create(settled=1)
    with transaction.atomic():
        look(committing)
    TreeState.objects.update(settled=Entry.objects.get().written_in + 1)
    with transaction.atomic():
        look(committing)
    assert sequenced() == 1, "it can't know of the first"
    assert look_at_everything() == 1
    assert everything_has_its_place()
